//! What the platform decides, and nothing else: values, aggregates, events and the reading of sensor reports.
//!
//! Pure by rule: no I/O, no clock, no randomness, no logging. Commands carry the time they were given (`at`);
//! `decide` returns events or a typed refusal; `evolve` accepts every event the log can hold.

pub mod aggregate;
pub mod chirpstack;
pub mod downlink;
pub mod lorawan;
pub mod payload;
pub mod sensors;
pub mod stored;
pub mod upcast;
pub mod uplinks;

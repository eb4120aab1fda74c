//! The domain: values, aggregates, events and the decoding of sensor reports.
//!
//! Pure by rule: no I/O, no clock, no randomness, no logging. Commands carry their time; `decide` returns events
//! or a typed refusal; `evolve` accepts every event the log can hold.

pub mod actor;
pub mod aggregate;
pub mod asked;
mod characters;
pub mod chirpstack;
pub mod device;
pub mod display;
pub mod document;
pub mod downlink;
mod eui_uuid;
pub mod gateway;
pub mod geo;
pub mod id;
pub mod instant;
pub mod limits;
pub mod log;
pub mod lorawan;
mod naming;
pub mod occupancy;
pub mod patch;
pub mod payload;
pub mod policy;
pub mod sealed;
pub mod sensors;
pub mod site;
pub mod space;
pub mod stored;
pub mod tenant;
pub mod upcast;
pub mod uplinks;
pub mod user;

//! The write side: the only crate that appends to the event log.
//!
//! A command loads its stream, decides in `parking-domain`, and passes the decided events to the [`writer`], which
//! appends all pending events in one round trip. Time and ids are passed in; this crate never reads a read model.

pub mod accounts;
pub mod append;
pub mod bus;
pub mod devices;
pub mod identity;
pub mod ids;
pub mod ingest;
pub mod joint;
pub mod lanes;
pub mod memory;
pub mod metadata;
pub mod overrides;
pub mod personal;
pub mod platform;
pub mod randomness;
pub mod reservations;
pub mod sites;
pub mod skipping;
pub mod snapshots;
pub mod spaces;
pub mod store;
pub mod writer;

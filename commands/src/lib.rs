//! The write side: the only room in the house that adds to the event log.
//!
//! A command loads its stream, decides in `parking-domain`, and hands what it decided to the [`writer`], which appends
//! whatever waits in one round trip. Time and ids are passed in; nothing here reads a read model.

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
pub mod personal;
pub mod platform;
pub mod randomness;
pub mod reservations;
pub mod snapshots;
pub mod spaces;
pub mod store;
pub mod writer;

//! The read side against a real PostgreSQL: events in, rows out. Names with a number are behaviours of the conformance
//! list in `docs/testing.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod checkpoint;
mod diary;
mod feed;
mod long_orphans;
mod orphan_devices;
mod poison;
mod reads;
mod recent;
mod rows;
mod runner;
mod support;
mod walls;

//! The read side against a real PostgreSQL: events in, rows out. Numbered names are entries of the conformance list in
//! `docs/testing.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod changes;
mod checkpoint;
mod diary;
mod feed;
mod follower;
mod following_changes;
mod given_up;
mod held_back;
mod install;
mod kept_readings;
mod long_orphans;
mod orphan_devices;
mod plans;
mod poison;
mod reads;
mod rebuild;
mod recent;
mod row_security;
mod rows;
mod runner;
mod skipping;
mod support;

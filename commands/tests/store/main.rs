//! The event store on a real PostgreSQL, and where possible on a model. Names with a number are behaviours of the
//! conformance list in `docs/testing.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod account;
mod aggregates;
mod append;
mod arguments;
mod bus;
mod claims;
mod cold;
mod crashes;
mod joint;
mod loading;
mod log;
mod missing;
mod model;
mod one_event;
mod order;
mod plans;
mod privileges;
mod readable;
mod requests;
mod several;
mod skipped;
mod snapshots;
mod state_machine;
mod support;
mod telling;

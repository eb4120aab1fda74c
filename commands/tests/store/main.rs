//! The event store against a real PostgreSQL, and where it makes sense against a model. Names with a number are
//! behaviours of the conformance list in `docs/testing.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod aggregates;
mod append;
mod claims;
mod crashes;
mod log;
mod model;
mod order;
mod privileges;
mod requests;
mod support;

//! The event store against a real PostgreSQL. Names with a number are behaviours of the conformance list in
//! `docs/testing.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod aggregates;
mod append;
mod order;
mod privileges;
mod support;

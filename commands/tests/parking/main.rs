//! Device and reservation commands on a real PostgreSQL: concurrency, and what the log contains.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod assignments;
mod bookings;
mod changes;
mod orphans;
mod overrides;
mod support;

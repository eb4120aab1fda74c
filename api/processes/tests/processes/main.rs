//! The processes beside HTTP on a real PostgreSQL, on a clock that the tests set.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod damaged;
mod jobs;
mod leader;
mod month;
mod rules;
mod runners;
mod scheduler;
mod stays;
mod support;

//! What runs beside HTTP: the scheduler turns what is due into events, jobs run on a schedule, and one of the processes
//! that serve a database leads.
//!
//! Correctness does not depend on this crate: aggregates decide every command, so one that is repeated or late changes
//! nothing twice.

pub mod arrivals;
pub mod clock;
pub mod due;
pub mod jobs;
pub mod leader;
pub mod scheduler;
pub mod silences;
pub mod watcher;

//! What people ask about devices and reservations, on a real PostgreSQL: who gets what when many ask at once, and what the
//! log holds of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod assignments;
mod bookings;
mod changes;
mod orphans;
mod support;

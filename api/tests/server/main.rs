//! The server as its users meet it: the real program, over HTTP, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod availability;
mod bad_input;
mod booking_races;
mod credentials;
mod database_away;
mod display_policies;
mod documented;
mod durability;
mod failpoints;
mod fixtures;
mod log;
mod odd_input;
mod openapi;
mod orphan_devices;
mod overrides;
mod private_cluster;
mod problems;
mod random;
mod real_events;
mod refused_starts;
mod reservations;
mod sites;
mod support;
mod unstorable;
mod uplinks;

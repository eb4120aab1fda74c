//! End-to-end tests: the real program, over HTTP, with a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod any_input;
mod availability;
mod bad_input;
mod booking_races;
mod connections;
mod credentials;
mod dashboard;
mod database_away;
mod demo;
mod devices;
mod display_policies;
mod documented;
mod durability;
mod failpoints;
mod fixtures;
mod limits;
mod log;
mod log_identity;
mod odd_input;
mod openapi;
mod operations;
mod orphan_devices;
mod orphans_taken_in;
mod overload;
mod overrides;
mod places;
mod poison;
mod private_cluster;
mod problems;
mod quickstart;
mod random;
mod real_events;
mod rebuild;
mod refused_starts;
mod reservations;
mod silences;
mod site_races;
mod sites;
mod slow_reads;
mod support;
mod times;
mod unsent;
mod unstorable;
mod uplinks;

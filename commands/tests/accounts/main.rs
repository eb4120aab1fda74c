//! Accounts on a real PostgreSQL, with two processes over one database and without projections.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod bootstrap;
mod invitations;
mod logged;
mod logins;
mod members;
mod passwords;
mod refreshes;
mod resets;
mod revocations;
mod secrets;
mod support;
mod sweeps;
mod tokens;

//! For tests only: one private PostgreSQL for the checkout, one database of this version for each test.
//!
//! ```no_run
//! # async fn example() {
//! use parking_testkit::{Role, TestDatabase};
//!
//! let database = TestDatabase::create().await;
//! let writer = database.pool(Role::Writer);
//! # }
//! ```
//!
//! The server is started by the first test that needs it, is shared by all that run at the same time, and is gone,
//! with its data, some seconds after the last. Whatever goes wrong here panics: it is a test that asks.

mod cluster;
mod database;
pub mod estate;
mod log;
pub mod world;

pub use database::TestDatabase;
pub use log::{Counter, EventLog};
pub use parking_database::Role;

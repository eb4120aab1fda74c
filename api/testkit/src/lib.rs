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
//! The first test that needs the server starts it, all concurrent tests share it, and some seconds after the last one
//! it is deleted with its data. Errors panic, because the caller is a test.

mod cluster;
mod database;
pub mod estate;
mod log;
pub mod world;

pub use database::TestDatabase;
pub use log::{Counter, EventLog};
pub use parking_database::Role;

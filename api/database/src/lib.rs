//! The database as a place: the private PostgreSQL server, the roles, the schema, connections by role.
//!
//! A machine without a database of its own runs [`LocalCluster`]; with `DATABASE_URL` nothing is started and the rest
//! is the same: [`prepare`] brings a [`Database`] to this version, and everybody connects [as a role](Database::as_role).

pub mod cluster;
mod connect;
mod format;
mod prepare;
pub mod roles;

pub use cluster::{ClusterError, ClusterOptions, LocalCluster, default_directory, is_root};
pub use connect::{Database, Logins};
pub use format::{FormatError, Place, check_format};
pub use prepare::{PrepareError, prepare};
pub use roles::Role;

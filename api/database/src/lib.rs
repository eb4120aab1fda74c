//! The database: the private PostgreSQL server, the roles, the schema, connections by role.
//!
//! Without a database server of its own, a machine runs [`LocalCluster`]; with `DATABASE_URL` no server is started.
//! Otherwise both are the same: [`prepare`] brings a [`Database`] to this version, and every component connects [as a
//! role](Database::as_role).

pub mod analysts;
pub mod cluster;
mod connect;
mod current;
mod format;
mod init;
mod prepare;
pub mod roles;
mod scram;
mod urls;

pub use cluster::{ClusterError, ClusterOptions, LocalCluster, default_directory, give_up_root, is_root};
pub use connect::{Database, Logins};
pub use format::{FormatError, Place, check_format};
pub use init::{BACKUP, Login, init, url_of};
pub use prepare::{PrepareError, migrate, prepare};
pub use roles::Role;
pub use urls::{MissingUrl, Urls, UrlsError};

//! Check of the log's format, before anything is written to the database.

use std::fmt;

use parking_domain::log::FORMAT;
use parking_projections::engine::dictionaries;
use sqlx::{Connection, PgConnection};

use crate::{Database, Logins};

/// Why this build cannot use the log in a database. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The log was made by an earlier build.
    #[error(
        "the log in {place} was made by an earlier build ({}), this build needs format {FORMAT}; nothing was changed: use that \
         log with the build that made it, or begin a new log: {}",
        Found(*found), place.remedy()
    )]
    Earlier {
        /// Its format; `None` for logs without a format number.
        found: Option<i16>,
        /// The location of the log.
        place: Place,
    },
    /// The log was made by a newer build.
    #[error(
        "the log in {place} has format {found}, this build knows format {FORMAT}; nothing was changed: run the build that made \
         it or a newer one, or begin a new log: {}",
        place.remedy()
    )]
    Later {
        /// Its format.
        found: i16,
        /// The location of the log.
        place: Place,
    },
    /// A dictionary is missing, or differs from the announced one.
    #[error(
        "the log in {place} lacks its dictionary {number}, or has another one in its place, and bodies cannot be read without \
         it; nothing was changed: restore the table log_dictionaries from a backup of this log"
    )]
    Dictionary {
        /// Its number.
        number: i16,
        /// The location of the log.
        place: Place,
    },
    /// The database returned an error.
    #[error("the format of the log cannot be read: {0}")]
    Database(#[from] sqlx::Error),
}

/// The location of a database, as its operator knows it.
#[derive(Clone, Debug)]
pub enum Place {
    /// The private server in this directory.
    Directory(String),
    /// A database of a server that `DATABASE_URL` names.
    Named(String),
}

impl Place {
    /// The location of this database.
    pub fn of(database: &Database) -> Self {
        let options = &database.admin;
        let directory = options.get_socket().and_then(|socket| socket.parent());
        if let (Logins::Private, Some(directory)) = (&database.logins, directory) {
            return Self::Directory(directory.display().to_string());
        }
        let name = options.get_database().unwrap_or_else(|| options.get_username());
        Self::Named(format!("{name} on {}", options.get_host()))
    }

    fn remedy(&self) -> String {
        match self {
            Self::Directory(directory) => {
                format!("set PARKING_DATA_DIR to another directory, or move {directory} away")
            }
            Self::Named(_) => "name another database in DATABASE_URL".to_owned(),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => write!(f, "the directory {directory}"),
            Self::Named(name) => write!(f, "the database {name}"),
        }
    }
}

struct Found(Option<i16>);

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(found) => write!(f, "format {found}"),
            None => f.write_str("without a format number"),
        }
    }
}

/// Refuses a log that this build cannot read. A database without a log is accepted.
pub async fn check_format(database: &Database) -> Result<(), FormatError> {
    let mut admin = PgConnection::connect_with(&database.admin).await?;
    check(&mut admin, database).await?;
    Ok(admin.close().await?)
}

pub(crate) async fn check(admin: &mut PgConnection, database: &Database) -> Result<(), FormatError> {
    let (has_log, has_format): (bool, bool) = sqlx::query_as(
        "select to_regclass('public.events') is not null, \
                exists (select from pg_attribute where attrelid = to_regclass('public.log_head') and attname = 'format')",
    )
    .fetch_one(&mut *admin)
    .await?;
    if !has_log {
        return Ok(());
    }
    let place = || Place::of(database);
    if !has_format {
        return Err(FormatError::Earlier { found: None, place: place() });
    }
    let found: i16 = sqlx::query_scalar("select format from public.log_head").fetch_one(&mut *admin).await?;
    match found {
        FORMAT => {}
        found if found < FORMAT => return Err(FormatError::Earlier { found: Some(found), place: place() }),
        found => return Err(FormatError::Later { found, place: place() }),
    }
    match dictionaries::missing(admin).await? {
        None => Ok(()),
        Some(number) => Err(FormatError::Dictionary { number, place: place() }),
    }
}

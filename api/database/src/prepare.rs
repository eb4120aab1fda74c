//! Brings a database to this version: creates the database and the roles, and migrates the schema.

use parking_bodies::{FIRST, FIRST_DICTIONARY};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::format::{self, FormatError};
use crate::roles::{self, BootstrapError};
use crate::{Database, Role};

static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

/// `invalid_catalog_name`: the database does not exist.
const NO_SUCH_DATABASE: &str = "3D000";
/// `duplicate_database`, or the index that detected it first.
const ALREADY_CREATED: [&str; 2] = ["42P04", "23505"];

/// Why a database could not be brought to this version.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The server is unreachable or refuses the login.
    #[error("cannot connect to the database, check that the server runs and DATABASE_URL is right: {0}")]
    Connect(#[source] sqlx::Error),
    /// The database does not exist and cannot be created.
    #[error("cannot create the database, create it yourself or connect as a role that may: {0}")]
    Create(#[source] sqlx::Error),
    /// It contains a log that this build cannot read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The roles cannot be set up.
    #[error(transparent)]
    Roles(#[from] BootstrapError),
    /// A migration failed, or the database is of a newer version.
    #[error("cannot migrate the database, nothing of the failed migration was kept: {0}")]
    Migrate(#[from] MigrateError),
    /// The first dictionary cannot be stored.
    #[error("cannot keep the dictionary of the log: {0}")]
    Dictionary(#[source] sqlx::Error),
    /// The read models' tables cannot be created.
    #[error("cannot install the read models: {0}")]
    Install(#[source] sqlx::Error),
}

/// Brings the database to this version. Can be repeated, and run concurrently by several processes.
pub async fn prepare(database: &Database) -> Result<(), PrepareError> {
    let mut admin = connect_or_create(&database.admin).await?;
    format::check(&mut admin, database).await?;
    roles::bootstrap(&mut admin).await?;
    admin.close().await.map_err(PrepareError::Connect)?;

    let mut owner = database.as_role(Role::Owner).connect().await.map_err(PrepareError::Connect)?;
    // Held until the connection closes: the migrator has its own lock, the read models do not.
    sqlx::query("select pg_advisory_lock(hashtext('parking prepare'))")
        .execute(&mut owner)
        .await
        .map_err(PrepareError::Connect)?;
    MIGRATOR.run_direct(&mut owner).await?;
    store_first_dictionary(&mut owner).await.map_err(PrepareError::Dictionary)?;
    parking_projections::list::install(&mut owner).await.map_err(PrepareError::Install)?;
    owner.close().await.map_err(PrepareError::Connect)
}

/// Stores the first dictionary; the first event announces it.
async fn store_first_dictionary(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    let keep = "insert into log_dictionaries (number, dictionary) \
                select $1, $2 where not exists (select from log_dictionaries where number = $1)";
    sqlx::query(keep).bind(FIRST).bind(FIRST_DICTIONARY).execute(owner).await?;
    Ok(())
}

async fn connect_or_create(options: &PgConnectOptions) -> Result<PgConnection, PrepareError> {
    match options.connect().await {
        Err(error) if code(&error).as_deref() == Some(NO_SUCH_DATABASE) => {}
        connected => return connected.map_err(PrepareError::Connect),
    }
    let name = options.get_database().unwrap_or_else(|| options.get_username()).replace('"', "\"\"");
    let mut maintenance =
        options.clone().database("postgres").connect().await.map_err(PrepareError::Connect)?;
    match sqlx::query(&format!("create database \"{name}\"")).execute(&mut maintenance).await {
        Err(error) if !code(&error).is_some_and(|code| ALREADY_CREATED.contains(&&*code)) => {
            return Err(PrepareError::Create(error));
        }
        _ => {}
    }
    maintenance.close().await.map_err(PrepareError::Connect)?;
    options.connect().await.map_err(PrepareError::Connect)
}

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

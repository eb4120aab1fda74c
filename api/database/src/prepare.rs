//! Brings a database to this version: creates the database and the roles, and migrates the schema.

use parking_bodies::{FIRST, FIRST_DICTIONARY};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::format::{self, FormatError};
use crate::roles::{self, BootstrapError};
use crate::urls::MissingUrl;
use crate::{Database, Logins, Role, current};

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("../../migrations");

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
    /// A role cannot log in.
    #[error(
        "cannot log in as {role}: {error}; run `parking database init` once, and set {variable} and the other URLs that it prints"
    )]
    Login {
        /// The role.
        role: &'static str,
        /// The variable that takes its URL.
        variable: &'static str,
        /// The server's answer.
        error: sqlx::Error,
    },
    /// The server lets somebody else in.
    #[error("the server takes the login {role} for {login}; let each role log in under its own name")]
    OtherLogin {
        /// The role.
        role: &'static str,
        /// Who the session belongs to.
        login: String,
    },
    /// Passwords cannot be set.
    #[error(
        "cannot make the logins, set DATABASE_URL to the URL of a superuser or a role that may create roles: {0}"
    )]
    Logins(#[source] sqlx::Error),
    /// Migrations need the owner's login.
    #[error(transparent)]
    Owner(#[from] MissingUrl),
    /// Nobody has migrated the database, and this process may not.
    #[error(
        "the database has the tables of another version; run `parking database migrate` with PARKING_MIGRATION_URL first, or set \
         it here"
    )]
    NotMigrated,
    /// It cannot be found out whether the database is of this version.
    #[error("cannot compare the database with this version: {0}")]
    Current(#[source] sqlx::Error),
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

/// Brings the database to this version. Can be repeated, and run concurrently by several processes. Where each role has a
/// URL and the owner's is not given, it checks that somebody else has done so.
pub async fn prepare(database: &Database) -> Result<(), PrepareError> {
    match &database.logins {
        Logins::Urls(urls) => {
            if urls.has_owner() {
                migrate(database).await?;
            } else {
                current::check(database).await?;
            }
            check_logins(database).await
        }
        Logins::ByName => {
            bootstrap(database).await?;
            check_logins(database).await?;
            migrate(database).await
        }
        Logins::Private => {
            bootstrap(database).await?;
            migrate(database).await
        }
    }
}

/// Creates the database and the roles, as the administrator.
async fn bootstrap(database: &Database) -> Result<(), PrepareError> {
    let mut admin = connect_or_create(&database.admin).await?;
    format::check(&mut admin, database).await?;
    roles::bootstrap(&mut admin).await?;
    admin.close().await.map_err(PrepareError::Connect)
}

/// Migrates the schema and installs the read models, as the owner.
pub async fn migrate(database: &Database) -> Result<(), PrepareError> {
    let mut owner = database.as_owner()?.connect().await.map_err(PrepareError::Connect)?;
    format::check(&mut owner, database).await?;
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

/// Each role must be a login: a session that only takes a role can leave it.
async fn check_logins(database: &Database) -> Result<(), PrepareError> {
    for role in Role::ALL {
        let options = match role {
            Role::Owner => match database.as_owner() {
                Ok(owner) => owner,
                Err(MissingUrl { .. }) => continue,
            },
            role => database.as_role(role),
        };
        let failed = |error| PrepareError::Login { role: role.name(), variable: role.variable(), error };
        let mut session = options.connect().await.map_err(failed)?;
        let login: String =
            sqlx::query_scalar("select session_user::text").fetch_one(&mut session).await.map_err(failed)?;
        session.close().await.map_err(failed)?;
        if login != role.name() {
            return Err(PrepareError::OtherLogin { role: role.name(), login });
        }
    }
    Ok(())
}

/// Stores the first dictionary; the first event announces it.
async fn store_first_dictionary(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    let keep = "insert into log_dictionaries (number, dictionary) \
                select $1, $2 where not exists (select from log_dictionaries where number = $1)";
    sqlx::query(keep).bind(FIRST).bind(FIRST_DICTIONARY).execute(owner).await?;
    Ok(())
}

pub(crate) async fn connect_or_create(options: &PgConnectOptions) -> Result<PgConnection, PrepareError> {
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

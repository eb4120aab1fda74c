//! A PostgreSQL server of one's own: its URLs, and `parking database`.

use clap::{Args, Subcommand};
use parking_database::{BACKUP, Role};
use secrecy::{ExposeSecret, SecretString};

use super::Place;

/// A URL for each role, as `parking database init` prints them.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RoleUrls {
    /// The owner's login, for migrations and rebuilds. A server starts without it where `parking database migrate` has run.
    #[arg(long = "migration-url", env = "PARKING_MIGRATION_URL", hide_env_values = true)]
    migration: Option<SecretString>,
    /// The login that appends to the log.
    #[arg(long = "writer-url", env = "PARKING_WRITER_URL", hide_env_values = true)]
    writer: Option<SecretString>,
    /// The login that writes read models.
    #[arg(long = "projector-url", env = "PARKING_PROJECTOR_URL", hide_env_values = true)]
    projector: Option<SecretString>,
    /// The login that reads read models.
    #[arg(long = "reader-url", env = "PARKING_READER_URL", hide_env_values = true)]
    reader: Option<SecretString>,
    /// The login that reads everything and changes nothing.
    #[arg(long = "auditor-url", env = "PARKING_AUDITOR_URL", hide_env_values = true)]
    auditor: Option<SecretString>,
    /// The login that reads and writes what logins of users need.
    #[arg(long = "identity-url", env = "PARKING_IDENTITY_URL", hide_env_values = true)]
    identity: Option<SecretString>,
    /// The login for backups, which `parking exec` uses with `PARKING_ROLE=parking_backup`.
    #[arg(long = "backup-url", env = "PARKING_BACKUP_URL", hide_env_values = true)]
    backup: Option<SecretString>,
}

impl RoleUrls {
    /// The URL of a role.
    pub(crate) fn of(&self, role: Role) -> Option<String> {
        let url = match role {
            Role::Owner => &self.migration,
            Role::Writer => &self.writer,
            Role::Projector => &self.projector,
            Role::Reader => &self.reader,
            Role::Auditor => &self.auditor,
            Role::Identity => &self.identity,
        };
        url.as_ref().map(|url| url.expose_secret().to_owned())
    }

    /// The URL of a login by its name.
    pub(crate) fn of_login(&self, login: &str) -> Option<String> {
        let role = Role::ALL.into_iter().find(|role| role.name() == login);
        let backup = || self.backup.as_ref().filter(|_| login == BACKUP.0);
        role.and_then(|role| self.of(role)).or_else(|| Some(backup()?.expose_secret().to_owned()))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Database {
    #[command(subcommand)]
    pub(crate) what: DatabaseCommand,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Makes the database, the roles, and a password for each login on the server of `DATABASE_URL`, and prints their URLs,
    /// once, as lines NAME=VALUE for an environment file. Passwords are stored nowhere. Run it again after an upgrade: it
    /// makes what is new.
    Init {
        /// Replaces the passwords of all logins. Running servers need the new URLs.
        #[arg(long)]
        new_passwords: bool,
    },
    /// Migrates the database to this version with `PARKING_MIGRATION_URL`, so that servers need not have it.
    Migrate,
    /// Logins for people who query one tenant's read models with SQL.
    Analyst {
        #[command(subcommand)]
        what: AnalystCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AnalystCommand {
    /// Makes the login `analyst_NAME` for a tenant and prints its URL, once. On the private database it is for this
    /// machine's user NAME.
    Add {
        /// The analyst's name: letters a-z, digits and _.
        name: String,
        /// The tenant's id or slug.
        #[arg(long)]
        tenant: String,
    },
    /// Removes the login; its open sessions see no row any more.
    Remove {
        /// The analyst's name.
        name: String,
    },
    /// Prints the analysts and their tenants.
    List,
}

//! The login roles of the platform, and their rights on the database as a whole.
//!
//! Rights on tables are granted by the migration or the projection that creates the table.

use sqlx::{Executor, PgConnection};
use tracing::warn;

/// A role in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Owns database and tables; used only for migrations.
    Owner,
    /// Appends to the log and writes the operational tables.
    Writer,
    /// Reads the log, writes read models.
    Projector,
    /// Reads read models, one tenant at a time.
    Reader,
    /// Reads the log, writes nothing.
    Auditor,
    /// Reads and writes what logins need: passwords, sessions, tokens, links.
    Identity,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Writer, Self::Projector, Self::Reader, Self::Auditor, Self::Identity];

    /// The role's name in PostgreSQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "parking_owner",
            Self::Writer => "parking_writer",
            Self::Projector => "parking_projector",
            Self::Reader => "parking_reader",
            Self::Auditor => "parking_auditor",
            Self::Identity => "parking_identity",
        }
    }
}

impl Role {
    /// The variable that has the URL of its login, on a server of one's own.
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Owner => "PARKING_MIGRATION_URL",
            Self::Writer => "PARKING_WRITER_URL",
            Self::Projector => "PARKING_PROJECTOR_URL",
            Self::Reader => "PARKING_READER_URL",
            Self::Auditor => "PARKING_AUDITOR_URL",
            Self::Identity => "PARKING_IDENTITY_URL",
        }
    }

    /// The time limits of its sessions, as PostgreSQL settings. `roles.sql` sets the same for the roles themselves, for
    /// users who log in with them.
    pub const fn limits(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Reader | Self::Identity => {
                &[("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "10s")]
            }
            // The auditor's tool may fold the whole log in one snapshot.
            Self::Auditor => &[("idle_in_transaction_session_timeout", "10min")],
            Self::Owner | Self::Writer | Self::Projector => &[],
        }
    }
}

/// Why the roles could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// A role has rights that bypass the isolation on which the platform relies.
    #[error(
        "role {role} may do too much; run `alter role {role} nosuperuser nocreatedb nocreaterole nobypassrls`"
    )]
    TooPowerful {
        /// The role.
        role: String,
    },
    /// The database refused.
    #[error(
        "cannot set up the roles, connect as a superuser or a role that may create roles and databases: {0}"
    )]
    Refused(#[from] sqlx::Error),
}

/// Creates the roles and gives them the database to which `admin` is connected. Can be repeated, and run concurrently
/// by several processes.
pub async fn bootstrap(admin: &mut PgConnection) -> Result<(), BootstrapError> {
    let names = Role::ALL.map(Role::name);
    admin.execute(concat!(include_str!("roles.sql"), include_str!("locks.sql"))).await?;
    let powerful = sqlx::query_scalar(
        "select rolname::text from pg_roles
         where rolname = any($1) and (rolsuper or rolcreatedb or rolcreaterole or rolbypassrls)
         order by rolname limit 1",
    )
    .bind(&names[..])
    .fetch_optional(&mut *admin)
    .await?;
    if let Some(role) = powerful {
        return Err(BootstrapError::TooPowerful { role });
    }
    let unexpected = unexpected_rights(admin).await?;
    if !unexpected.is_empty() {
        warn!(
            roles = unexpected.join(", "),
            "sessions that need none may take advisory locks and so stop projections, and fill the disk with large objects: \
             have a superuser run api/database/src/locks.sql in this database"
        );
    }
    Ok(())
}

/// The roles that may take advisory locks or write large objects in this database without need, because nobody with the
/// right to do so has run `locks.sql`.
pub async fn unexpected_rights(admin: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select rolname::text from pg_roles
         where rolname in ('parking_reader', 'parking_auditor', 'parking_identity', 'parking_analyst')
           and exists (select from pg_proc p
                        where p.pronamespace = 'pg_catalog'::regnamespace
                          and (p.proname ~ 'advisory' and p.proname !~ 'unlock' or p.proname ~ '^(lo_|lowrite$|loread$)')
                          and has_function_privilege(rolname, p.oid, 'execute'))
         order by rolname",
    )
    .fetch_all(admin)
    .await
}

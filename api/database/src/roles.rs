//! The roles that the platform logs in as, and what each may do to the database as a whole.
//!
//! What they may do to single tables is said by the migration or the projection that makes the table.

use sqlx::{Executor, PgConnection};

/// Who somebody is to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Owns database and tables; only migrates.
    Owner,
    /// Appends to the log and keeps the operational tables.
    Writer,
    /// Reads the log, writes read models.
    Projector,
    /// Reads read models, one tenant at a time.
    Reader,
    /// Reads the log, writes nothing.
    Auditor,
}

impl Role {
    /// Everyone.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Writer, Self::Projector, Self::Reader, Self::Auditor];

    /// The role's name in PostgreSQL.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "parking_owner",
            Self::Writer => "parking_writer",
            Self::Projector => "parking_projector",
            Self::Reader => "parking_reader",
            Self::Auditor => "parking_auditor",
        }
    }
}

impl Role {
    /// How long its sessions may take, as settings of PostgreSQL. The same are set for the roles themselves (`roles.sql`),
    /// for people who log in as them; with one login for all roles only this holds.
    pub const fn limits(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Reader => &[("statement_timeout", "10s"), ("idle_in_transaction_session_timeout", "10s")],
            // The auditor's tool may fold the whole log in one snapshot.
            Self::Auditor => &[("idle_in_transaction_session_timeout", "10min")],
            Self::Owner | Self::Writer | Self::Projector => &[],
        }
    }
}

/// Why the roles could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// A role of that name may pass walls that the platform relies on.
    #[error(
        "role {role} may do too much; run `alter role {role} nosuperuser nocreatedb nocreaterole nobypassrls`"
    )]
    TooPowerful {
        /// The role in question.
        role: String,
    },
    /// The database refused.
    #[error(
        "cannot set up the roles, connect as a superuser or a role that may create roles and databases: {0}"
    )]
    Refused(#[from] sqlx::Error),
}

/// Creates the roles and gives them the database that `admin` is connected to. Safe to repeat, and to run at once from
/// several processes.
pub async fn bootstrap(admin: &mut PgConnection) -> Result<(), BootstrapError> {
    let names = Role::ALL.map(Role::name);
    admin.execute(include_str!("roles.sql")).await?;
    let powerful = sqlx::query_scalar(
        "select rolname::text from pg_roles
         where rolname = any($1) and (rolsuper or rolcreatedb or rolcreaterole or rolbypassrls)
         order by rolname limit 1",
    )
    .bind(&names[..])
    .fetch_optional(&mut *admin)
    .await?;
    powerful.map_or(Ok(()), |role| Err(BootstrapError::TooPowerful { role }))
}

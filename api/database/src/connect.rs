//! Connections by role: no component uses the administrator's rights.

use sqlx::postgres::PgConnectOptions;

use crate::Role;

/// A database of the platform, and how to log in to it.
#[derive(Clone)]
pub struct Database {
    /// The administrator's connection to the platform's database. Only [`prepare`](crate::prepare) uses it.
    pub admin: PgConnectOptions,
    /// How sessions get their role.
    pub logins: Logins,
}

/// How sessions get their role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logins {
    /// Each role logs in itself: the private server knows its user and root, who may log in as each of them.
    Separate,
    /// One login for all roles; the role is set when the session starts: a server given by `DATABASE_URL`.
    SetRole,
}

impl Database {
    /// The connection options of a role, with its name as application name. Roles that work with read models find them
    /// without a schema name.
    #[must_use]
    pub fn as_role(&self, role: Role) -> PgConnectOptions {
        let mut options = self.admin.clone().application_name(role.name());
        // Without statistics, on a new database, PostgreSQL overestimates short queries and compiles them for seconds.
        options = options.options([("jit", "off")]);
        // A login may change its own default to off, with which every read of a protected table fails.
        options = options.options([("row_security", "on")]);
        if let Role::Projector | Role::Reader | Role::Auditor = role {
            options = options.options([("search_path", "projections,public")]);
        }
        options = options.options(role.limits().iter().copied());
        match self.logins {
            Logins::Separate => options.username(role.name()),
            // As a startup option it is also the value that `reset role` restores.
            Logins::SetRole => options.options([("role", role.name())]),
        }
    }
}

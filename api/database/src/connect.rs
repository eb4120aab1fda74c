//! Connections by role: nobody works with the administrator's rights.

use sqlx::postgres::PgConnectOptions;

use crate::Role;

/// A database of the platform and the ways to log in to it.
#[derive(Clone)]
pub struct Database {
    /// The administrator's way in, to the platform's own database. Only [`prepare`](crate::prepare) uses it.
    pub admin: PgConnectOptions,
    /// How one becomes a role.
    pub logins: Logins,
}

/// How one becomes a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logins {
    /// Each role logs in itself: the private server trusts whoever reaches its socket.
    Separate,
    /// One login for all, the role chosen as the session starts: a server given by `DATABASE_URL`.
    SetRole,
}

impl Database {
    /// How this role connects; it bears the role's name as application name. Those who work with read models find them by
    /// their bare names.
    #[must_use]
    pub fn as_role(&self, role: Role) -> PgConnectOptions {
        let mut options = self.admin.clone().application_name(role.name());
        if let Role::Projector | Role::Reader | Role::Auditor = role {
            options = options.options([("search_path", "projections,public")]);
        }
        options = options.options(role.limits().iter().copied());
        match self.logins {
            Logins::Separate => options.username(role.name()),
            // As a startup option it is also what `reset role` goes back to.
            Logins::SetRole => options.options([("role", role.name())]),
        }
    }
}

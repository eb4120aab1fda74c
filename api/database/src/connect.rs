//! Connections by role: no component uses the administrator's rights.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

use crate::Role;
use crate::urls::{MissingUrl, Urls};

/// A database of the platform, and how to log in to it.
#[derive(Clone)]
pub struct Database {
    /// The administrator's connection to the platform's database, or the owner's where each role has a URL. Only
    /// [`prepare`](crate::prepare) and what an operator starts by hand use it.
    pub admin: PgConnectOptions,
    /// How sessions get their role.
    pub logins: Logins,
}

/// How sessions get their role. Each role has a login, so that a session cannot leave its role: `set role none` and
/// `reset role` lead to the login.
#[derive(Clone, Debug)]
pub enum Logins {
    /// The private server knows its user and root, who may log in as each role.
    Private,
    /// A server of `DATABASE_URL` that lets each role in as it lets in the administrator.
    ByName,
    /// Each role has a URL with a password.
    Urls(Arc<Urls>),
}

impl Database {
    /// A database where each role has a URL.
    pub fn of_urls(urls: Urls) -> Self {
        let admin = urls.admin().clone();
        Self { admin, logins: Logins::Urls(Arc::new(urls)) }
    }

    /// The connection options of a role, with its name as application name. Roles that work with read models find them
    /// without a schema name.
    #[must_use]
    pub fn as_role(&self, role: Role) -> PgConnectOptions {
        let options = match &self.logins {
            Logins::Private | Logins::ByName => self.admin.clone().username(role.name()),
            Logins::Urls(urls) => urls.of(role).clone(),
        };
        let mut options = options.application_name(role.name());
        // Without statistics, on a new database, PostgreSQL overestimates short queries and compiles them for seconds.
        options = options.options([("jit", "off")]);
        // A login may change its own default to off, with which every read of a protected table fails.
        options = options.options([("row_security", "on")]);
        if let Role::Projector | Role::Reader | Role::Auditor = role {
            options = options.options([("search_path", "projections,public")]);
        }
        options.options(role.limits().iter().copied())
    }

    /// The owner's connection options; refused where its URL is not given, as a server does not need it.
    pub fn as_owner(&self) -> Result<PgConnectOptions, MissingUrl> {
        match &self.logins {
            Logins::Urls(urls) if !urls.has_owner() => Err(MissingUrl { variable: Role::Owner.variable() }),
            _ => Ok(self.as_role(Role::Owner)),
        }
    }
}

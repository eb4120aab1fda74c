//! A URL for each role, as `parking database init` prints them.

use std::collections::HashMap;

use parking_projections::engine::database_url::{self, UrlError};
use sqlx::postgres::PgConnectOptions;

use crate::Role;

/// The connection options of the roles. Only the owner's may be absent: a server needs it for migrations only.
#[derive(Clone, Debug)]
pub struct Urls(HashMap<Role, PgConnectOptions>);

/// The URL of a role is needed and not given.
#[derive(Debug, thiserror::Error)]
#[error("{variable} is missing: set it to the URL of this role, which `parking database init` printed")]
pub struct MissingUrl {
    /// The variable that has it.
    pub variable: &'static str,
}

/// Why URLs are not used.
#[derive(Debug, thiserror::Error)]
pub enum UrlsError {
    /// One is missing.
    #[error(transparent)]
    Missing(#[from] MissingUrl),
    /// One is no URL of a server that may be used.
    #[error("{variable}: {error}")]
    Url {
        /// The variable that has it.
        variable: &'static str,
        /// Why.
        error: UrlError,
    },
    /// One has another login, which may do more or less than its role.
    #[error("{variable} logs in as {found}: it must log in as {role}, as `parking database init` printed it")]
    OtherLogin {
        /// The variable that has it.
        variable: &'static str,
        /// Its user.
        found: String,
        /// The login that it needs.
        role: &'static str,
    },
}

impl Urls {
    /// The URLs that are given; `None` if none is.
    pub fn of_given(given: impl Fn(Role) -> Option<String>) -> Result<Option<Self>, UrlsError> {
        let mut urls = HashMap::new();
        for role in Role::ALL {
            let Some(url) = given(role).filter(|url| !url.is_empty()) else { continue };
            let variable = role.variable();
            let options =
                database_url::options_of(&url).map_err(|error| UrlsError::Url { variable, error })?;
            if options.get_username() != role.name() {
                let found = options.get_username().to_owned();
                return Err(UrlsError::OtherLogin { variable, found, role: role.name() });
            }
            urls.insert(role, options);
        }
        if urls.is_empty() {
            return Ok(None);
        }
        for role in Role::ALL {
            if role != Role::Owner && !urls.contains_key(&role) {
                return Err(MissingUrl { variable: role.variable() }.into());
            }
        }
        Ok(Some(Self(urls)))
    }

    /// The role's connection options; the auditor's for an owner that is not given.
    pub(crate) fn of(&self, role: Role) -> &PgConnectOptions {
        self.0.get(&role).unwrap_or_else(|| &self.0[&Role::Auditor])
    }

    pub(crate) fn has_owner(&self) -> bool {
        self.0.contains_key(&Role::Owner)
    }

    /// Who reads the log's format, and migrates if it may.
    pub(crate) fn admin(&self) -> &PgConnectOptions {
        self.of(Role::Owner)
    }
}

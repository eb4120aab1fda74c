//! Request bodies of logins. None prints itself: they hold passwords and tokens.

use parking_commands::accounts::{Login, Registration};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::fields::Body;
use crate::http::kit::problem::Problem;
use crate::http::v6::shared::account::{required, sized};

/// Who registers, and for which new tenant.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct RegistrationBody {
    /// Required.
    #[schema(max_length = 320)]
    email: Option<String>,
    /// 8 to 128 characters, not one of the most common passwords. Required.
    #[schema(min_length = 8, max_length = 128)]
    password: Option<String>,
    /// The user's name. Required.
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
    /// Required.
    #[schema(min_length = 3, max_length = 255)]
    tenant_name: Option<String>,
    /// Letters from a to z, digits and `-`. Required.
    #[schema(min_length = 3, max_length = 100)]
    tenant_slug: Option<String>,
}

impl Body for RegistrationBody {}

impl RegistrationBody {
    pub(super) fn registration(self, device: Option<String>) -> Result<Registration, Problem> {
        let username = sized("username", required("username", self.username)?, 3, 50)?;
        Ok(Registration {
            email: required("email", self.email)?,
            password: required("password", self.password)?.into(),
            name: Some(username),
            tenant_name: sized("tenant_name", required("tenant_name", self.tenant_name)?, 3, 255)?,
            tenant_slug: sized("tenant_slug", required("tenant_slug", self.tenant_slug)?, 3, 100)?,
            device,
        })
    }
}

/// What a user logs in with.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct LoginBody {
    /// In any letter case. Required. `username` is an accepted alias.
    #[schema(max_length = 320)]
    email: Option<String>,
    /// Required.
    password: Option<String>,
    /// The tenant of the session. Defaults to the one that the user joined last.
    tenant_slug: Option<String>,
}

impl Body for LoginBody {
    const NAMES: &'static [&'static [&'static str]] = &[&["email", "username"]];
    const FORM: bool = true;
}

impl LoginBody {
    pub(super) fn login(self, device: Option<String>) -> Result<Login, Problem> {
        Ok(Login {
            email: required("email", self.email)?,
            password: required("password", self.password)?.into(),
            tenant_slug: self.tenant_slug.filter(|slug| !slug.is_empty()),
            device,
        })
    }
}

/// A refresh token.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct RefreshBody {
    /// Required, unless a cookie has it.
    refresh_token: Option<String>,
}

impl Body for RefreshBody {
    const OPTIONAL: bool = true;
}

impl RefreshBody {
    pub(super) fn token(self, kept: Option<&str>) -> Result<SecretString, Problem> {
        Ok(required("refresh_token", self.refresh_token.or_else(|| kept.map(str::to_owned)))?.into())
    }
}

/// A change of one's own data.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct NameBody {
    /// The user's name. Required.
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
}

impl Body for NameBody {}

impl NameBody {
    pub(super) fn name(self) -> Result<String, Problem> {
        sized("username", required("username", self.username)?, 3, 50)
    }
}

/// A change of one's own password.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct PasswordBody {
    /// Required.
    current_password: Option<String>,
    /// 8 to 128 characters, not one of the most common passwords. Required.
    #[schema(min_length = 8, max_length = 128)]
    new_password: Option<String>,
}

impl Body for PasswordBody {}

impl PasswordBody {
    pub(super) fn passwords(self) -> Result<(SecretString, SecretString), Problem> {
        let current = required("current_password", self.current_password)?;
        Ok((current.into(), required("new_password", self.new_password)?.into()))
    }
}

/// Another tenant of the user.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SwitchBody {
    /// Required.
    tenant_slug: Option<String>,
}

impl Body for SwitchBody {}

impl SwitchBody {
    pub(super) fn slug(self) -> Result<String, Problem> {
        required("tenant_slug", self.tenant_slug)
    }
}

/// A new password, by a reset link.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct ResetBody {
    /// The link's token. Required.
    token: Option<String>,
    /// 8 to 128 characters, not one of the most common passwords. Required.
    #[schema(min_length = 8, max_length = 128)]
    new_password: Option<String>,
}

impl Body for ResetBody {}

impl ResetBody {
    pub(super) fn parts(self) -> Result<(SecretString, SecretString), Problem> {
        Ok((required("token", self.token)?.into(), required("new_password", self.new_password)?.into()))
    }
}

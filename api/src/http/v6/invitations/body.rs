//! Request bodies of invitations. None prints itself: they hold passwords and tokens.

use parking_commands::accounts::NewPerson;
use parking_domain::tenant::Role;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::fields::Body;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid_body;
use crate::http::v6::shared::account::{required, sized};
use crate::http::v6::shared::words;

/// Who is invited, and as what.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct InvitationBody {
    /// Required.
    #[schema(max_length = 320)]
    email: Option<String>,
    /// Required.
    #[schema(required = false, value_type = words::Role)]
    #[serde(deserialize_with = "words::read::role")]
    role: Option<Role>,
}

impl Body for InvitationBody {}

impl InvitationBody {
    pub(super) fn parts(self) -> Result<(String, Role), Problem> {
        let role = self.role.ok_or_else(|| invalid_body("role must be viewer, operator, admin or owner"))?;
        Ok((required("email", self.email)?, role))
    }
}

/// The token of an invitation.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct AcceptBody {
    /// Required.
    token: Option<String>,
}

impl Body for AcceptBody {}

impl AcceptBody {
    pub(super) fn token(self) -> Result<SecretString, Problem> {
        Ok(required("token", self.token)?.into())
    }
}

/// A new user, who accepts an invitation.
#[derive(Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct NewPersonBody {
    /// The token of the invitation. Required.
    token: Option<String>,
    /// 8 to 128 characters, not one of the most common passwords. Required.
    #[schema(min_length = 8, max_length = 128)]
    password: Option<String>,
    /// The user's name.
    #[schema(min_length = 3, max_length = 50)]
    username: Option<String>,
}

impl Body for NewPersonBody {}

impl NewPersonBody {
    pub(super) fn parts(self, device: Option<String>) -> Result<(SecretString, NewPerson), Problem> {
        let name = self.username.map(|name| sized("username", name, 3, 50)).transpose()?;
        let password = required("password", self.password)?.into();
        Ok((required("token", self.token)?.into(), NewPerson { password, name, device }))
    }
}

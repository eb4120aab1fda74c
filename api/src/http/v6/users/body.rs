//! The request body of a member.

use parking_domain::tenant::{MemberChange, Role};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid_body;
use crate::http::v6::shared::words;

/// A change of a member: the role, or a lock-out of the tenant. One at a time.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct MemberBody {
    #[schema(value_type = Option<words::Role>)]
    #[serde(deserialize_with = "words::read::role")]
    role: Option<Role>,
    /// False locks the member out of the tenant.
    #[serde(deserialize_with = "lenient::flag")]
    is_active: Option<bool>,
}

impl Body for MemberBody {}

impl MemberBody {
    /// The change: two would be two commands, of which the second could be refused when the first is done.
    pub(super) fn change(&self) -> Result<MemberChange, Problem> {
        match (self.role, self.is_active) {
            (Some(role), None) => Ok(MemberChange::Role(role)),
            (None, Some(true)) => Ok(MemberChange::Enable),
            (None, Some(false)) => Ok(MemberChange::Disable),
            _ => Err(invalid_body("send either role or is_active")),
        }
    }
}

//! What is said of an override in a request.

use parking_domain::id::{OverrideId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::sealed::Sealed;
use parking_domain::space::{OverrideKind, SetOverride, SpaceCommand};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::caller::Identity;
use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;

/// A time in which a space is not to be used.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct OverrideBody {
    /// The space, unless the path names it.
    space_id: Option<Uuid>,
    /// Needed: `blocked`, or `out_of_service`, which outweighs everything. `kind` is taken too.
    #[serde(alias = "kind")]
    #[schema(value_type = String)]
    override_type: Option<OverrideKind>,
    /// From when; now, unless it is said.
    #[serde(deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_time: Option<Instant>,
    /// Until when; until it is cleared, unless it is said.
    #[serde(deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_time: Option<Instant>,
    /// Why, in words that name nobody.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// What else is to be said. It is kept sealed, so it may name people.
    #[schema(max_length = 2000)]
    pub(crate) notes: Option<String>,
}

impl OverrideBody {
    /// The space that it names.
    pub(crate) fn space_id(&self) -> Result<SpaceId, Problem> {
        self.space_id.map(SpaceId::from).ok_or_else(|| invalid("space_id must say which space"))
    }

    /// What is asked for, with its notes sealed.
    pub(crate) fn command(
        self,
        override_id: OverrideId,
        notes: Option<Sealed>,
        caller: &Identity,
    ) -> Result<SpaceCommand, Problem> {
        let kind = self.override_type;
        let kind = kind.ok_or_else(|| invalid("override_type must be blocked or out_of_service"))?;
        let from = self.start_time.unwrap_or(caller.at);
        let (until, reason, asked) = (self.end_time, self.reason, caller.asked());
        Ok(SpaceCommand::SetOverride(Box::new(SetOverride {
            override_id,
            kind,
            from,
            until,
            reason,
            notes,
            asked,
        })))
    }
}

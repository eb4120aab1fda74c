//! Request bodies of overrides.

use parking_commands::overrides::NewOverride;
use parking_domain::asked::Asked;
use parking_domain::id::{OverrideId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::space::OverrideKind;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{invalid, one_with_body};
use crate::http::v6::shared::words;

/// An override: a period in which a space cannot be used.
#[derive(PartialEq, Deserialize, ToSchema)]
pub(crate) struct OverrideBody {
    /// The space. It may be omitted if the path names it.
    space_id: Option<Uuid>,
    /// Required. `kind` is an accepted alias.
    #[serde(default, deserialize_with = "lenient::word")]
    #[schema(required = false, value_type = words::OverrideKind)]
    override_type: Option<OverrideKind>,
    /// The start. Defaults to now.
    #[serde(default, deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_time: Option<Instant>,
    /// The end. Defaults to none: in force until it is cleared.
    #[serde(default, deserialize_with = "lenient::time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    end_time: Option<Instant>,
    /// The reason. It must not contain personal data.
    #[schema(max_length = 1000)]
    reason: Option<String>,
    /// Further notes. They are encrypted and may contain personal data.
    #[schema(max_length = 2000)]
    notes: Option<String>,
}

impl Body for OverrideBody {
    const NAMES: &'static [&'static [&'static str]] = &[&["override_type", "kind"]];
}

impl OverrideBody {
    /// The space of the override, from the path or from the body.
    pub(crate) fn space_id(&self, of_path: Option<SpaceId>) -> Result<SpaceId, Problem> {
        let space_id = one_with_body("space_id", of_path, self.space_id.map(SpaceId::from))?;
        space_id.ok_or_else(|| invalid("space_id is required"))
    }

    /// The override of this space.
    pub(crate) fn new_override(
        self,
        override_id: OverrideId,
        space_id: SpaceId,
        asked: Asked,
    ) -> Result<NewOverride, Problem> {
        let kind = self.override_type;
        let kind = kind.ok_or_else(|| invalid("override_type must be blocked or out_of_service"))?;
        let from = self.start_time.unwrap_or(asked.at);
        let (until, reason, notes) = (self.end_time, self.reason, self.notes);
        Ok(NewOverride { override_id, space_id, kind, from, until, reason, notes, asked })
    }
}

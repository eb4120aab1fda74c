//! Read model `space_descriptions`: every description that a space has had, with the event from which on it holds.

use parking_domain::instant::Instant;
use parking_domain::space::Definition;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::feed::RecordedEvent;
use crate::engine::projection::Tables;
use crate::engine::rows::insert;
use crate::registry::spaces::Space;

pub(crate) const TABLES: Tables =
    Tables { names: &["space_descriptions"], internal: &[], schema: include_str!("descriptions.sql") };

/// A description, from an event on; none once the space is deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SpaceDescription {
    space_id: Uuid,
    pub(crate) position: i64,
    pub(crate) recorded_at: Instant,
    tenant_id: Uuid,
    site_id: Uuid,
    code: Option<String>,
    definition: Option<Definition>,
    created_at: Option<Instant>,
    updated_at: Option<Instant>,
}

impl SpaceDescription {
    /// A space that an event created or changed.
    pub(crate) fn of(space: &Space, recorded: &RecordedEvent) -> Self {
        Self {
            code: Some(space.code.clone()),
            definition: Some(space.definition.clone()),
            created_at: Some(space.created_at),
            updated_at: Some(space.updated_at),
            ..Self::ended((space.space_id, space.tenant_id, space.site_id), recorded)
        }
    }

    /// A space, with its tenant and its site, that an event deleted.
    pub(crate) fn ended(
        (space_id, tenant_id, site_id): (Uuid, Uuid, Uuid),
        recorded: &RecordedEvent,
    ) -> Self {
        Self {
            space_id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            tenant_id,
            site_id,
            code: None,
            definition: None,
            created_at: None,
            updated_at: None,
        }
    }

    /// The space as its row was then; none once it is deleted.
    pub(crate) fn space(self) -> Option<Space> {
        Some(Space {
            space_id: self.space_id,
            tenant_id: self.tenant_id,
            site_id: self.site_id,
            code: self.code?,
            definition: self.definition?,
            created_at: self.created_at?,
            updated_at: self.updated_at?,
            position: self.position,
        })
    }
}

pub(crate) async fn save(
    connection: &mut PgConnection,
    descriptions: &[SpaceDescription],
) -> Result<(), sqlx::Error> {
    insert(connection, "space_descriptions", descriptions).await
}

//! Read model `overrides`: periods in which spaces are out of use.

pub mod read;

use parking_domain::actor::Actor;
use parking_domain::instant::Instant;
use parking_domain::sealed::Sealed;
use parking_domain::space::{OverrideKind, SpaceEvent};
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::{Decoded, Tables};
use crate::engine::rows::{Row, Rows};

pub(crate) const TABLES: Tables =
    Tables { names: &["overrides"], internal: &[], schema: include_str!("overrides.sql") };

/// An override with its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Override {
    /// Its id.
    pub override_id: Uuid,
    /// The space's owner.
    pub tenant_id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Blocked or out of service.
    pub kind: OverrideKind,
    /// Its status.
    pub status: OverrideStatus,
    /// When it starts.
    pub starts_at: Instant,
    /// When it ends by itself.
    pub ends_at: Option<Instant>,
    /// The reason.
    pub reason: Option<String>,
    /// Notes, sealed.
    pub notes: Option<Sealed>,
    /// The actor who set it.
    pub created_by: Actor,
    /// When it was set.
    pub created_at: Instant,
    /// When its status last changed.
    pub updated_at: Instant,
    /// The event that last changed it.
    pub position: i64,
}

/// The status of an override.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideStatus {
    /// It has not started.
    Set,
    /// It applies.
    Active,
    /// It has ended by itself.
    Ended,
    /// An actor cleared it.
    Cleared,
}

impl OverrideStatus {
    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Active => "active",
            Self::Ended => "ended",
            Self::Cleared => "cleared",
        }
    }
}

impl Row for Override {
    const TABLE: &'static str = "overrides";
    const KEY: &'static str = "override_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.override_id
    }
}

/// Applies override events to rows.
#[derive(Default)]
pub(crate) struct Overrides(Rows<Override>);

impl Overrides {
    pub(crate) async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[Decoded<'_>],
    ) -> Result<(), sqlx::Error> {
        self.0.load(connection, events.iter().filter_map(|decoded| override_of(decoded.event))).await?;
        for decoded in events {
            self.take(decoded);
        }
        self.0.save(connection).await
    }

    fn take(&mut self, decoded: &Decoded<'_>) {
        let Event::Space(event) = &decoded.event else { return };
        let position = decoded.recorded.position;
        match event {
            SpaceEvent::OverrideSet { override_id, kind, from, until, reason, notes, at, by } => {
                let (Some(space_id), Some(tenant_id)) = (decoded.stream_uuid(), decoded.recorded.tenant_id)
                else {
                    return;
                };
                self.0.put(Override {
                    override_id: override_id.uuid(),
                    tenant_id,
                    space_id,
                    kind: *kind,
                    status: OverrideStatus::Set,
                    starts_at: *from,
                    ends_at: *until,
                    reason: reason.clone(),
                    notes: notes.clone(),
                    created_by: *by,
                    created_at: *at,
                    updated_at: *at,
                    position,
                });
            }
            SpaceEvent::OverrideStarted { override_id, at, .. } => {
                self.set_status(override_id.uuid(), OverrideStatus::Active, *at, position);
            }
            SpaceEvent::OverrideEnded { override_id, at, .. } => {
                self.set_status(override_id.uuid(), OverrideStatus::Ended, *at, position);
            }
            SpaceEvent::OverrideCleared { override_id, at, .. } => {
                self.set_status(override_id.uuid(), OverrideStatus::Cleared, *at, position);
            }
            _ => {}
        }
    }

    fn set_status(&mut self, id: Uuid, status: OverrideStatus, at: Instant, position: i64) {
        if let Some(row) = self.0.change(&id) {
            (row.status, row.updated_at, row.position) = (status, at, position);
        }
    }
}

fn override_of(event: &Event) -> Option<Uuid> {
    match event {
        Event::Space(
            SpaceEvent::OverrideSet { override_id, .. }
            | SpaceEvent::OverrideStarted { override_id, .. }
            | SpaceEvent::OverrideEnded { override_id, .. }
            | SpaceEvent::OverrideCleared { override_id, .. },
        ) => Some(override_id.uuid()),
        _ => None,
    }
}

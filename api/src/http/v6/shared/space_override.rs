//! The view of an override.

use chrono::{DateTime, Utc};
use parking_domain::actor::Actor;
use parking_domain::instant::Instant;
use parking_domain::space::OverrideKind;
use parking_projections::registry::overrides::OverrideStatus;
use parking_projections::registry::overrides::read::{self as overrides, Affected, Listed};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::opened::opened;
use crate::http::kit::page::Item;
use crate::http::kit::problem::Problem;
use crate::http::v6::shared::words;

/// The most affected reservations that an override shows.
const MAX_AFFECTED: i64 = 100;

/// An override: a period in which a space cannot be used.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct OverrideView {
    id: Uuid,
    tenant_id: Uuid,
    space_id: Uuid,
    space_code: Option<String>,
    #[schema(value_type = words::OverrideKind)]
    override_type: OverrideKind,
    #[schema(value_type = words::OverrideStatus)]
    status: OverrideStatus,
    is_active: bool,
    start_time: DateTime<Utc>,
    /// Null: in force until it is cleared.
    end_time: Option<DateTime<Utc>>,
    reason: Option<String>,
    notes: Option<String>,
    #[schema(value_type = String)]
    created_by: Actor,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// The active reservations that it overlaps, earliest first, 100 at most. They stay booked.
    #[schema(max_items = 100)]
    affected_reservations: Vec<AffectedView>,
}

/// A reservation whose window an override overlaps.
#[derive(Clone, Serialize, ToSchema)]
struct AffectedView {
    reservation_id: Uuid,
    start_time: DateTime<Utc>,
    /// The end of the window, exclusive.
    end_time: DateTime<Utc>,
}

impl From<Affected> for AffectedView {
    fn from(Affected { reservation_id, window }: Affected) -> Self {
        Self { reservation_id, start_time: window.start.utc(), end_time: window.end.utc() }
    }
}

impl Item for OverrideView {
    const PLURAL: &'static str = "overrides";
}

impl OverrideView {
    /// The views of all rows. Their notes are opened in one query, and their reservations are read in one.
    pub(crate) async fn all(connection: &mut PgConnection, rows: Vec<Listed>) -> Result<Vec<Self>, Problem> {
        let sealed: Vec<_> = rows.iter().map(|row| [row.set.notes.as_ref()]).collect();
        let texts = opened(connection, &sealed).await?;
        let ids: Vec<Uuid> = rows.iter().map(|row| row.set.override_id).collect();
        let mut affected = overrides::affected(connection, &ids, MAX_AFFECTED).await?;
        let view = |(row, [notes]): (Listed, [Option<String>; 1])| {
            let affected = affected.remove(&row.set.override_id).unwrap_or_default();
            Self::of(row, notes, affected)
        };
        Ok(rows.into_iter().zip(texts).map(view).collect())
    }

    fn of(Listed { set: row, space_code }: Listed, notes: Option<String>, affected: Vec<Affected>) -> Self {
        Self {
            id: row.override_id,
            tenant_id: row.tenant_id,
            space_id: row.space_id,
            space_code,
            override_type: row.kind,
            status: row.status,
            is_active: row.status == OverrideStatus::Active,
            start_time: row.starts_at.utc(),
            end_time: row.ends_at.map(Instant::utc),
            reason: row.reason,
            notes,
            created_by: row.created_by,
            created_at: row.created_at.utc(),
            updated_at: row.updated_at.utc(),
            affected_reservations: affected.into_iter().map(AffectedView::from).collect(),
        }
    }

    /// True while the override is in force.
    pub(crate) fn is_active(&self) -> bool {
        self.is_active
    }

    /// The rank among several overrides: the highest one decides.
    pub(crate) fn strength(&self) -> u8 {
        u8::from(self.override_type == OverrideKind::OutOfService)
    }
}

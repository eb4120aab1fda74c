//! Read model `stays`: from when to when a space was shown occupied, an estimate of one vehicle's time in it.

pub mod read;

use parking_domain::instant::Instant;
use parking_domain::occupancy::SpaceState::Occupied;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::Tables;
use crate::engine::rows::upsert;
use crate::occupancy::space_history::Moment;
use crate::occupancy::space_occupancy::SpaceOccupancy;

pub(crate) const TABLES: Tables =
    Tables { names: &["stays"], internal: &[], schema: include_str!("stays.sql") };

/// A stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stay {
    /// The event that began it.
    pub position: i64,
    /// The change's number among those of that event.
    pub ordinal: i64,
    /// The space.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// When it began, as effective time.
    pub arrived_at: Instant,
    /// When it ended; none while it lasts.
    pub departed_at: Option<Instant>,
    /// The event that ended it.
    pub departure_position: Option<i64>,
}

impl Stay {
    /// The stay that a change begins or ends.
    pub(crate) fn of(before: &SpaceOccupancy, moment: &Moment) -> Option<Self> {
        match (before.state, moment.state) {
            (Occupied, Some(Occupied)) => None,
            (Occupied, _) => Some(Self {
                position: before.since_position,
                ordinal: before.since_ordinal,
                space_id: moment.space_id,
                tenant_id: moment.tenant_id,
                site_id: moment.site_id,
                arrived_at: before.since,
                departed_at: Some(moment.at),
                departure_position: Some(moment.position),
            }),
            _ => Self::begun_by(moment),
        }
    }

    /// The stay that a change begins.
    pub(crate) fn begun_by(moment: &Moment) -> Option<Self> {
        (moment.state == Some(Occupied)).then_some(Self {
            position: moment.position,
            ordinal: moment.ordinal,
            space_id: moment.space_id,
            tenant_id: moment.tenant_id,
            site_id: moment.site_id,
            arrived_at: moment.at,
            departed_at: None,
            departure_position: None,
        })
    }

    /// Its key.
    pub(crate) fn key(&self) -> (i64, i64) {
        (self.position, self.ordinal)
    }
}

pub(crate) async fn save(connection: &mut PgConnection, stays: Vec<Stay>) -> Result<(), sqlx::Error> {
    upsert(connection, "stays", "position, ordinal", &stays).await
}

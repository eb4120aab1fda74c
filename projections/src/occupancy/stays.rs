//! Read model `stays`: from when to when a sensor reported a vehicle in a space, and the reservation whose vehicle it was.
//!
//! The domain defines stays; what a space shows has no influence on them.

pub mod read;

use parking_domain::instant::Instant;
use parking_domain::occupancy::Stay as DomainStay;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::Tables;
use crate::engine::rows::upsert;
use crate::occupancy::placement::SpacePlacement;

pub(crate) const TABLES: Tables =
    Tables { names: &["stays"], internal: &[], schema: include_str!("stays.sql") };

/// A stay.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stay {
    /// The reading that began it.
    pub position: i64,
    /// The space.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// When it began.
    pub arrived_at: Instant,
    /// When it ended; none while it lasts.
    pub departed_at: Option<Instant>,
    /// The event that ended it.
    pub departure_position: Option<i64>,
    /// The reservation that it belongs to.
    pub reservation_id: Option<Uuid>,
}

impl Stay {
    pub(super) fn new(stay: &DomainStay, placement: SpacePlacement) -> Self {
        let DomainStay { position, arrived_at, departure, reservation_id } = *stay;
        Self {
            position,
            space_id: placement.space_id,
            tenant_id: placement.tenant_id,
            site_id: placement.site_id,
            arrived_at,
            departed_at: departure.map(|departure| departure.at),
            departure_position: departure.map(|departure| departure.position),
            reservation_id: reservation_id.map(parking_domain::id::Id::uuid),
        }
    }
}

pub(crate) async fn save(connection: &mut PgConnection, stays: Vec<Stay>) -> Result<(), sqlx::Error> {
    upsert(connection, "stays", "position", &stays).await
}

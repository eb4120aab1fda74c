//! Read model `arrivals`: vehicles that sensors saw come to reservations, until the reservations say so themselves.
//!
//! The fold of `space_occupancy` finds them, and the scheduler makes commands of them. Few spaces have one, and none for long.

use std::collections::BTreeMap;

use parking_domain::id::{ReservationId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::Spaces;
use parking_domain::occupancy::confirm::Arrival as Wish;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::exceptions::held_back;
use crate::projection::{Projection, Tables};
use crate::rows::{Row, Rows, from_json};
use crate::space_occupancy::SpaceOccupancies;

pub(crate) const TABLES: Tables =
    Tables { names: &["arrivals"], internal: &[], schema: include_str!("arrivals.sql") };

/// A vehicle that came to a reservation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// The space.
    pub space_id: SpaceId,
    /// Its owner.
    pub tenant_id: TenantId,
    /// The reservation that runs there.
    pub reservation_id: ReservationId,
    /// When the vehicle came: effective time.
    pub at: Instant,
    /// The sensor that stands there.
    pub sensor: Option<DevEui>,
}

impl Row for Arrival {
    const TABLE: &'static str = "arrivals";
    const KEY: &'static str = "space_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = SpaceId;

    fn key(&self) -> SpaceId {
        self.space_id
    }
}

/// Those that wait for their reservation to be confirmed, but at the spaces of `except`; those first that came first.
pub async fn first(
    connection: &mut PgConnection,
    limit: i64,
    except: &[SpaceId],
) -> Result<Vec<Arrival>, sqlx::Error> {
    let query = format!(
        "select to_json(a)::text from arrivals a where a.space_id <> all($1) and not {} \
          order by a.at, a.space_id limit $2",
        held_back(SpaceOccupancies::NAME, "a.space_id")
    );
    let except: Vec<Uuid> = except.iter().map(|space_id| space_id.uuid()).collect();
    let rows: Vec<String> = sqlx::query_scalar(&query).bind(except).bind(limit).fetch_all(connection).await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// Follows the fold's wishes.
#[derive(Default)]
pub(crate) struct Arrivals(Rows<Arrival>);

impl Arrivals {
    /// Writes what the fold wishes otherwise than before.
    pub(crate) async fn save(
        &mut self,
        connection: &mut PgConnection,
        wishes: BTreeMap<SpaceId, Option<Wish>>,
        spaces: &Spaces,
    ) -> Result<(), sqlx::Error> {
        if wishes.is_empty() {
            return Ok(());
        }
        self.0.load(connection, wishes.keys().copied()).await?;
        for (space_id, wish) in wishes {
            let (Some(Wish { reservation_id, at, .. }), Some(space)) = (wish, spaces.space(space_id)) else {
                self.0.remove(&space_id);
                continue;
            };
            let (tenant_id, sensor) = (space.tenant_id(), space.sensor().map(|sensor| sensor.dev_eui));
            self.0.put(Arrival { space_id, tenant_id, reservation_id, at, sensor });
        }
        self.0.save(connection).await
    }
}

//! Read model `arrivals`: arrivals that sensors detected at reserved spaces and that the reservation has not recorded
//! yet.
//!
//! The fold of the projection detects them; the scheduler turns them into commands. A row lives only for a short
//! time.

use std::collections::BTreeMap;

use parking_domain::id::{Id, ReservationId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::Spaces;
use parking_domain::occupancy::confirm::Arrival as PendingArrival;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::exceptions::held_back;
use crate::engine::projection::Tables;
use crate::engine::rows::{Row, Rows, from_json};
use crate::occupancy::name;

pub(crate) const TABLES: Tables =
    Tables { names: &["arrivals"], internal: &[], schema: include_str!("arrivals.sql") };

/// An arrival at a reserved space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// The space.
    pub space_id: SpaceId,
    /// The space's owner.
    pub tenant_id: TenantId,
    /// The active reservation of the space.
    pub reservation_id: ReservationId,
    /// When the vehicle arrived, as effective time.
    pub at: Instant,
    /// The sensor assigned to the space.
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

/// The oldest arrivals to confirm at the spaces of one tenant, or of all, without those in `except`.
pub async fn first(
    connection: &mut PgConnection,
    of: Option<TenantId>,
    limit: i64,
    except: &[SpaceId],
) -> Result<Vec<Arrival>, sqlx::Error> {
    let query = format!(
        "select to_json(a)::text from arrivals a where a.space_id <> all($1) and not {} \
            and ($3::uuid is null or a.tenant_id = $3) \
          order by a.at, a.space_id limit $2",
        held_back(name::NAME, "a.space_id")
    );
    let except: Vec<Uuid> = except.iter().map(|space_id| space_id.uuid()).collect();
    let rows = sqlx::query_scalar::<_, String>(&query).bind(except).bind(limit).bind(of.map(Id::uuid));
    let rows = rows.fetch_all(connection).await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// Writes the pending arrivals of the fold.
#[derive(Default)]
pub(crate) struct Arrivals(Rows<Arrival>);

impl Arrivals {
    /// Saves the pending arrivals that changed.
    pub(crate) async fn save(
        &mut self,
        connection: &mut PgConnection,
        pending: BTreeMap<SpaceId, Option<PendingArrival>>,
        spaces: &Spaces,
    ) -> Result<(), sqlx::Error> {
        if pending.is_empty() {
            return Ok(());
        }
        self.0.load(connection, pending.keys().copied()).await?;
        for (space_id, arrival) in pending {
            let (Some(PendingArrival { reservation_id, at, .. }), Some(space)) =
                (arrival, spaces.space(space_id))
            else {
                self.0.remove(&space_id);
                continue;
            };
            let (tenant_id, sensor) = (space.tenant_id(), space.sensor().map(|sensor| sensor.dev_eui));
            self.0.put(Arrival { space_id, tenant_id, reservation_id, at, sensor });
        }
        self.0.save(connection).await
    }
}

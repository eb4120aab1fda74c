//! Projection `space_occupancy`: the state of each space, its start and reason; the space's history, stays and hours.
//!
//! The domain's fold over all streams decides; this module turns its changes into rows. The fold lives in memory. Its
//! changed parts are stored now and then, so that a runner that takes over resumes from there: events between that
//! position and the checkpoint are folded again, in memory only.

mod memory;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use parking_domain::downlink::Light;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::{Reason, Sign, SpaceMachine, SpaceState};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::arrivals::{self, Arrivals};
use crate::feed::RecordedEvent;
use crate::occupancy_hourly::{self, OccupancyHourly};
use crate::projection::{ApplyError, Decoded, Poison, Projection, Tables};
use crate::rows::{Row, Rows};
use crate::space_history::{self, Moment};
use crate::stays::{self, Stay};
use memory::Memory;

/// The current shown state of a space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceOccupancy {
    /// The space.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// The state.
    pub state: SpaceState,
    /// The start of the state, as effective time.
    pub since: Instant,
    /// The position of the change that began the state.
    pub since_position: i64,
    /// That change's number among those of its event.
    pub since_ordinal: i64,
    /// The deciding level of the seven, 1 the strongest.
    pub level: i16,
    /// The reason.
    pub reason: Reason,
    /// The meaning of the display.
    pub sign: Sign,
    /// What the display shows.
    pub light: Light,
    /// The sensor assigned to the space.
    pub sensor: Option<DevEui>,
    /// The position of the last change.
    pub position: i64,
}

impl Row for SpaceOccupancy {
    const TABLE: &'static str = "space_occupancy";
    const KEY: &'static str = "space_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.space_id
    }
}

/// Runs the fold and writes its changes.
#[derive(Default)]
pub struct SpaceOccupancies {
    memory: Option<Memory>,
    rows: Rows<SpaceOccupancy>,
    hourly: OccupancyHourly,
    arrivals: Arrivals,
}

impl Projection for SpaceOccupancies {
    const NAME: &'static str = "space_occupancy";
    const VERSION: i32 = 3;
    const TABLES: &'static [Tables] = &[
        Tables {
            names: &["space_occupancy"],
            internal: &["occupancy_parts", "occupancy_parts_reached"],
            schema: include_str!("space_occupancy.sql"),
        },
        space_history::TABLES,
        stays::TABLES,
        occupancy_hourly::TABLES,
        arrivals::TABLES,
    ];
    const STREAMS: &'static [&'static str] = &["uplinks", "device", "space", "site", "tenant"];
    const POISON: Poison = Poison::Stop;
    const READS_ONLY_BY_KEY: bool = true;

    async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> Result<(), ApplyError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(()) };
        if self.memory.is_none() {
            self.memory = Some(Memory::load(connection, first.position, Self::STREAMS).await?);
        }
        let Some(memory) = &mut self.memory else { return Ok(()) };
        self.hourly.load(connection).await?;
        let mut moments = Vec::new();
        for decoded in Decoded::all(events)? {
            self.hourly.take_site(&decoded);
            for (change, placement) in memory.take(&decoded) {
                let moment = Moment::new(&change, placement, decoded.recorded.recorded_at);
                moments.push((moment, self.hourly.zone(placement.site_id)));
            }
        }
        let pending = memory.take_arrivals();
        self.arrivals.save(connection, pending, memory.spaces()).await?;
        memory.keep(connection, last.position).await?;
        Ok(self.save(connection, &moments).await?)
    }
}

impl SpaceOccupancies {
    async fn save(
        &mut self,
        connection: &mut PgConnection,
        moments: &[(Moment, Tz)],
    ) -> Result<(), sqlx::Error> {
        self.rows.load(connection, moments.iter().map(|(moment, _)| moment.space_id)).await?;
        let mut stays = BTreeMap::new();
        for (moment, zone) in moments {
            let before = self.rows.get(&moment.space_id).cloned();
            let stay =
                before.as_ref().map_or_else(|| Stay::begun_by(moment), |before| Stay::of(before, moment));
            stays.extend(stay.map(|stay| (stay.key(), stay)));
            self.hourly.count(before.as_ref(), moment, *zone);
            self.show(before.as_ref(), moment);
        }
        self.rows.save(connection).await?;
        space_history::save(connection, moments.iter().map(|(moment, _)| moment)).await?;
        stays::save(connection, stays.into_values().collect()).await?;
        self.hourly.save(connection).await
    }

    fn show(&mut self, before: Option<&SpaceOccupancy>, moment: &Moment) {
        let Some(state) = moment.state else { return self.rows.remove(&moment.space_id) };
        let (Some(level), Some(reason), Some(sign), Some(light)) =
            (moment.level, moment.reason, moment.sign, moment.light)
        else {
            return;
        };
        let begins = (moment.at, moment.position, moment.ordinal);
        let (since, since_position, since_ordinal) = match before {
            Some(before) if before.state == state => {
                (before.since, before.since_position, before.since_ordinal)
            }
            _ => begins,
        };
        self.rows.put(SpaceOccupancy {
            space_id: moment.space_id,
            tenant_id: moment.tenant_id,
            site_id: moment.site_id,
            state,
            since,
            since_position,
            since_ordinal,
            level,
            reason,
            sign,
            light,
            sensor: moment.sensor,
            position: moment.position,
        });
    }
}

/// A space's owner, site and sensor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SpacePlacement {
    pub(crate) tenant_id: Uuid,
    pub(crate) site_id: Uuid,
    pub(crate) sensor: Option<DevEui>,
}

impl From<&SpaceMachine> for SpacePlacement {
    fn from(machine: &SpaceMachine) -> Self {
        Self {
            tenant_id: machine.tenant_id().uuid(),
            site_id: machine.site_id().uuid(),
            sensor: machine.sensor().map(|sensor| sensor.dev_eui),
        }
    }
}

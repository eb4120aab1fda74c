//! Projection `space_occupancy`: what each space is, since when and why; its history, the stays in it and the hours they
//! fill.
//!
//! The domain's fold over all streams decides; here its changes become rows. The fold lives in memory. Now and then what
//! changed of it is stored, so that whoever takes over goes on from there: what the log holds between that place and the
//! checkpoint is folded again, in memory only.

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

/// What is shown of a space now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceOccupancy {
    /// The space.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// The site it is on.
    pub site_id: Uuid,
    /// What it is.
    pub state: SpaceState,
    /// Since when it is that: effective time.
    pub since: Instant,
    /// The change that made it that.
    pub since_position: i64,
    /// That change's number among those of its event.
    pub since_ordinal: i64,
    /// Which of the seven levels decides, 1 the strongest.
    pub level: i16,
    /// Why it is that.
    pub reason: Reason,
    /// What its display stands for.
    pub sign: Sign,
    /// What its display shows.
    pub light: Light,
    /// The sensor that stands there.
    pub sensor: Option<DevEui>,
    /// The last change.
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

/// Carries the fold along the log.
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
    const ASKS_BY_KEY: bool = true;

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
            for (change, whose) in memory.take(&decoded) {
                let moment = Moment::new(&change, whose, decoded.recorded.recorded_at);
                moments.push((moment, self.hourly.zone(whose.site_id)));
            }
        }
        let wishes = memory.take_arrivals();
        self.arrivals.save(connection, wishes, memory.spaces()).await?;
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

/// Whose space it is, where, and what stands there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whose {
    pub(crate) tenant_id: Uuid,
    pub(crate) site_id: Uuid,
    pub(crate) sensor: Option<DevEui>,
}

impl From<&SpaceMachine> for Whose {
    fn from(machine: &SpaceMachine) -> Self {
        Self {
            tenant_id: machine.tenant_id().uuid(),
            site_id: machine.site_id().uuid(),
            sensor: machine.sensor().map(|sensor| sensor.dev_eui),
        }
    }
}

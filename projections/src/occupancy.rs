//! Projection `occupancy`: the state of each space, its history, stays and hours, and all changes in order.
//!
//! The domain's fold over all streams decides; this room turns its changes into rows. The fold lives in memory. Its
//! changed parts are stored now and then, so that a runner that takes over resumes from there: events between that
//! position and the checkpoint are folded again, in memory only.

pub mod arrivals;
pub mod changes;
mod memory;
mod name;
pub mod occupancy_hourly;
mod placement;
pub mod space_history;
pub mod space_occupancy;
pub mod stays;

use std::collections::BTreeMap;

use chrono_tz::Tz;
use sqlx::PgConnection;

use crate::engine::feed::RecordedEvent;
use crate::engine::projection::{ApplyError, Decoded, Poison, Projection, Tables};
use crate::engine::rows::Rows;
use crate::occupancy::arrivals::Arrivals;
use crate::occupancy::changes::Changes;
use crate::occupancy::memory::{Memory, Taken};
use crate::occupancy::occupancy_hourly::OccupancyHourly;
use crate::occupancy::space_history::Moment;
use crate::occupancy::space_occupancy::SpaceOccupancy;

/// Runs the fold and writes its changes.
#[derive(Default)]
pub struct Occupancies {
    memory: Option<Memory>,
    rows: Rows<SpaceOccupancy>,
    hourly: OccupancyHourly,
    arrivals: Arrivals,
    changes: Changes,
}

impl Projection for Occupancies {
    const NAME: &'static str = name::NAME;
    const VERSION: i32 = name::VERSION;
    const TABLES: &'static [Tables] = &[
        space_occupancy::TABLES,
        space_history::TABLES,
        stays::TABLES,
        occupancy_hourly::TABLES,
        arrivals::TABLES,
        changes::TABLES,
    ];
    const STREAMS: &'static [&'static str] = &["uplinks", "device", "space", "site", "tenant"];
    const POISON: Poison = Poison::Stop;
    const OWN_INDEXES: Option<&'static [&'static str]> = Some(&[]);

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
        self.changes.load(connection).await?;
        let (mut moments, mut pending, mut stays) = (Vec::new(), BTreeMap::new(), BTreeMap::new());
        for decoded in Decoded::all(events)? {
            self.hourly.take_site(&decoded);
            let Taken { placement, changes, arrivals, stays: changed } = memory.take(&decoded);
            self.changes.take_event(&decoded, placement);
            for (change, placement) in changes {
                self.changes.take_change(&decoded, &change, placement);
                let moment = Moment::new(&change, placement, decoded.recorded.recorded_at);
                moments.push((moment, self.hourly.zone(placement.site_id)));
            }
            for arrival in arrivals.values().flatten() {
                if let Some(placement) = memory.placement(arrival.space_id) {
                    self.changes.take_arrival(&decoded, arrival, placement);
                }
            }
            pending.extend(arrivals);
            for stay in changed {
                self.hourly.count_stay(&stay, decoded.recorded.position);
                stays.insert(stay.position, stay);
            }
        }
        stays::save(connection, stays.into_values().collect()).await?;
        self.arrivals.save(connection, pending, memory.spaces()).await?;
        self.changes.save(connection).await?;
        memory.keep(connection, last.position).await?;
        Ok(self.save(connection, &moments).await?)
    }
}

impl Occupancies {
    async fn save(
        &mut self,
        connection: &mut PgConnection,
        moments: &[(Moment, Tz)],
    ) -> Result<(), sqlx::Error> {
        self.rows.load(connection, moments.iter().map(|(moment, _)| moment.space_id)).await?;
        for (moment, zone) in moments {
            let before = self.rows.get(&moment.space_id).cloned();
            self.hourly.count(before.as_ref(), moment, *zone);
            match SpaceOccupancy::after(before.as_ref(), moment) {
                Some(row) => self.rows.put(row),
                None => self.rows.remove(&moment.space_id),
            }
        }
        self.rows.save(connection).await?;
        space_history::save(connection, moments.iter().map(|(moment, _)| moment)).await?;
        self.hourly.save(connection).await
    }
}

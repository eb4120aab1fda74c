//! Decides when to look at which sensor, so that a silence becomes an event within seconds without reading all sensors.
//!
//! Every report makes a sensor's silence due later, so one look at the earlier due time is enough: either the sensor is
//! silent then, or its row gives the next time. Only commands (a claim, another heartbeat, another policy) make a
//! silence due earlier, and `activity` shows them. Rebuilt rows may differ from the rows seen before: then all sensors
//! are read again. A step costs as much as the sensors due for a look; only the first step, and one after a rebuild,
//! reads all of them, in pages.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_projections::devices::Fleet;
use parking_projections::devices::silences::{self, Silence, Watched};
use parking_projections::registry::Registry;
use sqlx::PgConnection;

use crate::due::{Done, Dues};

/// Sensors read at once.
const PAGE: u16 = 1000;

/// The shortest time between two looks at a sensor.
const SHORTEST: TimeDelta = TimeDelta::seconds(1);

/// The sensors by the time of the next look. Some sixty bytes for each sensor.
#[derive(Debug, Default)]
pub struct SilenceWatch {
    order: BTreeSet<(Instant, DevEui)>,
    of: HashMap<DevEui, Instant>,
    /// The position up to which activity was read, and the generation of the rows; none before the first look.
    seen: Option<(i64, i64)>,
}

impl SilenceWatch {
    /// The time of the next look.
    pub fn next(&self) -> Option<Instant> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Reports the silences due at `now`. `connection` has the role projector.
    pub async fn look(
        &mut self,
        dues: &Dues,
        connection: &mut PgConnection,
        now: Instant,
    ) -> Result<Done, sqlx::Error> {
        // If they are behind, a sensor seems silent whose uplinks are merely not applied yet.
        let Some(head) = dues.applied_head::<(Registry, Fleet)>(connection).await? else {
            return Ok(Done { unsettled: true, ..Done::default() });
        };
        let generation = silences::generation(connection).await?;
        match self.seen.filter(|(_, of)| *of == generation) {
            None => self.load(connection, now).await?,
            Some((seen, _)) => {
                for dev_eui in silences::changed(connection, seen, head).await? {
                    self.put(dev_eui, now);
                }
            }
        }
        self.seen = Some((head, generation));
        let mut all = Done::default();
        loop {
            let looked_at = self.take(now);
            if looked_at.is_empty() {
                return Ok(all);
            }
            // One of a damaged stream stays as it is; it is put aside until the next load.
            let usable: Vec<DevEui> =
                looked_at.into_iter().filter(|dev_eui| !dues.is_damaged(*dev_eui)).collect();
            let sensors = silences::of(connection, &usable).await?;
            let done = dues.note_silences(self.sort(&sensors, now), now).await;
            all.add(done);
        }
    }

    /// Reads all sensors.
    async fn load(&mut self, connection: &mut PgConnection, now: Instant) -> Result<(), sqlx::Error> {
        let mut after = None;
        loop {
            let page = silences::page(connection, after, PAGE.into()).await?;
            for sensor in &page {
                self.put(sensor.dev_eui, sensor.look_again_at(now));
            }
            after = page.last().map(|sensor| sensor.dev_eui);
            if page.len() < usize::from(PAGE) {
                return Ok(());
            }
        }
    }

    /// The due silences. Every sensor gets its next time: one whose silence is due is looked at again soon, until its
    /// row shows it as silent.
    fn sort(&mut self, sensors: &[Watched], now: Instant) -> Vec<Silence> {
        for sensor in sensors {
            self.put(sensor.dev_eui, sensor.look_again_at(now).max(now + SHORTEST));
        }
        sensors.iter().filter_map(Watched::silence).filter(|silence| silence.due <= now).collect()
    }

    fn put(&mut self, dev_eui: DevEui, at: Instant) {
        if let Some(before) = self.of.insert(dev_eui, at) {
            self.order.remove(&(before, dev_eui));
        }
        self.order.insert((at, dev_eui));
    }

    /// Takes the first sensors that are due for a look. A device that is no longer a sensor does not come back.
    fn take(&mut self, now: Instant) -> Vec<DevEui> {
        let due: Vec<DevEui> = self
            .order
            .iter()
            .take_while(|(at, _)| *at <= now)
            .take(PAGE.into())
            .map(|(_, dev_eui)| *dev_eui)
            .collect();
        for dev_eui in &due {
            if let Some(at) = self.of.remove(dev_eui) {
                self.order.remove(&(at, *dev_eui));
            }
        }
        due
    }
}

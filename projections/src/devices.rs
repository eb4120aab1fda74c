//! Projection `fleet`: owned devices with their last values, their uplinks, and all other devices that were heard, as
//! orphans. A released device is an orphan at once, a retired one when it is heard again.
//!
//! Ownership follows the device's stream in log order. A claim reads the device's uplinks since it last became
//! ownerless again from the log, at most 90 days back (`past`). Until then only the orphan's row exists, with counts.

pub(crate) mod device_places;
mod fold;
pub mod inventory;
mod name;
pub mod orphan_devices;
mod past;
pub mod silences;
pub mod uplinks;

pub use fold::DeviceFold;
use parking_domain::device::{DeviceEvent, Status};
use parking_domain::lorawan::DevEui;
use parking_domain::stored::Event;
use parking_domain::uplinks::{self as streams, UplinkEvent};
use sqlx::PgConnection;

use crate::devices::device_places::DevicePlaces;
use crate::devices::inventory::Device;
use crate::devices::orphan_devices::OrphanDevices;
use crate::devices::past::Past;
use crate::devices::uplinks::Uplinks;
use crate::engine::feed::RecordedEvent;
use crate::engine::projection::{ApplyError, Decoded, Poison, Projection, Tables};
use crate::engine::rows::Rows;

/// Applies events to the rows of the read models.
#[derive(Default)]
pub struct Fleet {
    owned: Rows<Device>,
    places: DevicePlaces,
    orphans: OrphanDevices,
    uplinks: Uplinks,
}

impl Projection for Fleet {
    const NAME: &'static str = name::NAME;
    const VERSION: i32 = 5;
    const TABLES: &'static [Tables] =
        &[inventory::TABLES, device_places::TABLES, uplinks::TABLES, orphan_devices::TABLES];
    const STREAMS: &'static [&'static str] = &["uplinks", "device"];
    const POISON: Poison = Poison::DeadLetter;
    // By which a device's uplinks are deleted.
    const OWN_INDEXES: Option<&'static [&'static str]> = Some(&["uplinks_of_device"]);

    async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> Result<(), ApplyError> {
        let events = Decoded::all(events)?;
        self.owned.load(connection, events.iter().filter_map(dev_eui_of)).await?;
        for decoded in &events {
            let Some(dev_eui) = dev_eui_of(decoded) else { continue };
            match &decoded.event {
                Event::Uplink(event) => self.hear(dev_eui, event, decoded.recorded),
                Event::Device(event) => {
                    let before = self.owned.get(&dev_eui).cloned();
                    self.take(connection, dev_eui, event, decoded.recorded).await?;
                    self.places.take(before.as_ref(), self.owned.get(&dev_eui), decoded.recorded);
                }
                _ => {}
            }
        }
        self.owned.save(connection).await?;
        self.places.save(connection).await?;
        self.orphans.save(connection).await?;
        Ok(self.uplinks.save(connection).await?)
    }
}

fn dev_eui_of(decoded: &Decoded<'_>) -> Option<DevEui> {
    match &decoded.event {
        Event::Uplink(_) => streams::dev_eui_of(&decoded.recorded.aggregate_id),
        Event::Device(_) => decoded.recorded.aggregate_id.parse().ok(),
        _ => None,
    }
}

impl Fleet {
    fn hear(&mut self, dev_eui: DevEui, event: &UplinkEvent, recorded: &RecordedEvent) {
        let position = recorded.position;
        let is_owned = |device: &Device| device.status != Status::Retired;
        if self.owned.get(&dev_eui).is_none_or(|device| !is_owned(device)) {
            self.orphans.hear(dev_eui, event, position);
        } else if let Some(device) = self.owned.change(&dev_eui) {
            let before = device.occupancy;
            device.hear(event, position, &mut self.uplinks);
            if device.occupancy != before {
                self.places.report(device, recorded);
            }
        }
    }

    async fn take(
        &mut self,
        connection: &mut PgConnection,
        dev_eui: DevEui,
        event: &DeviceEvent,
        recorded: &RecordedEvent,
    ) -> Result<(), ApplyError> {
        match event {
            DeviceEvent::DeviceClaimed { tenant_id, category, definition, at, .. } => {
                let mut device = Device::claimed(dev_eui, tenant_id.uuid(), *category, definition, *at);
                let orphan = self.orphans.end(connection, dev_eui).await?;
                self.uplinks.forget(connection, dev_eui).await?;
                let mut past = Past::before(connection, dev_eui, recorded.position, *at).await?;
                while let Some(page) = past.next_page(connection).await? {
                    for (position, event) in page.iter().filter_map(Past::heard) {
                        device.hear(event, position, &mut self.uplinks);
                    }
                    // Saved page by page, so that memory use does not grow with the device's history.
                    self.uplinks.save(connection).await?;
                }
                device.take_over(orphan);
                device.position = recorded.position;
                self.owned.put(device);
            }
            DeviceEvent::DeviceReleased { .. } => {
                self.become_orphan(dev_eui, recorded.position);
                self.owned.remove(&dev_eui);
                self.uplinks.forget(connection, dev_eui).await?;
            }
            DeviceEvent::DeviceRetired { at, .. } => {
                if self.become_orphan(dev_eui, recorded.position) {
                    // Not before it is heard again.
                    self.orphans.dismiss(dev_eui, *at);
                }
                self.change(dev_eui, event, recorded.position);
            }
            DeviceEvent::OrphanDismissed { at, .. } => self.orphans.dismiss(dev_eui, *at),
            event => self.change(dev_eui, event, recorded.position),
        }
        Ok(())
    }

    fn change(&mut self, dev_eui: DevEui, event: &DeviceEvent, position: i64) {
        if let Some(device) = self.owned.change(&dev_eui) {
            device.apply_event(event);
            device.position = position;
        }
    }

    /// Makes a device that its owner gives up an orphan; false if it was never heard. The orphan takes along when the device
    /// was last heard and its profile, and none of its values and counts, which are its former owner's.
    fn become_orphan(&mut self, dev_eui: DevEui, position: i64) -> bool {
        let Some((device, last_seen)) = self.owned.get(&dev_eui).and_then(|it| Some((it, it.last_seen_at?)))
        else {
            return false;
        };
        // A retired device has a row already, with a newer profile if it was heard since.
        let profile = device.profile.clone().filter(|_| device.status != Status::Retired);
        self.orphans.begin(dev_eui, last_seen, profile, position);
        true
    }
}

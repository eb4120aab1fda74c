//! A generated history of a site, two spaces, a sensor and a display: everything that an answer shows of a space changes.

use fastrand::Rng;
use parking_domain::device::{Category, Definition as DeviceDefinition, Device, DeviceEvent};
use parking_domain::document::Document;
use parking_domain::id::{SiteId, SpaceId};
use parking_domain::lorawan::DevEui;
use parking_domain::policy::PolicyOverrides;
use parking_domain::site::{Site, SiteEvent};
use parking_domain::space::{Definition, Space, SpaceEvent, StateByHand};
use parking_testkit::estate::{Estate, OWNER, at};

/// The history so far.
pub(super) struct History<'a> {
    pub(super) estate: Estate<'a>,
    pub(super) site_id: SiteId,
    pub(super) space_ids: [SpaceId; 2],
    /// Sensor and display, with the space where each is.
    devices: [(DevEui, Category, Option<SpaceId>); 2],
    rng: Rng,
    second: i64,
}

impl<'a> History<'a> {
    /// Two spaces without devices.
    pub(super) async fn begin(estate: Estate<'a>) -> Self {
        let site_id = estate.site(1, 0).await;
        let space_ids = [estate.space(2, site_id, 1).await, estate.space(3, site_id, 2).await];
        // The sensor is heard before it is claimed.
        estate.reports(estate.eui(4), 0, true, 3).await;
        let sensor = estate.device(4, Category::Sensor, 4).await;
        let display = estate.device(5, Category::Display, 5).await;
        let devices = [(sensor, Category::Sensor, None), (display, Category::Display, None)];
        Self { estate, site_id, space_ids, devices, rng: Rng::with_seed(14), second: 10 }
    }

    /// Adds events.
    pub(super) async fn go_on(&mut self, steps: usize) {
        for _ in 0..steps {
            self.second += 60;
            match self.rng.u8(..10) {
                0..=2 => self.report().await,
                3 => self.describe().await,
                4 => self.rename_site().await,
                5 => self.set_by_hand().await,
                6 => self.change_ownership().await,
                7 => self.rename_device().await,
                _ => self.move_device().await,
            }
        }
    }

    /// Deletes a space whose devices leave it.
    pub(super) async fn end(&mut self) {
        self.second += 60;
        let [space_id, _] = self.space_ids;
        for n in 0..2 {
            if self.devices[n].2 == Some(space_id) {
                self.unassign(n).await;
            }
        }
        let (site_id, at) = (self.site_id, at(self.second));
        let deleted =
            SpaceEvent::SpaceDeleted { space_id, site_id, code: "P2".into(), reason: None, at, by: OWNER };
        self.estate.happens::<Space>(space_id, deleted).await;
    }

    async fn report(&mut self) {
        let f_cnt = u32::try_from(self.second).unwrap();
        let occupied = self.rng.bool();
        self.estate.reports(self.devices[0].0, f_cnt, occupied, self.second).await;
    }

    async fn describe(&mut self) {
        let at = at(self.second);
        let space_id = self.space_ids[self.rng.usize(..2)];
        let event = if self.rng.bool() {
            let (from, to) = ("P".to_owned(), format!("P-{}", self.second));
            SpaceEvent::SpaceCodeChanged { site_id: self.site_id, from, to, at, by: OWNER }
        } else {
            let definition = Box::new(Definition {
                name: format!("Renamed at {}", self.second),
                display_name: "Corner".to_owned(),
                enabled: self.rng.bool(),
                auto_release_minutes: None,
                building: None,
                floor: Some(self.second.to_string()),
                zone: None,
                position: None,
                policy: PolicyOverrides::default(),
                config: Document::default(),
                metadata: Document::default(),
            });
            SpaceEvent::SpaceUpdated { definition, at, by: OWNER }
        };
        self.estate.happens::<Space>(space_id, event).await;
    }

    async fn rename_site(&mut self) {
        let renamed = SiteEvent::SiteRenamed {
            tenant_id: self.estate.tenant(),
            from_name: "Site".to_owned(),
            to_name: format!("Site at {}", self.second),
            from_slug: "site".to_owned(),
            to_slug: format!("site-{}", self.second),
            at: at(self.second),
            by: OWNER,
        };
        self.estate.happens::<Site>(self.site_id, renamed).await;
    }

    async fn set_by_hand(&mut self) {
        let states =
            [StateByHand::Free, StateByHand::Occupied, StateByHand::Maintenance, StateByHand::Unknown];
        let state = states[self.rng.usize(..states.len())];
        let set = SpaceEvent::StateSetByHand { state, reason: None, at: at(self.second), by: OWNER };
        self.estate.happens::<Space>(self.space_ids[self.rng.usize(..2)], set).await;
    }

    /// Releases a device and claims it again, with a report between.
    async fn change_ownership(&mut self) {
        let n = self.rng.usize(..2);
        if self.devices[n].2.is_some() {
            self.unassign(n).await;
        }
        let (dev_eui, category, _) = self.devices[n];
        let gone = if self.rng.bool() {
            DeviceEvent::DeviceReleased { reason: None, at: at(self.second), by: OWNER }
        } else {
            DeviceEvent::DeviceRetired { reason: None, at: at(self.second), by: OWNER }
        };
        self.estate.happens::<Device>(dev_eui, gone).await;
        self.report().await;
        self.estate.device(if n == 0 { 4 } else { 5 }, category, self.second).await;
    }

    async fn rename_device(&mut self) {
        let definition = Box::new(DeviceDefinition::named(format!("Renamed at {}", self.second)));
        let renamed = DeviceEvent::DeviceUpdated { definition, at: at(self.second), by: OWNER };
        self.estate.happens::<Device>(self.devices[self.rng.usize(..2)].0, renamed).await;
    }

    async fn move_device(&mut self) {
        let n = self.rng.usize(..2);
        let (dev_eui, category, from) = self.devices[n];
        let (to, at) = (self.space_ids[self.rng.usize(..2)], at(self.second));
        let event = match from {
            None => DeviceEvent::DeviceAssigned { space_id: to, category, reason: None, at, by: OWNER },
            Some(from) if from != to => {
                DeviceEvent::DeviceReassigned { from, to, category, reason: None, at, by: OWNER }
            }
            Some(_) => return self.unassign(n).await,
        };
        self.devices[n].2 = Some(to);
        self.estate.happens::<Device>(dev_eui, event).await;
    }

    async fn unassign(&mut self, n: usize) {
        let (dev_eui, category, Some(space_id)) = self.devices[n] else { return };
        self.devices[n].2 = None;
        let left = DeviceEvent::DeviceUnassigned {
            space_id,
            category,
            reason: None,
            at: at(self.second),
            by: OWNER,
        };
        self.estate.happens::<Device>(dev_eui, left).await;
    }
}

//! Everything that is shown of one space, folded from the events of its streams.

use std::collections::HashMap;

use parking_domain::device::Category;
use parking_domain::id::{SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::{Shown, SpaceMachine, Spaces};
use parking_domain::site::SiteEvent;
use parking_domain::space::{Definition, SpaceEvent};
use parking_domain::stored::{DecodeError, Event};
use parking_domain::uplinks;
use parking_projections::devices::DeviceFold;
use parking_projections::engine::as_of::LastEvent;
use parking_projections::engine::feed::RecordedEvent;
use parking_projections::registry::spaces::read::DeviceAtSpace;
use uuid::Uuid;

/// A space as its operator describes it.
pub(super) struct Described {
    pub(super) tenant_id: TenantId,
    pub(super) site_id: SiteId,
    pub(super) code: String,
    pub(super) definition: Definition,
    pub(super) created_at: Instant,
    pub(super) updated_at: Instant,
}

/// A device, with the space where it is.
type Place = (Uuid, Category, DeviceAtSpace);

/// The fold, and the last event that changed any of it.
pub(super) struct SpaceFold {
    space_id: SpaceId,
    spaces: Spaces,
    described: Option<Described>,
    site: Option<(String, String)>,
    devices: HashMap<DevEui, DeviceFold>,
    sensor: Option<DeviceAtSpace>,
    display: Option<DeviceAtSpace>,
    state_since: Instant,
    last: LastEvent,
}

impl SpaceFold {
    pub(super) fn new(space_id: SpaceId) -> Self {
        Self {
            space_id,
            spaces: Spaces::default(),
            described: None,
            site: None,
            devices: HashMap::new(),
            sensor: None,
            display: None,
            state_since: Instant::MIN,
            last: LastEvent { position: 0, recorded_at: Instant::MIN },
        }
    }

    pub(super) fn space_id(&self) -> SpaceId {
        self.space_id
    }

    pub(super) fn described(&self) -> Option<&Described> {
        self.described.as_ref()
    }

    pub(super) fn site_name(&self) -> Option<&str> {
        self.site.as_ref().map(|(name, _)| name.as_str())
    }

    pub(super) fn shown(&self) -> Option<(Shown, Instant)> {
        self.spaces.space(self.space_id).map(SpaceMachine::last_shown)
    }

    pub(super) fn state_since(&self) -> Instant {
        self.state_since
    }

    pub(super) fn sensor(&self) -> Option<&DeviceAtSpace> {
        self.sensor.as_ref()
    }

    pub(super) fn display(&self) -> Option<&DeviceAtSpace> {
        self.display.as_ref()
    }

    pub(super) fn last(&self) -> LastEvent {
        self.last
    }

    /// Applies the next event of one of the space's streams.
    pub(super) fn apply(&mut self, recorded: &RecordedEvent) -> Result<(), DecodeError> {
        let event = recorded.event()?;
        let described = match event {
            Event::Space(event) => self.describe(event),
            Event::Site(event) => self.name_site(event),
            _ => false,
        };
        let moved = self.move_devices(recorded, event);
        let shown = self.show(recorded, event);
        if described || moved || shown {
            self.last = LastEvent { position: recorded.position, recorded_at: recorded.recorded_at };
        }
        Ok(())
    }

    fn describe(&mut self, event: &SpaceEvent) -> bool {
        match (event, &mut self.described) {
            (SpaceEvent::SpaceCreated { tenant_id, site_id, code, definition, at, .. }, described) => {
                *described = Some(Described {
                    tenant_id: *tenant_id,
                    site_id: *site_id,
                    code: code.clone(),
                    definition: (**definition).clone(),
                    created_at: *at,
                    updated_at: *at,
                });
            }
            (SpaceEvent::SpaceUpdated { definition, at, .. }, Some(described)) => {
                described.definition.clone_from(definition);
                described.updated_at = *at;
            }
            (SpaceEvent::SpaceCodeChanged { to, at, .. }, Some(described)) => {
                described.code.clone_from(to);
                described.updated_at = *at;
            }
            (SpaceEvent::SpaceDeleted { .. }, described) => *described = None,
            _ => return false,
        }
        true
    }

    fn name_site(&mut self, event: &SiteEvent) -> bool {
        match event {
            SiteEvent::SiteCreated { name, slug, .. }
            | SiteEvent::SiteRenamed { to_name: name, to_slug: slug, .. } => {
                self.site = Some((name.clone(), slug.clone()));
            }
            SiteEvent::SiteArchived { .. } => self.site = None,
            _ => return false,
        }
        true
    }

    /// True if a device at the space changed, came or left.
    fn move_devices(&mut self, recorded: &RecordedEvent, event: &Event) -> bool {
        let dev_eui = match event {
            Event::Uplink(_) => uplinks::dev_eui_of(&recorded.aggregate_id),
            Event::Device(_) => recorded.aggregate_id.parse().ok(),
            _ => None,
        };
        let Some(dev_eui) = dev_eui else { return false };
        let device = self.devices.entry(dev_eui).or_default();
        let here = |place: Option<Place>| place.filter(|(space_id, ..)| self.space_id.uuid() == *space_id);
        let before = here(device.place());
        device.apply(recorded.position, dev_eui, event);
        let after = here(device.place());
        if before == after {
            return false;
        }
        for (place, standing) in [(before, false), (after, true)] {
            let Some((_, category, device)) = place else { continue };
            let at = match category {
                Category::Sensor => &mut self.sensor,
                Category::Display => &mut self.display,
            };
            *at = standing.then_some(device);
        }
        true
    }

    /// True if what the space shows changed.
    fn show(&mut self, recorded: &RecordedEvent, event: &Event) -> bool {
        let changes = self.spaces.apply(recorded.position, &recorded.aggregate_id, event);
        let mut any = false;
        for change in changes.iter().filter(|change| change.space_id == self.space_id) {
            any = true;
            if change.from.map(|shown| shown.state) != change.to.map(|shown| shown.state) {
                self.state_since = change.at;
            }
        }
        any
    }
}

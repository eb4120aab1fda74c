//! Where a space is: its owner, site and sensor, as the fold knows them.

use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::SpaceMachine;
use uuid::Uuid;

/// A space's owner, site and sensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpacePlacement {
    pub(super) tenant_id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sensor: Option<DevEui>,
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

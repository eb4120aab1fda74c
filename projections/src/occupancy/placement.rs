//! What the fold knows of a space's place: its owner, site and sensor.

use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::SpaceMachine;
use uuid::Uuid;

/// A space with its owner, site and sensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpacePlacement {
    pub(super) space_id: Uuid,
    pub(super) tenant_id: Uuid,
    pub(super) site_id: Uuid,
    pub(super) sensor: Option<DevEui>,
}

impl From<&SpaceMachine> for SpacePlacement {
    fn from(machine: &SpaceMachine) -> Self {
        Self {
            space_id: machine.space_id().uuid(),
            tenant_id: machine.tenant_id().uuid(),
            site_id: machine.site_id().uuid(),
            sensor: machine.sensor().map(|sensor| sensor.dev_eui),
        }
    }
}

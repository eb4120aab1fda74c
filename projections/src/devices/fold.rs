//! A device's row folded from its streams alone: for the auditor, who reads no rows.

use parking_domain::device::{Category, DeviceEvent, Status};
use parking_domain::lorawan::DevEui;
use parking_domain::stored::Event;
use parking_domain::uplinks::UplinkEvent;
use uuid::Uuid;

use crate::devices::inventory::Device;
use crate::devices::past::HORIZON;
use crate::devices::uplinks::Uplinks;
use crate::registry::spaces::read::DeviceAtSpace;

/// One device, from the events of its own stream and of its reports in log order.
#[derive(Default)]
pub struct DeviceFold {
    row: Option<Device>,
    /// The reports since it last became ownerless, with their positions.
    ownerless: Vec<(i64, UplinkEvent)>,
    uplinks: Uplinks,
}

impl DeviceFold {
    /// Applies the next event.
    pub fn apply(&mut self, position: i64, dev_eui: DevEui, event: &Event) {
        match event {
            Event::Uplink(event) => self.hear(position, event),
            Event::Device(DeviceEvent::DeviceClaimed { tenant_id, category, definition, at, .. }) => {
                let mut device = Device::claimed(dev_eui, tenant_id.uuid(), *category, definition, *at);
                for (position, event) in std::mem::take(&mut self.ownerless) {
                    if event.report().received_at >= *at - HORIZON {
                        device.hear(&event, position, &mut self.uplinks);
                    }
                }
                self.row = Some(device);
            }
            Event::Device(DeviceEvent::DeviceReleased { .. }) => self.row = None,
            Event::Device(event) => {
                if let Some(device) = &mut self.row {
                    device.apply_event(event);
                }
            }
            _ => {}
        }
        self.uplinks.discard();
    }

    fn hear(&mut self, position: i64, event: &UplinkEvent) {
        match self.row.as_mut().filter(|device| device.status != Status::Retired) {
            Some(device) => device.hear(event, position, &mut self.uplinks),
            None => self.ownerless.push((position, event.clone())),
        }
    }

    /// The device at its space, as sensor or display; none if it is at none.
    pub fn place(&self) -> Option<(Uuid, Category, DeviceAtSpace)> {
        let device = self.row.as_ref()?;
        let at_space = DeviceAtSpace {
            dev_eui: device.dev_eui,
            name: device.definition.name.clone(),
            status: device.status,
            occupancy: device.occupancy,
        };
        Some((device.space_id?, device.category, at_space))
    }
}

//! Times in which a sensor is not assigned or not enabled, so that its reports do not count.

use chrono::TimeDelta;
use parking_domain::device::{DeviceCommand, DevicePatch};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_simulator::Simulation;

use super::{World, asked, space};

/// Why a sensor does not count for some time.
#[derive(Clone, Copy)]
pub(super) enum Outage {
    Unassigned,
    Disabled,
}

impl World<'_> {
    /// Sets an override; or removes a sensor and puts it back, at once or later; or disables one for some time.
    pub(super) fn disturb(&mut self, simulation: &mut Simulation, chance: u64, at: Instant) {
        let n = usize::try_from(chance).unwrap() % self.spaces.len();
        if chance.is_multiple_of(2) {
            return self.block(chance, at + TimeDelta::minutes(10), at);
        }
        let place = space(n);
        let at_space = self.devices.iter().find(|(_, device)| device.space_id() == Some(place));
        let Some(dev_eui) = at_space.map(|(dev_eui, _)| *dev_eui) else { return };
        let outage = if chance.is_multiple_of(3) { Outage::Disabled } else { Outage::Unassigned };
        match outage {
            Outage::Unassigned => {
                self.device(dev_eui, &DeviceCommand::UnassignDevice { reason: None, asked: asked(at) });
            }
            Outage::Disabled => self.enable(dev_eui, false, at),
        }
        simulation.watch(n, false, at.utc());
        self.outages.push((outage, dev_eui, n));
        if chance % 3 == 1 {
            self.end_outages(simulation, at);
        }
    }

    /// Assigns and enables the sensors that did not count for some time.
    pub(super) fn end_outages(&mut self, simulation: &mut Simulation, at: Instant) {
        for (outage, dev_eui, n) in std::mem::take(&mut self.outages) {
            match outage {
                Outage::Unassigned => self.assign(dev_eui, n, at),
                Outage::Disabled => self.enable(dev_eui, true, at),
            }
            simulation.watch(n, true, at.utc());
        }
    }

    fn enable(&mut self, dev_eui: DevEui, enabled: bool, at: Instant) {
        let patch = Box::new(DevicePatch { enabled: Some(enabled), ..DevicePatch::default() });
        self.device(dev_eui, &DeviceCommand::UpdateDevice { patch, asked: asked(at) });
    }
}

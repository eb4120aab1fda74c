//! A sensor at its space: its state and its LoRaWAN session.

use chrono::{DateTime, Utc};

use crate::Truth;
use crate::model::Model;

/// The prefix of simulated EUIs: locally administered, so no real device has it.
const EUIS: u64 = 0x0200_5140_0000_0000;

/// A sensor.
#[derive(Clone, Debug)]
pub(crate) struct Sensor {
    number: u32,
    pub(crate) occupied: bool,
    pub(crate) changed_at: Option<DateTime<Utc>>,
    pub(crate) session: u32,
    pub(crate) f_cnt: u32,
    /// Uplinks that arrived.
    pub(crate) arrived: u64,
}

impl Sensor {
    pub(crate) fn new(number: u32, session: u32) -> Self {
        Self { number, occupied: false, changed_at: None, session, f_cnt: 0, arrived: 0 }
    }

    pub(crate) fn dev_eui(&self) -> u64 {
        EUIS + u64::from(self.number) + 1
    }

    pub(crate) fn model(&self) -> Model {
        Model::of(self.number)
    }

    /// Its address in its session; every join changes it.
    pub(crate) fn dev_addr(&self) -> String {
        format!("{:08x}", (self.number + 1) << 12 | self.session & 0xfff)
    }

    /// Begins a session.
    pub(crate) fn join(&mut self) {
        self.session += 1;
        self.f_cnt = 0;
    }

    pub(crate) fn truth(&self) -> Truth {
        Truth { dev_eui: self.dev_eui(), occupied: self.occupied, uplinks: self.arrived }
    }
}

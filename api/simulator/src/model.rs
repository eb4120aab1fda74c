//! The sensor models and the frames they send.

use chrono::TimeDelta;

/// A parking sensor model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Bosch TPS110.
    Bosch,
    /// Nwave NPS405.
    Nwave,
    /// Browan TBMS100, a motion sensor used as a parking sensor.
    Browan,
}

impl Model {
    /// The model of the n-th sensor, in turns.
    pub(crate) fn of(number: u32) -> Self {
        [Self::Bosch, Self::Nwave, Self::Browan][(number % 3) as usize]
    }

    /// The device profile's name in ChirpStack.
    pub fn profile(self) -> &'static str {
        match self {
            Self::Bosch => "Bosch TPS110",
            Self::Nwave => "Nwave NPS405",
            Self::Browan => "Browan TBMS100",
        }
    }

    /// The interval between heartbeats.
    pub(crate) fn heartbeat(self) -> TimeDelta {
        match self {
            Self::Bosch | Self::Nwave => TimeDelta::hours(6),
            Self::Browan => TimeDelta::hours(1),
        }
    }

    /// Port and bytes of a report; `minutes` is how long the previous state lasted.
    pub(crate) fn frame(self, occupied: bool, heartbeat: bool, minutes: u8) -> (u8, Vec<u8>) {
        let state = u8::from(occupied);
        match (self, heartbeat) {
            (Self::Bosch, false) => (1, vec![state]),
            (Self::Bosch, true) => (2, vec![state, 18]),
            (Self::Nwave, false) => (1, vec![minutes.min(89) << 1 | state]),
            (Self::Nwave, true) => (2, vec![state, 0xc8, 0x14]),
            (Self::Browan, _) => (102, vec![state, 0xfb, 0x35, minutes, 0, 0x2a, 0, 0]),
        }
    }
}

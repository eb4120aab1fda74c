//! What is shown of a space, and on what ground: the seven levels, the first that applies first.

use serde::{Deserialize, Serialize};

use crate::downlink::{Colour, Light};
use crate::policy::Policy;
use crate::sensors::Occupancy;

/// What a space is, for whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceState {
    /// Nothing is there.
    Free,
    /// A vehicle is there.
    Occupied,
    /// Kept for somebody.
    Reserved,
    /// Not to be used.
    Maintenance,
    /// Nothing is known.
    Unknown,
}

/// What a display stands for. A display cannot show that nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Sign {
    /// Drive in.
    Free,
    /// Somebody is there.
    Occupied,
    /// Kept for somebody.
    Reserved,
    /// Not to be used.
    Maintenance,
}

/// What a display shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DisplayState {
    /// What it stands for.
    pub state: Sign,
    /// The light that says so.
    pub light: Light,
}

/// Why it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An override takes it out of service.
    OutOfService,
    /// An override blocks it.
    Blocked,
    /// Somebody set it by hand.
    ByHand,
    /// A reservation runs and nobody has come yet.
    ReservationRunning,
    /// A reservation begins soon.
    ReservedSoon,
    /// The sensor says so.
    Sensor,
    /// Somebody checked in, and no sensor says otherwise.
    CheckedIn,
    /// Somebody checked out, and no sensor says otherwise.
    CheckedOut,
    /// The sensor said so before it fell silent.
    SensorSilent,
    /// Nobody said anything.
    NothingKnown,
}

/// What is shown of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// What the space is.
    pub state: SpaceState,
    /// What its display shows.
    pub display: DisplayState,
    /// The rule that applied: 1, which outweighs everything, to 7.
    pub level: u8,
    /// Why.
    pub reason: Reason,
}

/// What a sensor or a person says of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// Nothing is there.
    Free,
    /// A vehicle is there.
    Occupied,
}

impl Word {
    /// The word that a reading is; none if it does not tell.
    pub fn of(occupancy: Occupancy) -> Option<Self> {
        match occupancy {
            Occupancy::Occupied => Some(Self::Occupied),
            Occupancy::Vacant => Some(Self::Free),
            Occupancy::Unknown => None,
        }
    }
}

/// The ground on which something is shown, in the order of the levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// Level 1.
    OutOfService(Reason),
    /// Level 2.
    Blocked,
    /// Level 3.
    Reserved(Reason),
    /// Level 4.
    ReservedSoon,
    /// Level 5.
    Latest(Word, Reason),
    /// Level 6.
    Last(Word),
    /// Level 7.
    Nothing,
}

impl Ground {
    /// What is shown on this ground.
    pub(super) fn shown(self, policy: &Policy) -> Shown {
        let by = |level, reason, (state, sign, light)| Shown {
            state,
            display: DisplayState { state: sign, light },
            level,
            reason,
        };
        match self {
            Self::OutOfService(reason) => by(1, reason, maintenance(policy.out_of_service_color)),
            Self::Blocked => by(2, Reason::Blocked, maintenance(policy.blocked_color)),
            Self::Reserved(reason) => by(3, reason, reserved(Light::steady(policy.reserved_color))),
            Self::ReservedSoon => by(4, Reason::ReservedSoon, reserved(soon(policy))),
            Self::Latest(word, reason) => by(5, reason, said(word, policy)),
            Self::Last(word) => by(6, Reason::SensorSilent, said(word, policy)),
            Self::Nothing => {
                let light = Light::steady(policy.free_color);
                by(7, Reason::NothingKnown, (SpaceState::Unknown, Sign::Free, light))
            }
        }
    }
}

fn maintenance(colour: Colour) -> (SpaceState, Sign, Light) {
    (SpaceState::Maintenance, Sign::Maintenance, Light::steady(colour))
}

fn reserved(light: Light) -> (SpaceState, Sign, Light) {
    (SpaceState::Reserved, Sign::Reserved, light)
}

fn soon(policy: &Policy) -> Light {
    if policy.blink_reserved_soon {
        Light::blinking(policy.reserved_soon_color, policy.blink_pattern_ms)
    } else {
        Light::steady(policy.reserved_soon_color)
    }
}

fn said(word: Word, policy: &Policy) -> (SpaceState, Sign, Light) {
    match word {
        Word::Free => (SpaceState::Free, Sign::Free, Light::steady(policy.free_color)),
        Word::Occupied => (SpaceState::Occupied, Sign::Occupied, Light::steady(policy.occupied_color)),
    }
}

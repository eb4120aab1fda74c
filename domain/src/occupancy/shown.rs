//! What is shown of a space and by which rule: seven levels, the first that applies wins.

use serde::{Deserialize, Serialize};

use crate::downlink::{Colour, Light};
use crate::policy::Policy;
use crate::sensors::Occupancy;

/// The state of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpaceState {
    /// No vehicle is present.
    Free,
    /// A vehicle is present.
    Occupied,
    /// Reserved for a guest.
    Reserved,
    /// Out of use.
    Maintenance,
    /// The state is not known.
    Unknown,
}

impl SpaceState {
    /// The written form.
    pub fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Occupied => "occupied",
            Self::Reserved => "reserved",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
        }
    }
}

/// The meaning of a display. A display cannot show an unknown state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Sign {
    /// Free to park.
    Free,
    /// A vehicle is present.
    Occupied,
    /// Reserved for a guest.
    Reserved,
    /// Out of use.
    Maintenance,
}

/// What a display shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DisplayState {
    /// Its meaning.
    pub state: Sign,
    /// The light that shows it.
    pub light: Light,
}

/// The reason for what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An override takes it out of service.
    OutOfService,
    /// An override blocks it.
    Blocked,
    /// It was set by hand.
    ByHand,
    /// A reservation is running and no vehicle has arrived yet.
    ReservationRunning,
    /// A reservation starts soon.
    ReservedSoon,
    /// The sensor reports it.
    Sensor,
    /// The guest checked in, and no sensor reports otherwise.
    CheckedIn,
    /// The guest checked out, and no sensor reports otherwise.
    CheckedOut,
    /// The sensor reported it before it fell silent.
    SensorSilent,
    /// There is no report.
    NothingKnown,
}

/// What is shown of a space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// The space's state.
    pub state: SpaceState,
    /// What its display shows.
    pub display: DisplayState,
    /// The level of the rule that applied: 1, the highest precedence, to 7.
    pub level: u8,
    /// The reason.
    pub reason: Reason,
}

/// Whether a vehicle is present, as a sensor or a person reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// No vehicle is present.
    Free,
    /// A vehicle is present.
    Occupied,
}

impl Presence {
    /// The presence of an occupancy; `None` if it is unknown.
    pub fn of(occupancy: Occupancy) -> Option<Self> {
        match occupancy {
            Occupancy::Occupied => Some(Self::Occupied),
            Occupancy::Vacant => Some(Self::Free),
            Occupancy::Unknown => None,
        }
    }
}

/// The rule by which something is shown, in order of the levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// Level 1.
    OutOfService(Reason),
    /// Level 2.
    Blocked,
    /// Level 3.
    Reserved(Reason),
    /// Level 4.
    ReservedSoon,
    /// Level 5.
    Latest(Presence, Reason),
    /// Level 6.
    LastKnown(Presence),
    /// Level 7.
    NothingKnown,
}

impl Rule {
    /// What this rule shows.
    pub(super) fn shown(self, policy: &Policy) -> Shown {
        let at_level = |level, reason, (state, sign, light)| Shown {
            state,
            display: DisplayState { state: sign, light },
            level,
            reason,
        };
        match self {
            Self::OutOfService(reason) => at_level(1, reason, maintenance(policy.out_of_service_color)),
            Self::Blocked => at_level(2, Reason::Blocked, maintenance(policy.blocked_color)),
            Self::Reserved(reason) => at_level(3, reason, reserved(Light::steady(policy.reserved_color))),
            Self::ReservedSoon => at_level(4, Reason::ReservedSoon, reserved(soon(policy))),
            Self::Latest(presence, reason) => at_level(5, reason, presence_shown(presence, policy)),
            Self::LastKnown(presence) => at_level(6, Reason::SensorSilent, presence_shown(presence, policy)),
            Self::NothingKnown => {
                let light = Light::steady(policy.free_color);
                at_level(7, Reason::NothingKnown, (SpaceState::Unknown, Sign::Free, light))
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

fn presence_shown(presence: Presence, policy: &Policy) -> (SpaceState, Sign, Light) {
    match presence {
        Presence::Free => (SpaceState::Free, Sign::Free, Light::steady(policy.free_color)),
        Presence::Occupied => (SpaceState::Occupied, Sign::Occupied, Light::steady(policy.occupied_color)),
    }
}

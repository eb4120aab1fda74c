//! The actor that caused an event.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::id::UserId;
use crate::lorawan::DevEui;

/// The cause of an event. Written `user/<uuid>`, `api_key/<uuid>`, `sensor/<dev_eui>` or `system`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A signed-in user.
    User(UserId),
    /// A program with an API key.
    ApiKey(Uuid),
    /// A sensor, through its report.
    Sensor(DevEui),
    /// The platform itself: time passed, or a rule applied.
    System,
}

/// A text that is not an actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an actor is user/<uuid>, api_key/<uuid>, sensor/<dev_eui> or system")]
pub struct NotAnActor;

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "user/{id}"),
            Self::ApiKey(id) => write!(f, "api_key/{id}"),
            Self::Sensor(dev_eui) => write!(f, "sensor/{dev_eui}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl FromStr for Actor {
    type Err = NotAnActor;

    fn from_str(text: &str) -> Result<Self, NotAnActor> {
        match text.split_once('/') {
            Some(("user", id)) => id.parse().map(Self::User).map_err(|_| NotAnActor),
            Some(("api_key", id)) => id.parse().map(Self::ApiKey).map_err(|_| NotAnActor),
            Some(("sensor", dev_eui)) => dev_eui.parse().map(Self::Sensor).map_err(|_| NotAnActor),
            None if text == "system" => Ok(Self::System),
            _ => Err(NotAnActor),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_actor_reads_back_as_written() {
        for text in [
            "system",
            "user/00000000-0000-0000-0000-000000000001",
            "api_key/00000000-0000-0000-0000-000000000002",
            "sensor/58a0cb0000100001",
        ] {
            assert_eq!(text.parse::<Actor>().expect(text).to_string(), text);
        }
        for text in ["", "system/", "user", "user/1", "robot/58a0cb0000100001"] {
            assert_eq!(text.parse::<Actor>(), Err(NotAnActor), "{text}");
        }
    }
}

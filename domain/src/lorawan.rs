//! Typed LoRaWAN identifiers, so that a gateway cannot be used as a device.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Marks the EUI of an end device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Device {}

/// Marks the EUI of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Gateway {}

/// A 64-bit extended unique identifier. Prints as 16 lower-case hex digits, `{:X}` as upper-case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Eui<Kind> {
    value: u64,
    kind: PhantomData<Kind>,
}

/// The identity of an end device, assigned by its manufacturer.
pub type DevEui = Eui<Device>;

/// The identity of a gateway.
pub type GatewayEui = Eui<Gateway>;

/// A text that is not an EUI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an EUI is 16 hexadecimal digits, such as 58a0cb0000100001")]
pub struct NotAnEui;

impl<Kind> FromStr for Eui<Kind> {
    type Err = NotAnEui;

    /// Accepts any letter case and the separators `:`, `-` and space.
    fn from_str(text: &str) -> Result<Self, NotAnEui> {
        let mut digits = 0;
        let mut value = 0;
        for c in text.chars().filter(|c| !matches!(c, ':' | '-' | ' ')) {
            let digit = c.to_digit(16).ok_or(NotAnEui)?;
            digits += 1;
            if digits > 16 {
                return Err(NotAnEui);
            }
            value = value << 4 | u64::from(digit);
        }
        if digits == 16 { Ok(Self::from(value)) } else { Err(NotAnEui) }
    }
}

impl<Kind> From<u64> for Eui<Kind> {
    fn from(value: u64) -> Self {
        Self { value, kind: PhantomData }
    }
}

impl<Kind> From<Eui<Kind>> for u64 {
    fn from(eui: Eui<Kind>) -> Self {
        eui.value
    }
}

impl<Kind> fmt::Display for Eui<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.value)
    }
}

impl<Kind> fmt::UpperHex for Eui<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", self.value)
    }
}

impl<Kind> fmt::Debug for Eui<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl<Kind> Serialize for Eui<Kind> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, Kind> Deserialize<'de> for Eui<Kind> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// The 32-bit address of a device within one LoRaWAN session. Prints as 8 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DevAddr(u32);

/// A text that is not a device address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device address is 8 hexadecimal digits, such as 0100a001")]
pub struct NotADevAddr;

impl FromStr for DevAddr {
    type Err = NotADevAddr;

    fn from_str(text: &str) -> Result<Self, NotADevAddr> {
        if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotADevAddr);
        }
        u32::from_str_radix(text, 16).map(Self).map_err(|_| NotADevAddr)
    }
}

impl fmt::Display for DevAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for DevAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for DevAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DevAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eui_parses_in_every_common_notation() {
        let expected = DevEui::from(0x58A0_CB00_0010_0001);
        for text in ["58a0cb0000100001", "58A0CB0000100001", "58:A0:CB:00:00:10:00:01", "58a0-cb00-0010-0001"]
        {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!(expected.to_string(), "58a0cb0000100001");
        assert_eq!(format!("{expected:X}"), "58A0CB0000100001");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", "test", "58a0cb000010000", "58a0cb00001000012", "58a0cb000010000g", "+8a0cb0000100001"]
        {
            assert_eq!(text.parse::<DevEui>(), Err(NotAnEui), "{text}");
        }
    }

    #[test]
    fn a_device_address_is_eight_digits() {
        assert_eq!("0100a001".parse::<DevAddr>().map(|a| a.to_string()), Ok("0100a001".into()));
        for text in ["", "0100a01", "0100a0011", "+100a001"] {
            assert_eq!(text.parse::<DevAddr>(), Err(NotADevAddr), "{text}");
        }
    }
}

//! The downlinks that make a display show a colour, encoded by the layout of the display's type.
//!
//! A display type is data, not code: an operator can describe a type that the platform does not know.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::payload::Payload;

/// A colour, written as `ff8000`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

/// A text that is not a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a colour is 6 hexadecimal digits, such as ff8000")]
pub struct NotAColour;

impl FromStr for Colour {
    type Err = NotAColour;

    fn from_str(text: &str) -> Result<Self, NotAColour> {
        if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAColour);
        }
        let [_, red, green, blue] = u32::from_str_radix(text, 16).map_err(|_| NotAColour)?.to_be_bytes();
        Ok(Self { red, green, blue })
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A colour, steady or blinking. Times are in tenths of a second, the unit of displays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Light {
    /// The colour; black is off.
    pub colour: Colour,
    /// The time lit.
    pub on: u8,
    /// The time dark after that; 0 is steady.
    pub off: u8,
}

impl Light {
    /// A colour without blinking.
    pub fn steady(colour: Colour) -> Self {
        Self { colour, on: u8::MAX, off: 0 }
    }

    /// A colour that is lit and dark for equal times, rounded to the nearest tenth of a second and clamped to 1 to 255.
    pub fn blinking(colour: Colour, milliseconds: u32) -> Self {
        let tenths = u8::try_from((milliseconds.saturating_add(50) / 100).max(1)).unwrap_or(u8::MAX);
        Self { colour, on: tenths, off: tenths }
    }
}

/// One byte of a downlink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The colour's red.
    Red,
    /// The colour's green.
    Green,
    /// The colour's blue.
    Blue,
    /// The time lit, in tenths of a second.
    On,
    /// The time dark, in tenths of a second.
    Off,
    /// A constant byte.
    Byte(u8),
}

/// The encoding of a display type's downlinks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// These bytes, in this order.
    Parts(Vec<Part>),
    /// One code per colour. Blinking is not encoded.
    Codes(Vec<(Colour, Payload)>),
}

/// A display type: the port, acknowledgement and encoding of its downlinks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a display type: an object with f_port, confirmed and layout")]
pub struct DisplayType {
    /// The port it listens on.
    pub f_port: u8,
    /// Whether it acknowledges downlinks.
    #[serde(default)]
    pub confirmed: bool,
    /// Its encoding.
    pub layout: Layout,
}

/// A downlink, ready for the network server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downlink {
    /// The port.
    pub f_port: u8,
    /// Whether the device acknowledges it.
    pub confirmed: bool,
    /// The bytes.
    pub data: Payload,
}

/// Why a display cannot show a light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unshowable {
    /// The port is not an application port: ChirpStack refuses 0 and truncates larger values to a byte.
    #[error("a downlink's port is 1 to 223")]
    PortInvalid,
    /// The layout is empty.
    #[error("the display's type describes an empty downlink")]
    Empty,
    /// The layout has no code for the colour.
    #[error("the display's type has no code for the colour {0}")]
    ColourWithoutCode(Colour),
}

impl DisplayType {
    /// Kuando Busylight IoT Omega: red, blue, green, on, off. The vendor's order is not RGB.
    pub fn kuando_busylight() -> Self {
        let parts = vec![Part::Red, Part::Blue, Part::Green, Part::On, Part::Off];
        Self { f_port: 15, confirmed: false, layout: Layout::Parts(parts) }
    }

    /// The downlink that makes a display of this type show the light.
    pub fn downlink(&self, light: Light) -> Result<Downlink, Unshowable> {
        if !(1..=223).contains(&self.f_port) {
            return Err(Unshowable::PortInvalid);
        }
        let data = match &self.layout {
            Layout::Parts(parts) => parts.iter().map(|part| part.of(light)).collect::<Vec<u8>>().into(),
            Layout::Codes(codes) => codes
                .iter()
                .find(|(colour, _)| *colour == light.colour)
                .map(|(_, code)| code.clone())
                .ok_or(Unshowable::ColourWithoutCode(light.colour))?,
        };
        if data.is_empty() {
            return Err(Unshowable::Empty);
        }
        Ok(Downlink { f_port: self.f_port, confirmed: self.confirmed, data })
    }
}

impl Part {
    fn of(self, light: Light) -> u8 {
        match self {
            Self::Red => light.colour.red,
            Self::Green => light.colour.green,
            Self::Blue => light.colour.blue,
            Self::On => light.on,
            Self::Off => light.off,
            Self::Byte(byte) => byte,
        }
    }
}

/// Makes a Kuando Busylight (firmware 5.6 or later) report after every downlink, which shows that a colour arrived.
/// Source: operators' experience, not the vendor.
pub fn kuando_report_after_downlinks() -> Downlink {
    Downlink { f_port: 15, confirmed: false, data: vec![0x06, 0x01].into() }
}

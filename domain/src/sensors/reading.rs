//! What a sensor said, in one form for all models.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Whether a vehicle is there, as far as one report tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occupancy {
    /// A vehicle is there.
    Occupied,
    /// No vehicle is there.
    Vacant,
    /// The report does not tell.
    #[default]
    Unknown,
}

impl Occupancy {
    pub(super) fn from_bit(occupied: bool) -> Self {
        if occupied { Self::Occupied } else { Self::Vacant }
    }

    /// Bit 0 of a status byte.
    pub(super) fn from_bit_0(status: u8) -> Self {
        Self::from_bit(status & 1 == 1)
    }

    /// A byte that is 0 or 1; anything else tells nothing.
    pub(super) fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::Vacant,
            1 => Self::Occupied,
            _ => Self::Unknown,
        }
    }
}

/// Why the device sent its report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The state of the space: it changed, or the model has no other report.
    Occupancy,
    /// A sign of life.
    Heartbeat,
    /// The device started.
    Startup,
    /// A distance, which a [`Threshold`](super::Threshold) makes an occupancy of.
    Distance,
    /// A distance that crossed a limit set in the device, or came back.
    DistanceAlarm,
    /// A temperature that crossed a limit set in the device, or came back.
    TemperatureAlarm,
    /// A contact opened or closed.
    Contact,
    /// Temperature, humidity, light, air, water.
    Environment,
    /// Vehicles counted.
    Count,
    /// A button was pressed.
    Button,
    /// Where the device is.
    Location,
    /// A driver's tag was recognised.
    UserRegistration,
    /// A display told what it shows.
    DisplayStatus,
    /// An answer to a downlink.
    ConfigResponse,
    /// The battery and nothing else.
    BatteryOnly,
    /// Measurements of the past.
    History,
    /// Information for the maker.
    Diagnostic,
    /// The device could not measure.
    SensorError,
    /// A report whose purpose the codec does not know.
    #[default]
    Unknown,
}

/// What is wrong with the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It was taken off its place or opened.
    Tamper,
    /// It is tilted.
    Tilt,
    /// It asks for a new battery.
    BatteryLow,
    /// A part of it failed.
    Sensor,
    /// A magnetic field disturbs it.
    Interference,
    /// Nothing, or something too near, was measured.
    OutOfRange,
}

/// The codec that produced a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct CodecId {
    /// Its name in the registry.
    pub name: &'static str,
    /// Raised whenever the same bytes give another reading.
    pub version: u16,
}

/// A measurement beyond those that every part of the platform knows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Extra {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: Measured,
    /// Of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
}

/// The value of an [`Extra`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Measured {
    /// A count or a code.
    Integer(i64),
    /// A quantity.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// An identifier or a name.
    Text(Cow<'static, str>),
}

/// What a report says. What it does not say is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The codec that read it.
    pub codec: CodecId,
    /// Why the device sent it.
    pub kind: Kind,
    /// Whether a vehicle is there.
    pub occupancy: Occupancy,
    /// Volts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_v: Option<f64>,
    /// Per cent of what a new battery holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_pct: Option<u8>,
    /// Degrees Celsius: of the surroundings if the device measures them, else of its board.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<f64>,
    /// Millimetres to the nearest thing before the sensor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_mm: Option<u32>,
    /// What is wrong with the device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// The firmware's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// Everything else, in the order of the message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<Extra>,
}

impl Reading {
    /// A reading that says nothing yet.
    pub(super) fn blank(codec: CodecId) -> Self {
        Self {
            codec,
            kind: Kind::Unknown,
            occupancy: Occupancy::Unknown,
            battery_v: None,
            battery_pct: None,
            temperature_c: None,
            distance_mm: None,
            faults: Vec::new(),
            firmware: None,
            extra: Vec::new(),
        }
    }

    /// The extra measurement of that name.
    pub fn extra(&self, name: &str) -> Option<&Measured> {
        self.extra.iter().find(|extra| extra.name == name).map(|extra| &extra.value)
    }

    /// True when the device reports that fault.
    pub fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    pub(super) fn battery_millivolts(&mut self, millivolts: u16) {
        self.battery_v = Some(f64::from(millivolts) / 1000.0);
    }

    pub(super) fn fault_if(&mut self, present: bool, fault: Fault) {
        if present && !self.has(fault) {
            self.faults.push(fault);
        }
    }

    pub(super) fn integer(&mut self, name: &'static str, value: impl Into<i64>, unit: Option<&'static str>) {
        self.extra.push(Extra { name, value: Measured::Integer(value.into()), unit });
    }

    pub(super) fn number(&mut self, name: &'static str, value: f64, unit: &'static str) {
        self.extra.push(Extra { name, value: Measured::Number(value), unit: Some(unit) });
    }

    pub(super) fn flag(&mut self, name: &'static str, value: bool) {
        self.extra.push(Extra { name, value: Measured::Flag(value), unit: None });
    }

    pub(super) fn text(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        self.extra.push(Extra { name, value: Measured::Text(value.into()), unit: None });
    }
}

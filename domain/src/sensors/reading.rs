//! The decoded form of a sensor report, the same for all models.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// Whether a vehicle is present according to one report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occupancy {
    /// A vehicle is present.
    Occupied,
    /// No vehicle is present.
    Vacant,
    /// The report does not say.
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

    /// A byte that is 0 or 1; any other value is unknown.
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
    /// A periodic report without a change.
    Heartbeat,
    /// The device started.
    Startup,
    /// A distance, from which a [`Threshold`](super::Threshold) derives the occupancy.
    Distance,
    /// A distance crossed a limit configured in the device, or returned.
    DistanceAlarm,
    /// A temperature crossed a limit configured in the device, or returned.
    TemperatureAlarm,
    /// A contact opened or closed.
    Contact,
    /// Temperature, humidity, light, air, water.
    Environment,
    /// Vehicles counted.
    Count,
    /// A button was pressed.
    Button,
    /// The device's position.
    Location,
    /// A driver's tag was recognised.
    UserRegistration,
    /// A display reported what it shows.
    DisplayStatus,
    /// An answer to a downlink.
    ConfigResponse,
    /// The battery level only.
    BatteryOnly,
    /// Past measurements.
    History,
    /// Information for the manufacturer.
    Diagnostic,
    /// The device could not measure.
    SensorError,
    /// A report whose purpose the codec does not know.
    #[default]
    Unknown,
}

/// A fault of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It was removed or opened.
    Tamper,
    /// It is tilted.
    Tilt,
    /// Its battery is low.
    BatteryLow,
    /// A component failed.
    Sensor,
    /// A magnetic field disturbs it.
    Interference,
    /// Nothing was measured, or the target was too near.
    OutOfRange,
}

/// The codec that produced a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct CodecId {
    /// Its name in the registry.
    pub name: &'static str,
    /// Increased when the same bytes give a different reading.
    pub version: u16,
}

/// An additional measurement without a field of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Extra {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: Measured,
    /// Its unit.
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
    /// A boolean.
    Flag(bool),
    /// An identifier or a name.
    Text(Cow<'static, str>),
}

/// A decoded report. Values that the report does not contain are absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// The codec that decoded it.
    pub codec: CodecId,
    /// Why the device sent it.
    pub kind: Kind,
    /// Whether a vehicle is present.
    pub occupancy: Occupancy,
    /// Battery voltage, in volts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_v: Option<f64>,
    /// Remaining battery charge, in per cent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub battery_pct: Option<u8>,
    /// Ambient temperature in degrees Celsius if the device measures it, else the board's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature_c: Option<f64>,
    /// Distance to the nearest object, in millimetres.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance_mm: Option<u32>,
    /// The faults of the device.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// The firmware version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<String>,
    /// All other measurements, in the order of the message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub extra: Vec<Extra>,
}

impl Reading {
    /// A reading without values.
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

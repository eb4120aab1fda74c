//! All codecs, by name.

use super::{
    CodecId, Frame, Reading, Undecodable, bosch, browan, decentlab, dingtek, dragino, kuando, libelium,
    milesight, moko, netvox, nwave, object, placepod,
};
use crate::device::Category;

/// Fills in the values of the frame; values that the frame does not contain stay blank.
type Fill = fn(&mut Reading, &Frame<'_>) -> Result<(), Undecodable>;

/// A named and versioned frame decoder.
#[derive(Clone, Copy, Debug)]
pub struct Codec {
    /// The name used in device events; it is never reused for another codec.
    pub name: &'static str,
    /// Increased when the same bytes give a different reading.
    pub version: u16,
    /// The models whose frames it decodes, for display.
    pub models: &'static str,
    /// The ports that the models use; empty if the port is not significant.
    pub ports: &'static [u8],
    /// True when it reads the network server's object and not the bytes.
    pub reads_object: bool,
    fill: Fill,
}

impl Codec {
    /// Decodes a frame, or returns why it cannot.
    pub fn decode(&self, frame: &Frame<'_>) -> Result<Reading, Undecodable> {
        if let Some(reason) = frame.refused() {
            return Err(reason);
        }
        if !self.ports.is_empty() && !self.ports.contains(&frame.f_port) {
            return Err(Undecodable::UnknownPort { port: frame.f_port });
        }
        let mut reading = Reading::blank(CodecId { name: self.name, version: self.version });
        (self.fill)(&mut reading, frame)?;
        Ok(reading)
    }

    /// Whether the models are sensors or displays.
    pub fn category(&self) -> Category {
        if DISPLAYS.contains(&self.name) { Category::Display } else { Category::Sensor }
    }

    const fn new(name: &'static str, models: &'static str, ports: &'static [u8], fill: Fill) -> Self {
        Self { name, version: 1, models, ports, reads_object: false, fill }
    }

    const fn version(self, version: u16) -> Self {
        Self { version, ..self }
    }

    const fn of_object(self) -> Self {
        Self { reads_object: true, ..self }
    }
}

/// The codecs of displays.
const DISPLAYS: [&str; 1] = ["kuando-busylight"];

/// The codec of that name.
pub fn by_name(name: &str) -> Option<&'static Codec> {
    CODECS.iter().find(|codec| codec.name == name)
}

/// All codecs, ordered by name.
pub static CODECS: [Codec; 36] = [
    Codec::new("bosch-tps110", "Bosch TPS110, TPL110", &[1, 2, 3, 4, 5, 6, 7], bosch::tps110).version(2),
    Codec::new("browan-tabs", "Browan Tabs, any", &[100, 102, 103, 104, 105, 106, 136, 147], browan::tabs),
    Codec::new("browan-tbam100", "Browan TBAM100 ambient light", &[104], browan::tbam100),
    Codec::new("browan-tbdw100", "Browan TBDW100 door and window", &[100], browan::tbdw100),
    Codec::new("browan-tbhh100", "Browan TBHH100 healthy home", &[103], browan::tbhh100),
    Codec::new("browan-tbhv110", "Browan TBHV100, TBHV110 air quality", &[103], browan::tbhv110),
    Codec::new("browan-tbms100", "Browan TBMS100 motion", &[102], browan::tbms100),
    Codec::new("browan-tbol100", "Browan TBOL100 object locator", &[136], browan::tbol100),
    Codec::new("browan-tbpb100", "Browan TBPB100 push button", &[147], browan::tbpb100),
    Codec::new("browan-tbsl100", "Browan TBSL100 sound level", &[105], browan::tbsl100),
    Codec::new("browan-tbwl100", "Browan TBWL100 water leak", &[106], browan::tbwl100),
    Codec::new("decentlab-dl-lid", "Decentlab DL-LID LiDAR", &[1], decentlab::dl_lid),
    Codec::new("decentlab-dl-mbx", "Decentlab DL-MBX ultrasonic", &[1], decentlab::dl_mbx),
    Codec::new("dingtek-do200", "Dingtek DO200, DO201, DO202", &[3], dingtek::do200).version(2),
    Codec::new("dragino-ldds75", "Dragino LDDS75, DDS75-LB ultrasonic", &[2, 3, 5, 6], dragino::ldds75)
        .version(2),
    Codec::new("dragino-llds12", "Dragino LLDS12 LiDAR", &[2], dragino::llds12).version(2),
    Codec::new("fleximodo", "Fleximodo (GOSPACE), by object", &[], object::fleximodo).of_object(),
    Codec::new("kuando-busylight", "Kuando Busylight IoT Omega", &[15], kuando::busylight),
    Codec::new("libelium-smart-parking", "Libelium Smart Parking, firmware v3", &[], libelium::v3),
    Codec::new("libelium-smart-parking-v2", "Libelium Smart Parking, firmware v2", &[], libelium::v2),
    Codec::new("milesight", "Milesight, model not known", &[], milesight::family).version(2),
    Codec::new("milesight-em300-mcs", "Milesight EM300-MCS magnet contact", &[], milesight::em300_mcs)
        .version(2),
    Codec::new("milesight-em310-udl", "Milesight EM310-UDL ultrasonic", &[], milesight::em310_udl).version(2),
    Codec::new("milesight-em400", "Milesight EM400-MUD, -TLD, -UDL, EM410-RDL", &[], milesight::em400)
        .version(2),
    Codec::new("milesight-em500-udl", "Milesight EM500-UDL ultrasonic", &[], milesight::em500_udl).version(2),
    Codec::new("milesight-vs330", "Milesight VS330 occupancy", &[], milesight::vs330).version(2),
    Codec::new("milesight-vs340", "Milesight VS340, VS341 occupancy", &[], milesight::vs340).version(2),
    Codec::new("milesight-ws202", "Milesight WS202 motion and light", &[], milesight::ws202).version(2),
    Codec::new("milesight-ws301", "Milesight WS301 magnet contact", &[], milesight::ws301).version(2),
    Codec::new("moko-lw009", "Moko LW009-IG, LW009-SM", &[1], moko::lw009).version(2),
    Codec::new("netvox-r719a", "Netvox R719A, R719B", &[6, 7], netvox::r719a),
    Codec::new("nwave-ncc405", "Nwave NCC405 vehicle counter", &[1, 2, 3, 6], nwave::ncc405),
    Codec::new("nwave-nps310", "Nwave NPS310SM (G3)", &[1, 2, 3, 6], nwave::nps310),
    Codec::new("nwave-nps405", "Nwave NPS405 (G4)", &[1, 2, 3, 6, 10], nwave::nps405).version(2),
    Codec::new("object", "any object that names occupancy", &[], object::plain).of_object(),
    Codec::new("pni-placepod", "PNI PlacePod", &[], placepod::placepod).version(2),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_so_none_comes_twice() {
        assert!(CODECS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn codecs_use_application_ports_only() {
        for codec in &CODECS {
            assert!(codec.ports.iter().all(|port| (1..Frame::FIRST_RESERVED_PORT).contains(port)));
        }
    }
}

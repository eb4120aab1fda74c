//! The choice of a device's codec: the configured one, or one that the profile name and the content identify
//! unambiguously.

use super::{Codec, Frame, Undecodable, by_name, object};

/// Model names as they occur in profile names, without separators. The longest match wins.
const MODELS: [(&str, &str); 42] = [
    ("tps110", "bosch-tps110"),
    ("tpl110", "bosch-tps110"),
    ("tbam100", "browan-tbam100"),
    ("tbdw100", "browan-tbdw100"),
    ("tbhh100", "browan-tbhh100"),
    ("tbhv100", "browan-tbhv110"),
    ("tbhv110", "browan-tbhv110"),
    ("tbms100", "browan-tbms100"),
    ("tbol100", "browan-tbol100"),
    ("tbpb100", "browan-tbpb100"),
    ("tbsl100", "browan-tbsl100"),
    ("tbwl100", "browan-tbwl100"),
    ("dds75lb", "dragino-ldds75"),
    ("dds75ls", "dragino-ldds75"),
    ("dllid", "decentlab-dl-lid"),
    ("dlmbx", "decentlab-dl-mbx"),
    ("do200", "dingtek-do200"),
    ("do201", "dingtek-do200"),
    ("do202", "dingtek-do200"),
    ("ldds75", "dragino-ldds75"),
    ("llds12", "dragino-llds12"),
    ("fleximodo", "fleximodo"),
    ("busylight", "kuando-busylight"),
    ("smartparkingv2", "libelium-smart-parking-v2"),
    ("em300mcs", "milesight-em300-mcs"),
    ("em310udl", "milesight-em310-udl"),
    ("em400mud", "milesight-em400"),
    ("em400tld", "milesight-em400"),
    ("em400udl", "milesight-em400"),
    ("em410rdl", "milesight-em400"),
    ("em500udl", "milesight-em500-udl"),
    ("vs330", "milesight-vs330"),
    ("vs340", "milesight-vs340"),
    ("vs341", "milesight-vs340"),
    ("ws202", "milesight-ws202"),
    ("ws301", "milesight-ws301"),
    ("lw009", "moko-lw009"),
    ("r719a", "netvox-r719a"),
    ("ncc405", "nwave-ncc405"),
    ("nps310", "nwave-nps310"),
    ("nps405", "nwave-nps405"),
    ("placepod", "pni-placepod"),
];

/// Manufacturers whose frames can be decoded without knowing the model; used when no model is named.
const FAMILIES: [(&str, &str); 4] = [
    ("browan", "browan-tabs"),
    ("kuando", "kuando-busylight"),
    ("libelium", "libelium-smart-parking"),
    ("milesight", "milesight"),
];

/// The codec for a frame: the one `chosen` for the device, else by the ChirpStack profile's name, else by the object's
/// fields, else by port and layout if no other known model could have sent it. An unknown chosen codec is an error; no
/// other codec is tried.
pub fn choose(
    chosen: Option<&str>,
    profile_name: Option<&str>,
    frame: &Frame<'_>,
) -> Result<&'static Codec, Undecodable> {
    if let Some(name) = chosen {
        return by_name(name).ok_or_else(|| Undecodable::UnknownCodec { name: name.to_owned() });
    }
    if let Some(reason) = frame.refused() {
        return Err(reason);
    }
    profile_name
        .and_then(by_model)
        .or_else(|| by_object(frame))
        .or_else(|| by_layout(frame))
        .ok_or(Undecodable::NoCodec)
}

/// The codec of the model that a text names; `None` if it names none or several.
pub fn by_model(text: &str) -> Option<&'static Codec> {
    let mut best: Option<(usize, &'static str)> = None;
    let mut ambiguous = false;
    for (model, codec) in MODELS.into_iter().filter(|(model, _)| mentions(text, model)) {
        match best {
            Some((length, _)) if length > model.len() => {}
            Some((length, other)) if length == model.len() => ambiguous |= other != codec,
            _ => (best, ambiguous) = (Some((model.len(), codec)), false),
        }
    }
    let family = || FAMILIES.iter().find(|(maker, _)| mentions(text, maker)).map(|(_, codec)| *codec);
    by_name(best.map(|(_, codec)| codec).or_else(family).filter(|_| !ambiguous)?)
}

fn by_object(frame: &Frame<'_>) -> Option<&'static Codec> {
    let object = frame.object?;
    if object::parking_status(object).is_some() {
        by_name("fleximodo")
    } else if object::plain_occupancy(object).is_some() {
        by_name("object")
    } else {
        None
    }
}

/// Layouts that contain a mark of their manufacturer, or that only one family sends on its port.
fn by_layout(frame: &Frame<'_>) -> Option<&'static Codec> {
    let length = frame.data.len();
    by_name(match (frame.f_port, frame.data) {
        (3, [0x80, _, _, _, declared, .., 0x81]) if usize::from(*declared) == length => "dingtek-do200",
        (6, [0x01, 0x59 | 0xaf, 0x00 | 0x01, ..]) | (7, [0x81 | 0x82, 0x59 | 0xaf, ..]) if length == 11 => {
            "netvox-r719a"
        }
        (15, _) if matches!(length, 24 | 25) => "kuando-busylight",
        (85, [0x01, 0x75, 0..=100, ..] | [0xff, 0x0b, 0xff, ..]) => "milesight",
        // A motion sensor uses only one bit.
        (102, [0 | 1, _, 0..0x80, ..]) if length == 8 => "browan-tabs",
        (port, [_, _, 0..0x80, ..]) if is_tabs(port, length) => "browan-tabs",
        _ => return None,
    })
}

fn is_tabs(port: u8, length: usize) -> bool {
    matches!((port, length), (100, 8) | (103 | 147, 8 | 11) | (104, 6) | (105, 4) | (106, 5) | (136, 11))
}

/// True when the text contains the name, in any letter case and with separators anywhere, unless a digit follows the
/// name's last digit: `EM310-UDL` mentions `em310udl`, `TPS1100` does not mention `tps110`.
fn mentions(text: &str, name: &str) -> bool {
    let mut rest = text.chars();
    loop {
        if let Some(after_name) = strip(rest.as_str(), name) {
            let number_continues = name.ends_with(|c: char| c.is_ascii_digit())
                && after_name.starts_with(|c: char| c.is_ascii_digit());
            if !number_continues {
                return true;
            }
        }
        if rest.next().is_none() {
            return false;
        }
    }
}

/// The text after the name, if the text begins with it.
fn strip<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for wanted in name.chars() {
        let found = rest.by_ref().find(|c| c.is_alphanumeric())?;
        if !found.eq_ignore_ascii_case(&wanted) {
            return None;
        }
    }
    Some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(text: &str) -> Option<&'static str> {
        by_model(text).map(|codec| codec.name)
    }

    #[test]
    fn every_name_in_the_tables_is_a_codec() {
        for (_, name) in MODELS.iter().chain(&FAMILIES) {
            assert!(by_name(name).is_some(), "{name}");
        }
    }

    #[test]
    fn profile_names_identify_their_model() {
        let cases = [
            ("browan_tbms100_motion", Some("browan-tbms100")),
            ("TBMS100 ABP raw", Some("browan-tbms100")),
            ("TBMS100 2", Some("browan-tbms100")),
            ("Kuando Busylight class C", Some("kuando-busylight")),
            ("DDS75-LB", Some("dragino-ldds75")),
            ("Dragino DDS75-LB/LS", Some("dragino-ldds75")),
            ("dds75_ls", Some("dragino-ldds75")),
            // Three distances in another layout.
            ("DDS75-3-LS", None),
            ("Milesight EM310-UDL", Some("milesight-em310-udl")),
            ("EM410-RDL", Some("milesight-em400")),
            ("EM400 TLD (TTN)", Some("milesight-em400")),
            ("Milesight EM300-SLD waterleackage sensor", Some("milesight")),
            ("Bosch-TPS110-EU", Some("bosch-tps110")),
            ("Parkplatz DL-MBX", Some("decentlab-dl-mbx")),
            ("Libelium Smart Parking v2", Some("libelium-smart-parking-v2")),
            ("Libelium Smart Parking", Some("libelium-smart-parking")),
            ("TPS1100", None),
            ("Nwave NPS405 and NPS310", None),
            ("Chirpstack default device profile", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(model(text), expected, "{text}");
        }
    }
}

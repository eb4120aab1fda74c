//! What `parking decode` is given, bytes, an object or a whole event, and the codec and port to decode it with.

use std::io::{self, Read as _};
use std::path::Path;

use parking_domain::chirpstack::{self, Content, EventKind};
use parking_domain::payload::Payload;
use parking_domain::sensors::{Codec, Frame, Reading, Undecodable, by_model, by_name, choose};
use serde_json::{Map, Value};

use crate::CommandError;
use crate::cli;

/// Stands for the bytes of which a network server made an object, where only the object is given.
const UNKNOWN_BYTES: &[u8] = &[0];

#[derive(Default)]
pub(super) struct Input {
    /// `None` where only the object is known.
    data: Option<Vec<u8>>,
    object: Option<Map<String, Value>>,
    f_port: Option<u8>,
    profile_name: Option<String>,
    encrypted: bool,
}

impl Input {
    pub(super) fn read(arguments: &cli::Decode) -> Result<Self, CommandError> {
        if let Some(path) = &arguments.event {
            return Self::of_event(&file(path)?);
        }
        let object = arguments.object.as_deref().map(object).transpose()?;
        let given = Self { object, f_port: arguments.f_port, ..Self::default() };
        match arguments.payload.as_deref() {
            None => Ok(given),
            Some(json) if json.trim_start().starts_with('{') => {
                let found = self::object(json)?;
                let is_event = found.contains_key("deviceInfo") || found.contains_key("device_info");
                match (is_event, &given) {
                    (true, Self { object: None, f_port: None, .. }) => Self::of_event(json.as_bytes()),
                    (true, _) => {
                        Err("an event has its own port and object: leave out --f-port, --object".into())
                    }
                    (false, Self { object: None, .. }) => Ok(Self { object: Some(found), ..given }),
                    (false, _) => Err("the object is given twice: leave out one".into()),
                }
            }
            Some(text) => Ok(Self { data: Some(bytes(text, arguments.base64)?), ..given }),
        }
    }

    fn of_event(body: &[u8]) -> Result<Self, CommandError> {
        let report = chirpstack::parse(EventKind::Up, body)?;
        let Content::Up(up) = report.content else { return Err("the event is no uplink".into()) };
        Ok(Self {
            data: Some(up.data.as_bytes().to_vec()),
            object: up.object,
            f_port: Some(up.f_port),
            profile_name: report.device.profile_name,
            encrypted: up.encrypted,
        })
    }

    /// Decodes it with the codec of that name or model, or else with the one that it tells itself.
    pub(super) fn decode(&self, model: Option<&str>) -> Result<Result<Reading, Undecodable>, CommandError> {
        if let Some(model) = model {
            let codec = named(model)?;
            return Ok(codec.decode(&self.frame(self.port_for(codec)?)));
        }
        if let Some(f_port) = self.f_port {
            let frame = self.frame(f_port);
            let codec = choose(None, self.profile_name.as_deref(), &frame);
            return Ok(codec.and_then(|codec| codec.decode(&frame)));
        }
        let fits: Vec<_> = (1..Frame::FIRST_RESERVED_PORT)
            .filter_map(|port| choose(None, None, &self.frame(port)).ok().map(|codec| (port, codec)))
            .collect();
        match fits.as_slice() {
            [] if self.data.is_none() => Ok(Err(Undecodable::NoObject)),
            [] => Err("these bytes alone tell no codec: give --f-port or --model".into()),
            // An object tells its codec on every port.
            [(port, codec), rest @ ..] if rest.is_empty() || codec.reads_object => {
                Ok(codec.decode(&self.frame(*port)))
            }
            several => {
                let several: Vec<_> =
                    several.iter().map(|(port, codec)| format!("{} on port {port}", codec.name)).collect();
                Err(format!("these bytes may be of {}: give --f-port or --model", several.join(", ")).into())
            }
        }
    }

    fn frame(&self, f_port: u8) -> Frame<'_> {
        Frame {
            f_port,
            data: self.data.as_deref().unwrap_or(UNKNOWN_BYTES),
            object: self.object.as_ref(),
            encrypted: self.encrypted,
        }
    }

    /// The port given, or else the only one that the codec reads.
    fn port_for(&self, codec: &Codec) -> Result<u8, CommandError> {
        if self.data.is_none() && !codec.reads_object {
            return Err(format!("{} reads bytes, not an object: give the payload", codec.name).into());
        }
        match (self.f_port, codec.ports) {
            (Some(port), _) => Ok(port),
            (None, []) => Ok(1),
            (None, [only]) => Ok(*only),
            (None, several) => {
                let several: Vec<_> = several.iter().map(u8::to_string).collect();
                Err(format!("{} reads the ports {}: give --f-port", codec.name, several.join(", ")).into())
            }
        }
    }
}

/// A codec by its own name, or by a model's name.
fn named(model: &str) -> Result<&'static Codec, CommandError> {
    by_name(model).or_else(|| by_model(model)).ok_or_else(|| {
        format!("no codec reads {model}: `parking decode --list` names those there are").into()
    })
}

fn file(path: &Path) -> Result<Vec<u8>, CommandError> {
    let mut body = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_end(&mut body)?;
    } else {
        body = std::fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    }
    Ok(body)
}

fn object(json: &str) -> Result<Map<String, Value>, CommandError> {
    serde_json::from_str(json).map_err(|error| format!("the object is not JSON: {error}").into())
}

fn bytes(text: &str, base64: bool) -> Result<Vec<u8>, CommandError> {
    let digits = text.strip_prefix("0x").unwrap_or(text).replace([' ', ':', '-'], "");
    match hex::decode(digits) {
        Ok(data) if !base64 => Ok(data),
        _ => Ok(Payload::from_base64(text)
            .map_err(|_| "the payload is neither hex nor base64, such as 01fb38 or Afs4")?
            .as_bytes()
            .to_vec()),
    }
}

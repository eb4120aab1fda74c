//! `parking decode`: the reading of a payload, for integrators. Needs no database and no server.

mod input;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use parking_domain::sensors::{CODECS, Codec, Measured, Reading, Undecodable};
use serde::Serialize;
use serde_json::json;

use self::input::Input;
use crate::CommandError;
use crate::cli;

/// Prints the reading, or the reason why there is none; then the exit code is 1.
pub(crate) fn decode(arguments: &cli::Decode) -> Result<ExitCode, CommandError> {
    if arguments.list {
        print(&list())?;
        return Ok(ExitCode::SUCCESS);
    }
    let read = Input::read(arguments)?.decode(arguments.model.as_deref())?;
    print(&if arguments.json { as_json(&read) } else { as_text(&read) })?;
    Ok(if read.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list() -> String {
    let mut text = format!("{:<26} {:>7}  {:<45} {}\n", "MODEL", "VERSION", "READS", "PORTS");
    for Codec { name, version, models, ports, .. } in &CODECS {
        let ports = match ports {
            [] => "any".to_owned(),
            ports => ports.iter().map(u8::to_string).collect::<Vec<_>>().join(" "),
        };
        let _ = writeln!(text, "{name:<26} {version:>7}  {models:<45} {ports}");
    }
    text
}

fn as_json(read: &Result<Reading, Undecodable>) -> String {
    let value = match read {
        Ok(reading) => json!({"reading": reading}),
        Err(why) => json!({"reading": null, "undecodable": why, "detail": why.to_string()}),
    };
    format!("{value:#}\n")
}

fn as_text(read: &Result<Reading, Undecodable>) -> String {
    let reading = match read {
        Ok(reading) => reading,
        Err(why) => return format!("reading                unknown: {why}\n"),
    };
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<22} {value}");
    };
    line("occupancy", &word(&reading.occupancy));
    line("kind", &word(&reading.kind));
    if let Some(volts) = reading.battery_v {
        line("battery", &format!("{volts} V"));
    }
    if let Some(percent) = reading.battery_pct {
        line("battery", &format!("{percent} %"));
    }
    if let Some(celsius) = reading.temperature_c {
        line("temperature", &format!("{celsius} °C"));
    }
    if let Some(millimetres) = reading.distance_mm {
        line("distance", &format!("{millimetres} mm"));
    }
    for fault in &reading.faults {
        line("fault", &word(fault));
    }
    if let Some(firmware) = &reading.firmware {
        line("firmware", firmware);
    }
    for extra in &reading.extra {
        let value = match &extra.value {
            Measured::Integer(value) => value.to_string(),
            Measured::Number(value) => value.to_string(),
            Measured::Flag(value) => (if *value { "yes" } else { "no" }).to_owned(),
            Measured::Text(value) => value.to_string(),
        };
        line(extra.name, [value.as_str(), extra.unit.unwrap_or_default()].join(" ").trim_end());
    }
    line("codec", &format!("{} {}", reading.codec.name, reading.codec.version));
    text
}

/// An enum's stored word.
fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// A closed pipe is no error.
fn print(text: &str) -> Result<(), CommandError> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

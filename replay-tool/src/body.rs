//! `body`: an event's body, byte for byte as it was received.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use clap::Args;
use parking_bodies::Decoder;
use parking_projections::engine::dictionaries;

use crate::ToolError;
use crate::log::Log;

/// Of which event.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The event's position.
    position: i64,
}

/// Writes the body to stdout, with nothing added. Exit code 1 when the event has no body.
pub(crate) async fn write(mut log: Log, which: &Which) -> Result<ExitCode, ToolError> {
    let Which { position } = which;
    let dictionaries = dictionaries::kept(log.connection()).await?;
    let query = "select body_encoding, body from events where position = $1";
    let found: Option<(Option<i16>, Option<Vec<u8>>)> =
        sqlx::query_as(query).bind(position).fetch_optional(log.connection()).await?;
    let (encoding, stored) = found
        .ok_or_else(|| format!("there is no event at position {position}: the log ends at {}", log.head))?;
    let (Some(encoding), Some(stored)) = (encoding, stored) else {
        return Ok(ExitCode::FAILURE);
    };
    let mut decoder = Decoder::new(dictionaries.iter().map(|(number, bytes)| (*number, &bytes[..])));
    let body = decoder
        .decode(encoding, &stored)
        .map_err(|error| format!("the body at position {position} cannot be read: {error}"))?;
    match io::stdout().lock().write_all(&body) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

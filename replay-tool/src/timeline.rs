//! `timeline`: what happened to a space or a device, when, by whom and why; from the raw log.

use std::process::ExitCode;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use parking_domain::device::DeviceEvent;
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::{Change, Spaces};
use parking_domain::stored::Event;
use parking_domain::uplinks;
use parking_projections::feed::RecordedEvent;
use serde::Serialize;
use serde_json::Value;

use crate::ToolError;
use crate::log::Log;

/// Of what.
#[derive(Debug, Args)]
pub(crate) struct Timeline {
    #[command(subcommand)]
    what: What,
    /// One JSON object a line.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A space: its own events, the devices that came and went, and every change of what is shown.
    Space {
        /// The space's id.
        space_id: SpaceId,
    },
    /// A device: its own events and its reports.
    Device {
        /// The device's EUI.
        dev_eui: DevEui,
    },
}

/// A line: an event, or a change of what is shown that an event brought.
#[derive(Serialize)]
struct Line {
    position: i64,
    recorded_at: DateTime<Utc>,
    what: String,
    by: Option<String>,
    details: Value,
}

pub(crate) async fn timeline(mut log: Log, asked: &Timeline) -> Result<ExitCode, ToolError> {
    let mut spaces = Spaces::default();
    loop {
        let page = log.next_page().await?;
        if page.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        for recorded in &page {
            let event = recorded.decode()?;
            if concerns(&asked.what, recorded, &event) {
                asked.print(&Line::event(recorded)?)?;
            }
            for change in spaces.apply(recorded.position, &recorded.aggregate_id, &event) {
                if matches!(&asked.what, What::Space { space_id } if *space_id == change.space_id) {
                    asked.print(&Line::change(recorded, &change)?)?;
                }
            }
        }
    }
}

/// True for the events of its own streams, and for devices that come to a space or leave it.
fn concerns(what: &What, recorded: &RecordedEvent, event: &Event) -> bool {
    match (what, event) {
        (What::Space { space_id }, Event::Space(_)) => recorded.aggregate_id.parse() == Ok(*space_id),
        (What::Space { space_id }, Event::Device(event)) => match event {
            DeviceEvent::DeviceAssigned { space_id: at, .. }
            | DeviceEvent::DeviceUnassigned { space_id: at, .. } => at == space_id,
            DeviceEvent::DeviceReassigned { from, to, .. } => from == space_id || to == space_id,
            _ => false,
        },
        (What::Device { dev_eui }, Event::Device(_) | Event::Display(_)) => {
            recorded.aggregate_id.parse() == Ok(*dev_eui)
        }
        (What::Device { dev_eui }, Event::Uplink(_)) => {
            uplinks::dev_eui_of(&recorded.aggregate_id) == Some(*dev_eui)
        }
        _ => false,
    }
}

impl Line {
    fn event(recorded: &RecordedEvent) -> Result<Self, serde_json::Error> {
        let payload: Value = serde_json::from_str(&recorded.payload)?;
        let details = payload.get(&recorded.event_type).cloned().unwrap_or_default();
        let metadata: Value = serde_json::from_str(&recorded.metadata)?;
        let by = details.get("by").or_else(|| metadata.get("actor")).and_then(Value::as_str);
        Ok(Self {
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            what: recorded.event_type.clone(),
            by: by.map(ToOwned::to_owned),
            details,
        })
    }

    fn change(recorded: &RecordedEvent, change: &Change) -> Result<Self, serde_json::Error> {
        Ok(Self {
            position: change.position,
            recorded_at: recorded.recorded_at,
            what: "shown".to_owned(),
            by: None,
            details: serde_json::to_value(change)?,
        })
    }
}

impl Timeline {
    fn print(&self, line: &Line) -> Result<(), ToolError> {
        if self.json {
            return crate::print(&serde_json::to_string(line)?);
        }
        let at = line.recorded_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let by = line.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let Line { position, what, details, .. } = line;
        crate::print(&format!("{at}  {position:>8}  {what}{by}  {details}"))
    }
}

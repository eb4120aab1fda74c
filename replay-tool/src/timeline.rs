//! `timeline`: what happened to a space or a device, when, by whom and why; from the raw log.

mod words;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use parking_domain::device::DeviceEvent;
use parking_domain::id::{LogId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::{Change, Spaces};
use parking_domain::stored::Event;
use parking_domain::uplinks;
use parking_projections::engine::feed::RecordedEvent;
use serde::Serialize;
use serde_json::Value;

use crate::ToolError;
use crate::log::Log;
use crate::streams;
use words::Description;

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

/// A line: an event, or a change of the shown state that an event caused.
#[derive(Serialize)]
struct Line {
    log_id: LogId,
    position: i64,
    /// When it was recorded.
    recorded_at: Instant,
    /// When it happened.
    at: Instant,
    /// The event's type, or `shown`.
    kind: String,
    what: String,
    by: Option<String>,
    why: Option<String>,
    details: Value,
}

pub(crate) async fn timeline(mut log: Log, asked: &Timeline) -> Result<ExitCode, ToolError> {
    let streams = match &asked.what {
        What::Device { dev_eui } => streams::of_device(*dev_eui),
        What::Space { space_id } => {
            let head = log.head;
            streams::of_space(log.connection(), *space_id, head).await?
        }
    };
    log.only(streams);
    let mut spaces = Spaces::default();
    loop {
        let page = log.next_page().await?;
        if page.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        for recorded in &page {
            let event = recorded.decode()?;
            let description = Description::of(&recorded.aggregate_id, &event);
            if let Some(description) = description.filter(|_| concerns(&asked.what, recorded, &event)) {
                asked.print(&Line::event(log.id, recorded, description)?)?;
            }
            for change in spaces.apply(recorded.position, &recorded.aggregate_id, &event) {
                if matches!(&asked.what, What::Space { space_id } if *space_id == change.space_id) {
                    asked.print(&Line::change(log.id, recorded, &change)?)?;
                }
            }
        }
    }
}

/// True for the events of its own streams, and for devices that are assigned to a space or leave it.
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
    fn event(
        log_id: LogId,
        recorded: &RecordedEvent,
        description: Description,
    ) -> Result<Self, serde_json::Error> {
        let payload: Value = serde_json::from_str(&recorded.payload)?;
        let details = payload.get(&recorded.event_type).cloned().unwrap_or_default();
        Ok(Self::new(log_id, recorded, recorded.event_type.clone(), description, details))
    }

    fn change(log_id: LogId, recorded: &RecordedEvent, change: &Change) -> Result<Self, serde_json::Error> {
        let details = serde_json::to_value(change)?;
        Ok(Self::new(log_id, recorded, "shown".to_owned(), Description::of_change(change), details))
    }

    fn new(
        log_id: LogId,
        recorded: &RecordedEvent,
        kind: String,
        description: Description,
        details: Value,
    ) -> Self {
        let Description { what, at, by, why } = description;
        let by = by.map(|by| by.to_string());
        let (position, recorded_at) = (recorded.position, recorded.recorded_at);
        Self { log_id, position, recorded_at, at, kind, what, by, why, details }
    }
}

impl Timeline {
    fn print(&self, line: &Line) -> Result<(), ToolError> {
        if self.json {
            return crate::print(&serde_json::to_string(line)?);
        }
        let Line { position, at, what, .. } = line;
        let by = line.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        let why = line.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        crate::print(&format!("{}  {position:>8}  {what}{by}{why}", words::time(*at)))
    }
}

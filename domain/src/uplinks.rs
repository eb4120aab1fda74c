//! The stream of everything ChirpStack reports about one device, each report once.
//!
//! `decide` answers three questions about a report: was it recorded before (`recent_keys`), which LoRaWAN session does
//! it belong to, and what is its standing there (`sessions`)? A report that was recorded before is refused. All others
//! are recorded, including late and repeated frames; each reader decides how to treat them.

mod bare;
mod clock;
mod counter;
mod event;
mod last_events;
mod lower_counters;
mod recent_keys;
mod sessions;

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::aggregate::{Decider, aggregate};
use crate::chirpstack::{Content, Report, Up};
use crate::instant::Instant;
use crate::lorawan::{DevAddr, DevEui};
use clock::Arrival;
use recent_keys::{Recall, RecentKeys};
use sessions::Sessions;

pub use event::{DeviceJoined, NetworkReport, Standing, UplinkEvent, UplinkReceived};
pub use sessions::CLOCK_DOUBT;

/// The webhook credential through which a report arrived. Only the platform has one so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The platform's own ChirpStack.
    Platform,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
        }
    }
}

/// The id of a device's `uplinks` stream: `platform/58a0cb0000100001`.
pub fn stream_id(source: Source, dev_eui: DevEui) -> String {
    format!("{source}/{dev_eui}")
}

/// The device of an `uplinks` stream; `None` for an id that [`stream_id`] did not make.
pub fn dev_eui_of(stream_id: &str) -> Option<DevEui> {
    stream_id.rsplit_once('/')?.1.parse().ok()
}

/// Record a report in its device's stream.
#[derive(Clone, Debug)]
pub struct RecordReport {
    /// The report that ChirpStack posted.
    pub report: Report,
    /// When the platform received it, even if it is recorded much later.
    pub at: Instant,
    /// The result of looking the key up in the whole stream.
    pub look_up: LookUp,
}

/// The result of a look-up of a key that may be older than the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// Not looked up, because the window usually suffices.
    NotDone,
    /// The stream does not contain the key.
    Absent,
    /// The stream contains the key.
    Present,
}

/// Why a report is not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UplinkRefusal {
    /// The stream contains it.
    #[error("the report was recorded before")]
    ReportAlreadyRecorded,
    /// The window no longer holds keys of that age.
    #[error(
        "the report is older than the window of recent keys: look its key up in the stream and try again"
    )]
    ReportOlderThanWindow,
}

/// The state for the decision about the next report. Bounded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Uplinks {
    recent_keys: RecentKeys,
    sessions: Sessions,
    first_received_at: Option<Instant>,
    last_received_at: Option<Instant>,
}

impl Uplinks {
    fn refuse_recorded(&self, report: &Report, look_up: LookUp) -> Result<(), UplinkRefusal> {
        match (self.recent_keys.recall(report.key, report.time), look_up) {
            (Recall::Recorded, _) | (Recall::Forgotten, LookUp::Present) => {
                Err(UplinkRefusal::ReportAlreadyRecorded)
            }
            (Recall::Forgotten, LookUp::NotDone) => Err(UplinkRefusal::ReportOlderThanWindow),
            (Recall::Forgotten, LookUp::Absent) | (Recall::New, _) => Ok(()),
        }
    }

    /// The event of a report that was not recorded before.
    fn record(&self, report: &Report, at: Instant) -> UplinkEvent {
        let heard_at = Arrival { at, first: self.first_received_at.unwrap_or(at) }.heard_at(report);
        let Report { key, time, device, content, .. } = report;
        let received_at = self.last_received_at.map_or(at, |last| last.max(at));
        let report = NetworkReport { key: *key, received_at, time: *time, device: device.clone() };
        match content {
            Content::Up(up) => UplinkEvent::UplinkReceived(Box::new(self.receive(up, heard_at, report))),
            Content::Join(dev_addr) => UplinkEvent::DeviceJoined(self.join(*dev_addr, heard_at, report)),
            Content::Status => UplinkEvent::DeviceStatusReported { report },
            Content::Ack => UplinkEvent::DownlinkAcknowledged { report },
            Content::TxAck => UplinkEvent::DownlinkTransmitted { report },
            Content::Log => UplinkEvent::NetworkLogged { report },
            Content::Location => UplinkEvent::DeviceLocated { report },
        }
    }

    /// An uplink with its session and standing.
    fn receive(&self, up: &Up, heard_at: Instant, report: NetworkReport) -> UplinkReceived {
        let placement = self.sessions.place_uplink(up, heard_at, report.received_at);
        UplinkReceived {
            report,
            heard_at,
            session: placement.session,
            standing: placement.standing,
            dev_addr: up.dev_addr,
            f_cnt: up.f_cnt,
            f_port: up.f_port,
            confirmed: up.confirmed,
            dr: up.dr,
            frequency: up.frequency,
            data: up.data.clone(),
            object: up.object.clone(),
            encrypted: up.encrypted,
            rx_info: up.rx_info.clone(),
        }
    }

    fn join(&self, dev_addr: Option<DevAddr>, heard_at: Instant, report: NetworkReport) -> DeviceJoined {
        let placement = self.sessions.place_join(dev_addr, heard_at, report.received_at);
        DeviceJoined { report, heard_at, session: placement.session, standing: placement.standing, dev_addr }
    }
}

impl Decider for Uplinks {
    const STATE_VERSION: i32 = 3;

    const EVENTS: &'static [(&'static str, &'static str)] = UplinkEvent::CATALOGUE;

    /// Enough to contain a counted frame in order of any device that is heard regularly.
    const LAST_EVENTS: i64 = 32;

    fn decide(&self, command: &RecordReport) -> Result<Vec<UplinkEvent>, UplinkRefusal> {
        self.refuse_recorded(&command.report, command.look_up)?;
        Ok(vec![self.record(&command.report, command.at)])
    }

    fn report_key(command: &RecordReport) -> Option<Uuid> {
        Some(command.report.key.0)
    }

    fn decide_from_last_events(
        command: &RecordReport,
        last: &[UplinkEvent],
        is_recorded: bool,
    ) -> Option<Result<Vec<UplinkEvent>, UplinkRefusal>> {
        if is_recorded {
            return Some(Err(UplinkRefusal::ReportAlreadyRecorded));
        }
        let event = last_events::record(&command.report, command.at, last)?;
        Some(Ok(vec![event]))
    }

    fn read_bare(payload: &str) -> serde_json::Result<UplinkEvent> {
        Ok(serde_json::from_str::<bare::Bare>(payload)?.into())
    }

    /// Called after every uplink, so it is computed without serialising.
    fn weight(&self) -> usize {
        size_of::<Self>() + self.recent_keys.heap_bytes() + self.sessions.heap_bytes()
    }

    fn evolve(&mut self, event: &UplinkEvent) {
        let report = event.report();
        self.recent_keys.remember(report.key, report.time);
        self.first_received_at.get_or_insert(report.received_at);
        self.last_received_at = self.last_received_at.max(Some(report.received_at));
        self.sessions.record(event);
    }
}

aggregate!(Uplinks, "uplinks", RecordReport, UplinkEvent, UplinkRefusal);

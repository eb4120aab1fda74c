//! Ingestion of reports: routed to the device's stream, decided there, and durable when the call returns.

use std::time::Duration;

use bytes::Bytes;
use cqrs_es::Aggregate;
use parking_domain::chirpstack::Report;
use parking_domain::instant::Instant;
use parking_domain::uplinks::{self, LookUp, RecordReport, Source, UplinkRefusal, Uplinks};
use tokio::time::timeout;
use uuid::Uuid;

use crate::append::{AppendError, RequestKey};
use crate::bus::{Bus, ExecuteError};
use crate::metadata::Metadata;
use crate::store::{CommandContext, LoadError, LogStore};

/// ChirpStack stops waiting after five seconds, so a later result reaches no caller.
const RECORD_TIMEOUT: Duration = Duration::from_secs(4);

/// An incoming report with its context.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The source whose credential was used.
    pub source: Source,
    /// The report.
    pub report: Report,
    /// When it was received.
    pub received_at: Instant,
    /// The body as posted, byte for byte.
    pub body: Bytes,
    /// The actor and the request.
    pub metadata: Metadata,
}

/// The result of recording a report. In both cases it is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Appended, at this position.
    Accepted {
        /// The event's position.
        position: i64,
    },
    /// Recorded before, at or before this position.
    Duplicate {
        /// The stream's last position.
        position: i64,
    },
}

/// Why a report was not recorded. After [`IngestError::TimedOut`] and [`AppendError::Unsettled`] it may be in the log;
/// sending it again is safe.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The stream could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The append failed.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// It took longer than the sender waits.
    #[error("the report could not be recorded in time: send it again")]
    TimedOut,
}

/// Records reports. One per process, so that the reports of a device are decided one after the other.
pub struct Ingest(Bus<Uplinks>);

impl Ingest {
    /// Records into this store.
    pub fn new(store: LogStore) -> Self {
        Self(Bus::new(store))
    }

    /// Records a report once, however often it is delivered.
    pub async fn record(&self, incoming: Incoming) -> Result<Outcome, IngestError> {
        timeout(RECORD_TIMEOUT, self.record_in_stream(incoming)).await.unwrap_or(Err(IngestError::TimedOut))
    }

    async fn record_in_stream(&self, incoming: Incoming) -> Result<Outcome, IngestError> {
        let id = uplinks::stream_id(incoming.source, incoming.report.dev_eui);
        let Incoming { report, received_at, body, metadata, .. } = incoming;
        let key = report.key.0;
        let mut command_context = CommandContext { metadata, body: Some(body), ..CommandContext::default() };
        let mut command = RecordReport { report, at: received_at, look_up: LookUp::NotDone };
        loop {
            match self.0.execute(&id, &command, &command_context).await {
                Ok(executed) if executed.repeated => {
                    return Ok(Outcome::Duplicate { position: executed.position });
                }
                Ok(executed) => return Ok(Outcome::Accepted { position: executed.position }),
                Err(ExecuteError::Refused { refusal: UplinkRefusal::ReportAlreadyRecorded, position }) => {
                    self.0.store().confirm(position).await?;
                    return Ok(Outcome::Duplicate { position });
                }
                Err(ExecuteError::Refused { refusal: UplinkRefusal::ReportOlderThanWindow, .. }) => {
                    let found = self.0.store().holds_report(&id, key).await?;
                    command.look_up = if found { LookUp::Present } else { LookUp::Absent };
                    // A look-up result is outdated at once, so the append's request key decides between concurrent
                    // deliveries.
                    let request_key = format!("{} {id} {key}", Uplinks::TYPE);
                    command_context.request =
                        Some(RequestKey { tenant_id: Uuid::nil(), key: request_key, fingerprint: key });
                }
                Err(ExecuteError::Load(error)) => return Err(error.into()),
                Err(ExecuteError::Append(error)) => return Err(error.into()),
            }
        }
    }
}

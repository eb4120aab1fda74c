//! The way of a report into the log: routed to its device's lane, decided there, durable when this answers.
//!
//! A lane is a lock and the streams it has in memory. All reports of a device share one lane, so they are decided one
//! after the other; another process that appends to the same stream only costs a conflict and a fresh load.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;
use std::time::Duration;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use lru::LruCache;
use parking_domain::chirpstack::Report;
use parking_domain::uplinks::{self, LookUp, RecordReport, Source, UplinkRefusal, Uplinks};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::append::AppendError;
use crate::metadata::Metadata;
use crate::store::{LoadError, LogContext, LogStore};

/// More lanes than requests in flight, so that devices seldom wait for each other.
const LANES: usize = 1024;

/// Streams each lane keeps in memory.
const STREAMS_PER_LANE: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// ChirpStack gives up after five seconds: later than this an answer reaches nobody.
const PATIENCE: Duration = Duration::from_millis(4500);

/// Conflicts with other processes before the report is refused.
const ATTEMPTS: usize = 10;

/// A report on its way in, with what is kept beside it.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// Whose credential brought it.
    pub source: Source,
    /// What it says.
    pub report: Report,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// The body as posted, byte for byte.
    pub body: Vec<u8>,
    /// Who and in which request.
    pub metadata: Metadata,
}

/// What became of a report. Either way it is in the log.
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

/// Why a report was not recorded. It is then not in the log, save for [`AppendError::Unsettled`].
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

/// The lanes. One per process.
pub struct Ingest {
    store: LogStore,
    lanes: Vec<Mutex<Lane>>,
    hasher: RandomState,
}

type Lane = LruCache<String, LogContext<Uplinks>>;

impl Ingest {
    /// Lanes over a store.
    pub fn new(store: LogStore) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::new(LruCache::new(STREAMS_PER_LANE))).collect();
        Self { store, lanes, hasher: RandomState::new() }
    }

    /// Records a report, once however often it comes.
    pub async fn record(&self, incoming: Incoming) -> Result<Outcome, IngestError> {
        timeout(PATIENCE, self.record_in_lane(incoming)).await.unwrap_or(Err(IngestError::TimedOut))
    }

    async fn record_in_lane(&self, incoming: Incoming) -> Result<Outcome, IngestError> {
        let id = uplinks::stream_id(incoming.source, incoming.report.dev_eui);
        let lane = usize::try_from(self.hasher.hash_one(&id) % LANES as u64).expect("below LANES");
        let mut lane = self.lanes[lane].lock().await;
        // Taken out while it is worked on: if this future is dropped half-way, the next report loads the stream afresh.
        let mut context = match lane.pop(&id) {
            Some(context) => context,
            None => self.store.load(&id).await?,
        };
        let mut attempt = 1;
        let outcome = loop {
            match self.record_in_stream(&mut context, &incoming).await {
                Err(IngestError::Append(AppendError::Conflict { .. })) if attempt < ATTEMPTS => {
                    context = self.store.load(&id).await?;
                    attempt += 1;
                }
                outcome => break outcome?,
            }
        };
        lane.put(id, context);
        Ok(outcome)
    }

    async fn record_in_stream(
        &self,
        context: &mut LogContext<Uplinks>,
        incoming: &Incoming,
    ) -> Result<Outcome, IngestError> {
        let mut decision = decide(context, incoming, LookUp::NotDone);
        if let Err(UplinkRefusal::ReportOlderThanWindow) = decision {
            decision = decide(context, incoming, self.look_up(context, &incoming.report).await?);
        }
        let Ok(events) = decision else {
            return Ok(Outcome::Duplicate { position: context.position });
        };
        let body = Some(incoming.body.clone());
        let appended = self.store.append(context, &events, &incoming.metadata, body).await?;
        for event in &events {
            context.aggregate.evolve(event);
        }
        context.version = appended.versions.last().copied().unwrap_or(context.version);
        context.position = appended.last_position;
        Ok(Outcome::Accepted { position: appended.last_position })
    }

    async fn look_up(&self, context: &LogContext<Uplinks>, report: &Report) -> Result<LookUp, LoadError> {
        let key = report.key.0.to_string();
        let found = self.store.holds_key(Uplinks::TYPE, &context.aggregate_id, &key).await?;
        Ok(if found { LookUp::Present } else { LookUp::Absent })
    }
}

fn decide(
    context: &LogContext<Uplinks>,
    incoming: &Incoming,
    look_up: LookUp,
) -> Result<Vec<parking_domain::uplinks::UplinkEvent>, UplinkRefusal> {
    let report = incoming.report.clone();
    context.aggregate.decide(RecordReport { report, at: incoming.received_at, look_up })
}

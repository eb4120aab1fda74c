//! Snapshots: states of long streams, written asynchronously to appends. A cache that may be dropped at any time.
//!
//! A state is offered when its stream passes a multiple of [`INTERVAL`] events, and a separate task writes it, in
//! batches. If the queue is full, the state is offered again with the next event, so no snapshot is delayed
//! indefinitely. A snapshot contains the id of the last event in it: a load uses it only if the log contains that
//! event.

mod missing;
mod write;

use parking_domain::aggregate::Decider;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::store::{LogContext, snapshot_form};

pub use missing::{Kind, MissingSnapshots};

/// Events between two snapshots of a stream.
pub const INTERVAL: i64 = 100;

/// The minimum lead over its last snapshot, in events, for which an evicted stream is saved: folding fewer events costs
/// no more than reading a snapshot.
pub const WORTH_SAVING: i64 = 20;

/// The capacity of the queue, and the batch size for writing.
pub(crate) const SET: usize = 256;

/// A state to be written.
#[derive(Debug)]
pub(crate) struct Snapshot {
    aggregate_type: &'static str,
    aggregate_id: String,
    state_version: i32,
    version: i64,
    event_id: Uuid,
    state: String,
}

impl Snapshot {
    /// The state of a stream; `None` if it cannot be serialised.
    pub(crate) fn of<A: Decider>(context: &LogContext<A>) -> Option<Self> {
        Some(Self {
            aggregate_type: A::TYPE,
            aggregate_id: context.aggregate_id.clone(),
            state_version: snapshot_form::<A>(context.skipped.len()),
            version: context.version,
            event_id: context.event_id,
            state: serde_json::to_string(&context.aggregate).ok()?,
        })
    }
}

/// Accepts states to be saved. Cheap to clone.
#[derive(Clone)]
pub struct Snapshots(Option<SnapshotQueue>);

#[derive(Clone)]
struct SnapshotQueue {
    offers: mpsc::Sender<Snapshot>,
    pool: PgPool,
}

impl Snapshots {
    /// Starts the task that writes snapshots with `pool` (role writer). On cancellation it writes the queued ones and
    /// ends.
    pub fn start(pool: PgPool, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        let (offers, waiting) = mpsc::channel(SET);
        let task = tokio::spawn(write_all(pool.clone(), waiting, stop));
        (Self(Some(SnapshotQueue { offers, pool })), task)
    }

    /// Saves no snapshots.
    pub fn off() -> Self {
        Self(None)
    }

    /// Offers the state if the stream has passed a multiple of the interval since its last snapshot.
    pub(crate) fn offer<A: Decider>(&self, context: &mut LogContext<A>) {
        if context.version / INTERVAL > context.saved / INTERVAL {
            self.take(context);
        }
    }

    /// Offers the state of an evicted stream, if it is far enough ahead of its last snapshot.
    pub(crate) fn offer_last<A: Decider>(&self, context: &mut LogContext<A>) {
        if context.version - context.saved >= WORTH_SAVING {
            self.take(context);
        }
    }

    fn take<A: Decider>(&self, context: &mut LogContext<A>) {
        let Some(queue) = &self.0 else { return };
        if let Ok(slot) = queue.offers.try_reserve()
            && let Some(snapshot) = Snapshot::of(context)
        {
            context.saved = context.version;
            slot.send(snapshot);
        }
    }

    /// Writes a batch at once. No effect if snapshots are off.
    pub(crate) async fn save(&self, set: &[Snapshot]) -> Result<(), sqlx::Error> {
        match &self.0 {
            Some(queue) if !set.is_empty() => write::write(&queue.pool, set).await,
            _ => Ok(()),
        }
    }
}

async fn write_all(pool: PgPool, mut waiting: mpsc::Receiver<Snapshot>, stop: CancellationToken) {
    let mut set = Vec::with_capacity(SET);
    loop {
        if stop.run_until_cancelled(waiting.recv_many(&mut set, SET)).await.is_none() {
            waiting.close();
            waiting.recv_many(&mut set, SET).await;
        }
        if set.is_empty() {
            return;
        }
        if let Err(error) = write::write(&pool, &set).await {
            warn!(%error, snapshots = set.len(), "snapshots could not be written; streams load slower until the next");
        }
        set.clear();
    }
}

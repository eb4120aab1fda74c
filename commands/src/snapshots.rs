//! Snapshots: states of long streams, kept off the way of appends. A cache that may be dropped at any time.
//!
//! A state is offered when its stream passes a multiple of [`INTERVAL`] events, and written by a task of its own, in sets.
//! An offer that finds the queue full is made again with the next event, so no snapshot falls behind for ever. A
//! snapshot bears the id of the last event that went into it: a load uses it only with a log that holds this very event.

mod missing;
mod write;

use parking_domain::aggregate::Decider;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

use crate::store::{LogContext, form};

pub use missing::{Kind, MissingSnapshots};

/// Events between two snapshots of a stream.
pub const INTERVAL: i64 = 100;

/// A stream that leaves the memory is worth a snapshot when it is so many events ahead of its last one: to fold fewer costs
/// no more than to read a snapshot.
pub const WORTH_SAVING: i64 = 20;

/// Snapshots that may wait to be written, and that are written at once.
pub(crate) const SET: usize = 256;

/// A state on its way into the cache.
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
    /// The state of a stream; `None` when it has no stored form.
    pub(crate) fn of<A: Decider>(context: &LogContext<A>) -> Option<Self> {
        Some(Self {
            aggregate_type: A::TYPE,
            aggregate_id: context.aggregate_id.clone(),
            state_version: form::<A>(context.left_out.len()),
            version: context.version,
            event_id: context.event_id,
            state: serde_json::to_string(&context.aggregate).ok()?,
        })
    }
}

/// Where states are offered. Cheap to clone.
#[derive(Clone)]
pub struct Snapshots(Option<Kept>);

#[derive(Clone)]
struct Kept {
    offers: mpsc::Sender<Snapshot>,
    pool: PgPool,
}

impl Snapshots {
    /// Starts the task that writes them with `pool` (role writer). Cancelled, it writes what waits and ends.
    pub fn start(pool: PgPool, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        let (offers, waiting) = mpsc::channel(SET);
        let task = tokio::spawn(write_all(pool.clone(), waiting, stop));
        (Self(Some(Kept { offers, pool })), task)
    }

    /// None are kept.
    pub fn off() -> Self {
        Self(None)
    }

    /// Takes the state if the stream has passed a multiple of the interval since its last snapshot.
    pub(crate) fn offer<A: Decider>(&self, context: &mut LogContext<A>) {
        if context.version / INTERVAL > context.saved / INTERVAL {
            self.take(context);
        }
    }

    /// Takes the state of a stream that leaves the memory, if it is worth it.
    pub(crate) fn offer_last<A: Decider>(&self, context: &mut LogContext<A>) {
        if context.version - context.saved >= WORTH_SAVING {
            self.take(context);
        }
    }

    fn take<A: Decider>(&self, context: &mut LogContext<A>) {
        let Some(kept) = &self.0 else { return };
        if let Ok(place) = kept.offers.try_reserve()
            && let Some(snapshot) = Snapshot::of(context)
        {
            context.saved = context.version;
            place.send(snapshot);
        }
    }

    /// Writes a set at once. Where none are kept there is nothing to do.
    pub(crate) async fn save(&self, set: &[Snapshot]) -> Result<(), sqlx::Error> {
        match &self.0 {
            Some(kept) if !set.is_empty() => write::write(&kept.pool, set).await,
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

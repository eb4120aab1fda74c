//! Snapshots: states of long streams, kept off the way of appends. A cache that may be dropped at any time.
//!
//! A state is offered when its stream passes a multiple of [`INTERVAL`] events, and written by a task of its own, in sets.
//! If the task is behind, the offer is dropped: the next one will do.

use parking_domain::aggregate::Decider;
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::store::{LogContext, form};

/// Events between two snapshots of a stream.
pub const INTERVAL: i64 = 100;

/// Snapshots that may wait to be written, and that are written at once.
const QUEUE: usize = 256;

/// A state on its way into the cache.
struct Snapshot {
    aggregate_type: &'static str,
    aggregate_id: String,
    state_version: i32,
    version: i64,
    state: String,
}

/// Where states are offered. Cheap to clone.
#[derive(Clone)]
pub struct Snapshots(Option<mpsc::Sender<Snapshot>>);

impl Snapshots {
    /// Starts the task that writes them with `pool` (role writer); it ends when cancelled.
    pub fn start(pool: PgPool, stop: CancellationToken) -> (Self, JoinHandle<()>) {
        let (offers, waiting) = mpsc::channel(QUEUE);
        (Self(Some(offers)), tokio::spawn(write_all(pool, waiting, stop)))
    }

    /// None are kept.
    pub fn off() -> Self {
        Self(None)
    }

    /// Takes the state if the stream has passed a multiple of the interval since version `before`.
    pub(crate) fn offer<A: Decider>(&self, context: &LogContext<A>, before: i64) {
        let Some(offers) = &self.0 else { return };
        if context.version / INTERVAL == before / INTERVAL {
            return;
        }
        let (Ok(place), Ok(state)) = (offers.try_reserve(), serde_json::to_string(&context.aggregate)) else {
            return;
        };
        place.send(Snapshot {
            aggregate_type: A::TYPE,
            aggregate_id: context.aggregate_id.clone(),
            state_version: form::<A>(context.left_out),
            version: context.version,
            state,
        });
    }
}

async fn write_all(pool: PgPool, mut waiting: mpsc::Receiver<Snapshot>, stop: CancellationToken) {
    let mut batch = Vec::with_capacity(QUEUE);
    while let Some(1..) = stop.run_until_cancelled(waiting.recv_many(&mut batch, QUEUE)).await {
        if let Err(error) = write(&pool, &batch).await {
            warn!(%error, snapshots = batch.len(), "snapshots could not be written; streams load slower until the next");
        }
        batch.clear();
    }
}

/// One row a stream: the newest state, or the first of a new form. One that is ahead of its stream, as after the log was
/// restored without it, gives way too.
async fn write(pool: &PgPool, batch: &[Snapshot]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into snapshots as old (aggregate_type, aggregate_id, state_version, version, state) \
         select distinct on (1, 2) type, id, state_version, version, state::json \
           from unnest($1::text[], $2::text[], $3::integer[], $4::bigint[], $5::text[]) \
             as new (type, id, state_version, version, state) \
          order by 1, 2, version desc \
         on conflict (aggregate_type, aggregate_id) do update \
            set state_version = excluded.state_version, version = excluded.version, state = excluded.state \
          where old.state_version <> excluded.state_version or old.version < excluded.version \
             or old.version > (select s.version from streams s where s.aggregate_type = old.aggregate_type \
                                                                 and s.aggregate_id = old.aggregate_id)",
    )
    .bind(batch.iter().map(|s| s.aggregate_type).collect::<Vec<_>>())
    .bind(batch.iter().map(|s| s.aggregate_id.as_str()).collect::<Vec<_>>())
    .bind(batch.iter().map(|s| s.state_version).collect::<Vec<_>>())
    .bind(batch.iter().map(|s| s.version).collect::<Vec<_>>())
    .bind(batch.iter().map(|s| s.state.as_str()).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

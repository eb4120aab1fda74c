//! Loads the streams that wait together in one query: under load most of a look-up is its round trip and its plan.
//!
//! Only a short cut. What it cannot give (the database failed, the snapshot is of no use) is loaded stream by stream.

use std::collections::HashMap;

use sqlx::{FromRow, PgPool, Row};
use tokio::sync::{mpsc, oneshot};

use super::load::Stored;

/// Streams that may wait, and that are loaded at once.
const QUEUE: usize = 1024;
const MAX_STREAMS: usize = 200;

/// A stream as the log and the snapshots have it.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The snapshot's version, if there is one, and its state, if the event it was taken at is there.
    pub(super) snapshot: Option<(i64, Option<String>)>,
    /// The events from the snapshot's on, or all of them.
    pub(super) events: Vec<Stored>,
}

struct Request {
    aggregate_type: &'static str,
    aggregate_id: String,
    state_version: i32,
    reply: oneshot::Sender<Tail>,
}

/// Where streams are asked for. Its task ends with the last handle.
#[derive(Clone)]
pub(super) struct Loader(mpsc::Sender<Request>);

impl Loader {
    pub(super) fn start(pool: PgPool) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(load_all(pool, waiting));
        Self(queue)
    }

    /// The stream's tail; `None` when it has to be loaded in another way.
    pub(super) async fn tail(
        &self,
        aggregate_type: &'static str,
        aggregate_id: &str,
        state_version: i32,
    ) -> Option<Tail> {
        let (reply, tail) = oneshot::channel();
        let aggregate_id = aggregate_id.to_owned();
        self.0.try_send(Request { aggregate_type, aggregate_id, state_version, reply }).ok()?;
        tail.await.ok()
    }
}

async fn load_all(pool: PgPool, mut waiting: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(MAX_STREAMS);
    while let 1.. = waiting.recv_many(&mut batch, MAX_STREAMS).await {
        // Without an answer each caller loads its stream itself, and finds out what is wrong.
        if let Ok(mut tails) = load(&pool, &batch).await {
            for (place, request) in (1..).zip(batch.drain(..)) {
                let _gone = request.reply.send(tails.remove(&place).unwrap_or_default());
            }
        }
        batch.clear();
    }
}

/// The tails by the requests' places, from 1. A stream that nothing is known of has none.
async fn load(pool: &PgPool, batch: &[Request]) -> Result<HashMap<i64, Tail>, sqlx::Error> {
    let rows = sqlx::query(
        "select r.place, s.version as snapshot, case when e.sequence = s.version then s.state::text end as state, \
                e.position, e.sequence, e.event_type, e.event_version, e.payload, e.metadata \
           from unnest($1::text[], $2::text[], $3::integer[]) with ordinality as r (type, id, form, place) \
           left join lateral (select version, state from snapshots \
                               where aggregate_type = r.type and aggregate_id = r.id and state_version = r.form \
                               limit 1) s on true \
           left join lateral (select position, sequence, event_type, event_version, payload::text, metadata \
                                from events \
                               where aggregate_type = r.type and aggregate_id = r.id \
                                 and sequence >= coalesce(s.version, 1) order by sequence) e on true \
          where s.version is not null or e.sequence is not null \
          order by r.place, e.sequence",
    )
    .bind(batch.iter().map(|request| request.aggregate_type).collect::<Vec<_>>())
    .bind(batch.iter().map(|request| request.aggregate_id.as_str()).collect::<Vec<_>>())
    .bind(batch.iter().map(|request| request.state_version).collect::<Vec<_>>())
    .fetch_all(pool)
    .await?;
    let mut tails: HashMap<i64, Tail> = HashMap::new();
    for row in &rows {
        let tail = tails.entry(row.try_get("place")?).or_default();
        if let Some(version) = row.try_get("snapshot")? {
            let state: Option<String> = row.try_get("state")?;
            let state = state.or_else(|| tail.snapshot.take().and_then(|(_, state)| state));
            tail.snapshot = Some((version, state));
        }
        if row.try_get::<Option<i64>, _>("position")?.is_some() {
            tail.events.push(Stored::from_row(row)?);
        }
    }
    Ok(tails)
}

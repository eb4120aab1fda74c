//! Loads waiting streams together in one query: under load, most of a look-up's cost is its round trip and its plan.
//!
//! An optimisation only. Streams that it cannot load (a database error, an unusable snapshot) are loaded one by one.

use futures_util::TryStreamExt;
use sqlx::{FromRow, PgPool, Row};
use tokio::sync::{mpsc, oneshot};

use super::load::Stored;
use crate::snapshots::INTERVAL;

/// The queue's capacity, and the maximum number of streams per query.
const QUEUE: usize = 1024;
const MAX_STREAMS: usize = 200;

/// The maximum number of events per stream: the snapshot's own and as many as normally follow it. The rest of a longer
/// stream is read separately.
const MAX_EVENTS: i64 = 2 * INTERVAL + 1;

/// The maximum number of bytes per stream and per query. Beyond them the rest is read stream by stream.
const MAX_STREAM_BYTES: usize = 1024 * 1024;
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The snapshot of a stream and the events after it.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The snapshot, if there is one.
    pub(super) snapshot: Option<FoundSnapshot>,
    /// The events from the snapshot's on, or from the first one.
    pub(super) events: Vec<Stored>,
    /// True when more events may follow.
    pub(super) cut: bool,
    bytes: usize,
}

/// A stored snapshot.
#[derive(Debug)]
pub(super) struct FoundSnapshot {
    pub(super) version: i64,
    /// The state, if the log contains the event at which it was taken.
    pub(super) state: Option<String>,
}

struct Request {
    aggregate_type: &'static str,
    aggregate_id: String,
    state_version: i32,
    reply: Option<oneshot::Sender<Tail>>,
}

/// The queue of load requests. Its task ends with the last handle.
#[derive(Clone)]
pub(super) struct Loader(mpsc::Sender<Request>);

impl Loader {
    pub(super) fn start(pool: PgPool) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(load_all(pool, waiting));
        Self(queue)
    }

    /// The stream's tail; `None` if it must be loaded separately.
    pub(super) async fn tail(
        &self,
        aggregate_type: &'static str,
        aggregate_id: &str,
        state_version: i32,
    ) -> Option<Tail> {
        let (reply, tail) = oneshot::channel();
        let aggregate_id = aggregate_id.to_owned();
        let reply = Some(reply);
        self.0.try_send(Request { aggregate_type, aggregate_id, state_version, reply }).ok()?;
        tail.await.ok()
    }
}

async fn load_all(pool: PgPool, mut waiting: mpsc::Receiver<Request>) {
    let mut batch = Vec::with_capacity(MAX_STREAMS);
    while let 1.. = waiting.recv_many(&mut batch, MAX_STREAMS).await {
        // Without a reply each caller loads its stream itself and gets the error.
        if load(&pool, &mut batch).await.is_ok_and(|whole| whole) {
            for request in &mut batch {
                request.answer(Tail::default());
            }
        }
        batch.clear();
    }
}

impl Request {
    /// Sends the reply, unless one was sent.
    fn answer(&mut self, tail: Tail) {
        if let Some(reply) = self.reply.take() {
            let _gone = reply.send(tail);
        }
    }
}

/// Replies to the requests for which there are rows, as soon as they are read. True if all rows were read: the
/// remaining streams have neither a snapshot nor events.
async fn load(pool: &PgPool, batch: &mut [Request]) -> Result<bool, sqlx::Error> {
    // The rows of a stream are consecutive, because the plan can only loop over the requests.
    let query = sqlx::query(
        "select r.place, s.version as snapshot, \
                case when e.sequence = s.version and e.event_id = s.event_id then s.state::text end as state, \
                e.position, e.sequence, e.event_id, e.event_type, e.event_version, e.payload \
           from unnest($1::text[], $2::text[], $3::integer[]) with ordinality as r (type, id, form, place) \
           left join lateral (select version, event_id, state from snapshots \
                               where aggregate_type = r.type and aggregate_id = r.id and state_version = r.form \
                               limit 1) s on true \
           left join lateral (select position, sequence, event_id, event_type, event_version, payload::text \
                                from events \
                               where aggregate_type = r.type and aggregate_id = r.id \
                                 and sequence >= coalesce(s.version, 1) order by sequence limit $4) e on true \
          where s.version is not null or e.sequence is not null",
    )
    .bind(batch.iter().map(|request| request.aggregate_type).collect::<Vec<_>>())
    .bind(batch.iter().map(|request| request.aggregate_id.clone()).collect::<Vec<_>>())
    .bind(batch.iter().map(|request| request.state_version).collect::<Vec<_>>())
    .bind(MAX_EVENTS);
    let mut rows = query.fetch(pool);
    let (mut current, mut tail, mut bytes) = (0, Tail::default(), 0);
    while let Some(row) = rows.try_next().await? {
        let number = usize::try_from(row.try_get::<i64, _>("place")?).unwrap_or_default();
        if number != current {
            answer(batch, current, std::mem::take(&mut tail));
            current = number;
        }
        if let (None, Some(version)) = (&tail.snapshot, row.try_get("snapshot")?) {
            tail.snapshot = Some(FoundSnapshot { version, state: row.try_get("state")? });
        }
        if !tail.cut && row.try_get::<Option<i64>, _>("position")?.is_some() {
            bytes += tail.push(Stored::from_row(&row)?);
        }
        if bytes > MAX_BYTES {
            return Ok(false);
        }
    }
    answer(batch, current, tail);
    Ok(true)
}

/// Replies to the request with this number, from 1; 0 is none.
fn answer(batch: &mut [Request], number: usize, tail: Tail) {
    if let Some(request) = number.checked_sub(1).and_then(|index| batch.get_mut(index)) {
        request.answer(tail);
    }
}

impl Tail {
    /// Adds an event and returns its size.
    fn push(&mut self, event: Stored) -> usize {
        let size = event.size();
        self.bytes += size;
        self.events.push(event);
        self.cut = self.bytes > MAX_STREAM_BYTES || i64::try_from(self.events.len()) == Ok(MAX_EVENTS);
        size
    }
}

//! Creates missing snapshots of long streams in one pass over the log: after the log was restored without them, or when
//! a release has changed the form of states.
//!
//! The log is read in order, once for as many streams as fit into the memory limit; reading stream by stream would look
//! up each event separately. It slows down while this process appends, and its pages queue behind loads.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::TryStreamExt;
use parking_domain::aggregate::Decider;
use parking_domain::upcast::Upcasters;
use sqlx::FromRow;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use super::{INTERVAL, SET, Snapshot};
use crate::store::{LogContext, LogStore, Stored, Stream};

/// The maximum number of streams per pass.
const STREAMS: i64 = 20_000;

/// The memory limit for their states, in bytes. A stream that does not fit is saved as far as it was folded and
/// continues in the next pass.
const MEMORY: usize = 96 * 1024 * 1024;

/// The number of events after which a state is saved although its stream continues; it limits the loss when the process
/// ends.
const SAVED_EVERY: i64 = 1000;

/// The number of events between two measurements of a state's size.
const WEIGHED_EVERY: i64 = 64;

/// The number of positions per page.
const PAGE: i64 = 2000;

/// The pause before a retry after a database error.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// While this process appends, a page is followed by a pause of this multiple of its duration.
const PAUSE: u32 = 2;

/// An aggregate type whose streams get snapshots.
#[derive(Clone, Copy)]
pub struct Kind {
    aggregate_type: &'static str,
    state_version: i32,
    begin: fn(StreamWithoutSnapshot) -> Box<dyn Stream>,
}

impl Kind {
    /// The kind of an aggregate.
    pub fn of<A: Decider>() -> Self {
        Self {
            aggregate_type: A::TYPE,
            state_version: A::STATE_VERSION,
            begin: StreamWithoutSnapshot::begin::<A>,
        }
    }
}

/// A stream without a recent snapshot, with its old one if it has one.
#[derive(FromRow)]
struct StreamWithoutSnapshot {
    aggregate_type: String,
    aggregate_id: String,
    version: i64,
    event_id: Option<Uuid>,
    state: Option<String>,
    /// The last position that is not needed.
    after: i64,
}

impl StreamWithoutSnapshot {
    /// The stream at its old snapshot, or without events if it has none or its state cannot be parsed.
    fn begin<A: Decider>(self) -> Box<dyn Stream> {
        let empty = LogContext::<A>::empty(&self.aggregate_id);
        let state = self.state.and_then(|state| serde_json::from_str(&state).ok());
        Box::new(match (state, self.event_id) {
            (Some(aggregate), Some(event_id)) => empty.at(aggregate, self.version, self.after, event_id),
            _ => empty,
        })
    }
}

/// Makes missing snapshots.
pub struct MissingSnapshots {
    store: LogStore,
    kinds: Vec<Kind>,
    /// The head, including this process's appends.
    head: watch::Receiver<i64>,
    streams: i64,
    memory: usize,
}

/// A stream's type and id.
type Name = (String, String);

/// A pass over the log.
#[derive(Default)]
struct Pass {
    streams: HashMap<Name, Box<dyn Stream>>,
    weights: HashMap<Name, usize>,
    weight: usize,
    /// The last position read.
    position: i64,
    /// States to be saved.
    set: Vec<Snapshot>,
    /// True when a stream did not fit.
    overflowed: bool,
}

impl MissingSnapshots {
    /// For the store's streams of these types.
    pub fn new(store: &LogStore, kinds: Vec<Kind>) -> Self {
        Self { store: store.clone(), kinds, head: store.writer.head(), streams: STREAMS, memory: MEMORY }
    }

    /// The same with other limits on the streams per pass and on the bytes of states.
    #[must_use]
    pub fn bounded(self, streams: i64, memory: usize) -> Self {
        Self { streams, memory, ..self }
    }

    /// Creates all of them, or as many as possible until `stop`. Created snapshots are kept; the next run continues
    /// from them.
    pub async fn run(self, stop: CancellationToken) {
        while let Some(Err(error)) = stop.run_until_cancelled(self.make_all()).await {
            warn!(%error, "missing snapshots could not be created: trying again");
            stop.run_until_cancelled(sleep(RETRY_PAUSE)).await;
        }
    }

    /// Runs passes until no stream is left or none makes progress. Events that a stream gets meanwhile are left to its next
    /// load.
    async fn make_all(&self) -> Result<(), sqlx::Error> {
        loop {
            let (mut last, mut made, mut overflowed) = (Name::default(), 0, false);
            loop {
                let mut pass = self.next_pass(&mut last).await?;
                if pass.streams.is_empty() {
                    break;
                }
                info!(streams = pass.streams.len(), from = pass.position, "creating missing snapshots");
                made += self.read_through(&mut pass).await?;
                overflowed |= pass.overflowed;
            }
            if !overflowed || made == 0 {
                return Ok(());
            }
        }
    }

    /// The next streams without a recent snapshot, ordered by name. Their old states may use half of the memory limit,
    /// because they grow. A stream that skips events has snapshots of another form, which its loads create.
    async fn next_pass(&self, last: &mut Name) -> Result<Pass, sqlx::Error> {
        let (types, ids): (Vec<_>, Vec<_>) = self.store.streams_with_unreadable().await?.into_iter().unzip();
        let mut candidates = sqlx::query_as::<_, StreamWithoutSnapshot>(
            "select s.aggregate_type, s.aggregate_id, coalesce(n.version, 0) as version, n.event_id, n.state::text, f.after \
               from streams s \
               join unnest($1::text[], $2::integer[]) as k (type, form) on k.type = s.aggregate_type \
               left join lateral (select n.version, n.event_id, n.state from snapshots n \
                                    join events e on e.aggregate_type = n.aggregate_type \
                                                 and e.aggregate_id = n.aggregate_id and e.sequence = n.version \
                                   where n.aggregate_type = s.aggregate_type and n.aggregate_id = s.aggregate_id \
                                     and n.state_version = k.form and e.event_id = n.event_id \
                                   limit 1) n on true \
               cross join lateral (select e.position - 1 as after from events e \
                                    where e.aggregate_type = s.aggregate_type and e.aggregate_id = s.aggregate_id \
                                      and e.sequence = coalesce(n.version, 0) + 1 limit 1) f \
              where (s.aggregate_type, s.aggregate_id) > ($3, $4) and s.version > $5 \
                and s.version - coalesce(n.version, 0) > $5 \
                and (s.aggregate_type, s.aggregate_id) not in (select * from unnest($7::text[], $8::text[])) \
              order by 1, 2 limit $6",
        )
        .bind(self.kinds.iter().map(|kind| kind.aggregate_type).collect::<Vec<_>>())
        .bind(self.kinds.iter().map(|kind| kind.state_version).collect::<Vec<_>>())
        .bind(last.0.clone())
        .bind(last.1.clone())
        .bind(INTERVAL)
        .bind(self.streams)
        .bind(types)
        .bind(ids)
        .fetch(&self.store.pool);
        let mut pass = Pass::default();
        while pass.weight <= self.memory / 2
            && let Some(stream) = candidates.try_next().await?
        {
            *last = (stream.aggregate_type.clone(), stream.aggregate_id.clone());
            pass.add_stream(&self.kinds, stream);
        }
        Ok(pass)
    }

    /// Reads the log up to its current head; returns the number of saved snapshots.
    async fn read_through(&self, pass: &mut Pass) -> Result<usize, sqlx::Error> {
        let head: i64 =
            sqlx::query_scalar("select position from log_head").fetch_one(&self.store.pool).await?;
        let mut saved = 0;
        while pass.position < head && !pass.streams.is_empty() {
            // A page queues behind loads that commands wait for.
            let turn = self.store.long_loads.acquire().await.expect("it is never closed");
            let (started, known) = (Instant::now(), *self.head.borrow());
            self.read_page(pass).await?;
            drop(turn);
            saved += self.save(pass).await?;
            if *self.head.borrow() != known {
                sleep(started.elapsed() * PAUSE).await;
            }
        }
        while pass.finish_some() {
            saved += self.save(pass).await?;
        }
        Ok(saved)
    }

    async fn read_page(&self, pass: &mut Pass) -> Result<(), sqlx::Error> {
        #[derive(FromRow)]
        struct Row {
            aggregate_type: String,
            aggregate_id: String,
            #[sqlx(flatten)]
            event: Stored,
        }
        let mut rows = sqlx::query_as(
            "select aggregate_type, aggregate_id, position, sequence, event_id, event_type, event_version, payload::text \
               from events where position > $1 and position <= $2 order by position",
        )
        .bind(pass.position)
        .bind(pass.position + PAGE)
        .fetch(&self.store.pool);
        while let Some(Row { aggregate_type, aggregate_id, event }) = rows.try_next().await? {
            pass.apply_event(self.store.upcasters, &(aggregate_type, aggregate_id), &event, self.memory);
        }
        pass.position += PAGE;
        Ok(())
    }

    /// Saves the pending states in batches; returns how many.
    async fn save(&self, pass: &mut Pass) -> Result<usize, sqlx::Error> {
        for set in pass.set.chunks(SET) {
            self.store.snapshots.save(set).await?;
        }
        Ok(std::mem::take(&mut pass.set).len())
    }
}

impl Pass {
    /// Adds a stream, starting from its old snapshot, or from the start of the log if that cannot be parsed.
    fn add_stream(&mut self, kinds: &[Kind], candidate: StreamWithoutSnapshot) {
        let Some(kind) = kinds.iter().find(|kind| kind.aggregate_type == candidate.aggregate_type) else {
            return;
        };
        let name = (candidate.aggregate_type.clone(), candidate.aggregate_id.clone());
        let (snapshot, after) = (candidate.version, candidate.after);
        let stream = (kind.begin)(candidate);
        let after = if stream.version() == snapshot { after } else { 0 };
        self.position = if self.streams.is_empty() { after } else { after.min(self.position) };
        if stream.version() > 0 {
            self.weigh(&name, stream.weight());
        }
        self.streams.insert(name, stream);
    }

    fn weigh(&mut self, name: &Name, weight: usize) {
        self.weight += weight;
        self.weight -= self.weights.insert(name.clone(), weight).unwrap_or_default();
    }

    /// Applies an event to its stream, if the pass includes the stream and the event is new to it.
    fn apply_event(&mut self, upcasters: &Upcasters, name: &Name, event: &Stored, memory: usize) {
        let Some(stream) = self.streams.get_mut(name) else { return };
        if event.sequence <= stream.version() {
            return;
        }
        if let Err(error) = stream.apply_event(upcasters, event) {
            warn!(%error, "a stream gets no snapshot");
            return self.drop_stream(name);
        }
        if stream.unsaved_events() >= SAVED_EVERY {
            self.set.extend(stream.snapshot());
        }
        if stream.version() % WEIGHED_EVERY == 0 {
            let weight = stream.weight();
            self.weigh(name, weight);
        }
        if self.weight > memory && self.streams.len() > 1 {
            self.overflowed = true;
            self.save_and_drop(name);
        }
    }

    /// Saves a stream as far as it was folded, and drops it.
    fn save_and_drop(&mut self, name: &Name) {
        if let Some(stream) = self.streams.get_mut(name)
            && stream.unsaved_events() > 0
        {
            self.set.extend(stream.snapshot());
        }
        self.drop_stream(name);
    }

    fn drop_stream(&mut self, name: &Name) {
        self.streams.remove(name);
        self.weight -= self.weights.remove(name).unwrap_or_default();
    }

    /// Saves and drops a batch of streams; false if there are none.
    fn finish_some(&mut self) -> bool {
        let names: Vec<Name> = self.streams.keys().take(SET).cloned().collect();
        for name in &names {
            self.save_and_drop(name);
        }
        !names.is_empty()
    }
}

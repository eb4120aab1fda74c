//! The way of a command: load, decide, append, and once more if another one came first.

use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroUsize;

use lru::LruCache;
use parking_domain::aggregate::Decider;
use tokio::sync::{Mutex, MutexGuard};

use crate::append::AppendError;
use crate::store::{Circumstances, FindRequestError, LoadError, LogContext, LogStore};

/// Conflicts with other processes before the command is given back.
const ATTEMPTS: usize = 10;

/// More lanes than commands in flight, so that streams seldom wait for each other.
const LANES: usize = 1024;

/// Streams each lane keeps in memory.
const STREAMS_PER_LANE: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not 0");

/// What a command did.
#[derive(Clone, Debug, PartialEq)]
pub struct Executed<A: Decider> {
    /// The position at or after which the read side shows it; of a command that changed nothing, the stream's own.
    pub position: i64,
    /// The version its stream has reached.
    pub version: i64,
    /// Its events.
    pub events: Vec<A::Event>,
    /// True when the same request was made before: this is what it did then.
    pub repeated: bool,
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E> {
    /// The aggregate refused it.
    #[error("{refusal}")]
    Refused {
        /// Why.
        refusal: E,
        /// The position of the stream's last event: what the refusal is founded on.
        position: i64,
    },
    /// The stream could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl<E> From<FindRequestError> for ExecuteError<E> {
    fn from(error: FindRequestError) -> Self {
        match error {
            FindRequestError::Load(error) => Self::Load(error),
            FindRequestError::Reused(error) => Self::Append(error),
        }
    }
}

/// Executes the commands of one kind of aggregate, with its streams in memory as far as they fit.
///
/// A stream's commands share a lane and are executed one after the other; what another process appends shows as a
/// conflict, which loads the stream afresh. While a command works on it the stream is out of memory, so one that fails
/// or is dropped half-way leaves nothing behind.
pub struct Bus<A> {
    store: LogStore,
    lanes: Vec<Mutex<Lane<A>>>,
    hasher: RandomState,
}

type Lane<A> = LruCache<String, LogContext<A>>;

impl<A: Decider> Bus<A>
where
    A::Command: Clone,
{
    /// A bus over a store.
    pub fn new(store: LogStore) -> Self {
        let lanes = (0..LANES).map(|_| Mutex::new(LruCache::new(STREAMS_PER_LANE))).collect();
        Self { store, lanes, hasher: RandomState::new() }
    }

    /// The store it works on.
    pub fn store(&self) -> &LogStore {
        &self.store
    }

    /// Executes a command on a stream. When this answers, its events are durable.
    pub async fn execute(
        &self,
        aggregate_id: &str,
        command: A::Command,
        circumstances: &Circumstances,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        if let Some(earlier) = self.earlier(circumstances).await? {
            return Ok(earlier);
        }
        let mut lane = self.lane(aggregate_id).await;
        let mut context = match lane.pop(aggregate_id) {
            Some(context) => context,
            None => self.store.load(aggregate_id).await?,
        };
        for _ in 1..ATTEMPTS {
            match self.attempt(&mut lane, context, command.clone(), circumstances).await {
                Err(ExecuteError::Append(AppendError::Conflict { .. })) => {
                    context = self.store.load(aggregate_id).await?;
                }
                result => return result,
            }
        }
        self.attempt(&mut lane, context, command, circumstances).await
    }

    async fn attempt(
        &self,
        lane: &mut Lane<A>,
        mut context: LogContext<A>,
        command: A::Command,
        circumstances: &Circumstances,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        let decision = context.aggregate.decide(command);
        if !matches!(&decision, Ok(events) if !events.is_empty())
            && let Some(earlier) = self.earlier(circumstances).await?
        {
            // The same request came first, a moment ago: that it cannot happen twice is no reason to refuse it.
            lane.put(context.aggregate_id.clone(), context);
            return Ok(earlier);
        }
        let events = match decision {
            Ok(events) => events,
            Err(refusal) => {
                let position = context.position;
                lane.put(context.aggregate_id.clone(), context);
                return Err(ExecuteError::Refused { refusal, position });
            }
        };
        if !events.is_empty() {
            for event in &events {
                context.aggregate.evolve(event);
            }
            let appended = self.store.append(&mut context, &events, circumstances).await?;
            if appended.repeated {
                // Made a moment ago by somebody else: what was decided here is not what is stored.
                let earlier = self.earlier(circumstances).await?;
                return earlier
                    .ok_or_else(|| AppendError::Unsettled("the earlier request is not there".into()).into());
            }
        }
        let (position, version) = (context.position, context.version);
        lane.put(context.aggregate_id.clone(), context);
        Ok(Executed { position, version, events, repeated: false })
    }

    async fn lane(&self, aggregate_id: &str) -> MutexGuard<'_, Lane<A>> {
        let lane = self.hasher.hash_one(aggregate_id) % LANES as u64;
        self.lanes[usize::try_from(lane).expect("below LANES")].lock().await
    }

    /// What the request did when it was made before.
    async fn earlier(&self, circumstances: &Circumstances) -> Result<Option<Executed<A>>, FindRequestError> {
        let Some(request) = &circumstances.request else { return Ok(None) };
        let earlier = self.store.find_request::<A>(request).await?;
        Ok(earlier.map(|earlier| Executed {
            position: earlier.position,
            version: earlier.version,
            events: earlier.events,
            repeated: true,
        }))
    }
}

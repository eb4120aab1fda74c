//! The way of a command: load, decide, append, and once more if another one came first.

use std::marker::PhantomData;

use parking_domain::aggregate::Decider;

use crate::append::AppendError;
use crate::store::{Circumstances, FindRequestError, LoadError, LogContext, LogStore};

/// Conflicts with other processes before the command is given back.
pub(crate) const ATTEMPTS: usize = 10;

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
            FindRequestError::Append(error) => Self::Append(error),
        }
    }
}

/// Executes the commands of one kind of aggregate, with its streams in memory as far as they fit.
///
/// A stream's commands share a lane and are executed one after the other. What another process appends shows as a
/// conflict, or, for a command that appends nothing, in the stream's version: either loads the stream afresh. While a
/// command works on a stream, it is out of memory, so a command that fails or is dropped half-way leaves nothing behind.
pub struct Bus<A> {
    store: LogStore,
    aggregate: PhantomData<fn() -> A>,
}

impl<A: Decider> Bus<A> {
    /// A bus over a store. All buses over one store share its lanes and its memory.
    pub fn new(store: LogStore) -> Self {
        Self { store, aggregate: PhantomData }
    }

    /// The store it works on.
    pub fn store(&self) -> &LogStore {
        &self.store
    }

    /// Executes a command on a stream. When this answers, its events are durable.
    pub async fn execute(
        &self,
        aggregate_id: &str,
        command: &A::Command,
        circumstances: &Circumstances,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        if let Some(earlier) = self.earlier(circumstances).await? {
            return Ok(earlier);
        }
        let _lane = self.store.lanes().take_one(A::TYPE, aggregate_id).await;
        let known = self.store.memory().take(aggregate_id).filter(|context| self.store.is_current(context));
        let (mut context, mut remembered) = match known {
            Some(context) => (context, true),
            None => (self.store.load(aggregate_id).await?, false),
        };
        let mut attempts = 1;
        loop {
            match self.attempt(context, remembered, command, circumstances).await {
                Ok(Some(executed)) => return Ok(executed),
                Ok(None) => {}
                Err(ExecuteError::Append(AppendError::Conflict { .. })) if attempts < ATTEMPTS => {
                    attempts += 1;
                }
                Err(error) => return Err(error),
            }
            (context, remembered) = (self.store.load(aggregate_id).await?, false);
        }
    }

    /// One attempt on a context; `None` when it was remembered and is out of date.
    async fn attempt(
        &self,
        mut context: LogContext<A>,
        remembered: bool,
        command: &A::Command,
        circumstances: &Circumstances,
    ) -> Result<Option<Executed<A>>, ExecuteError<A::Error>> {
        let decision = context.aggregate.decide(command);
        let Ok(events @ [_, ..]) = decision.as_deref() else {
            // Nothing is appended, so no conflict can tell that another process was faster, or this very request.
            if let Some(earlier) = self.earlier(circumstances).await? {
                self.store.memory().keep(context);
                return Ok(Some(earlier));
            }
            if remembered && self.store.version::<A>(&context.aggregate_id).await? != context.version {
                return Ok(None);
            }
            let (position, version) = (context.position, context.version);
            self.store.memory().keep(context);
            return match decision {
                Ok(events) => {
                    // Nothing to do, because of what an earlier command did.
                    self.store.confirm(position).await?;
                    Ok(Some(Executed { position, version, events, repeated: false }))
                }
                Err(refusal) => Err(ExecuteError::Refused { refusal, position }),
            };
        };
        for event in events {
            context.aggregate.evolve(event);
        }
        let appended = self.store.append(&mut context, events, circumstances).await?;
        if appended.repeated {
            // Made a moment ago by somebody else: what was decided here is not what is stored.
            let earlier = self.earlier(circumstances).await?;
            let gone = || AppendError::Unsettled("the earlier request is not there".into());
            return Ok(Some(earlier.ok_or_else(gone)?));
        }
        let executed = Executed {
            position: context.position,
            version: context.version,
            events: decision.unwrap_or_default(),
            repeated: false,
        };
        self.store.memory().keep(context);
        Ok(Some(executed))
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

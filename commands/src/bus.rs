//! Command execution: load, decide, append, and repeat after a conflict.

use std::marker::PhantomData;
use std::slice;

use parking_domain::aggregate::Decider;

use crate::append::AppendError;
use crate::store::{CommandContext, FindRequestError, LastEvents, LoadError, Loaded, LogContext, LogStore};

/// The maximum number of attempts when other processes cause conflicts.
pub(crate) const ATTEMPTS: usize = 10;

/// The result of a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Executed<A: Decider> {
    /// The position from which the read side shows it; for a command without events, the last position of the stream, or
    /// of the log.
    pub position: i64,
    /// The stream's version afterwards; 0 for a repeated request without events.
    pub version: i64,
    /// Its events.
    pub events: Vec<A::Event>,
    /// True when the same request was made before; this is its original result.
    pub repeated: bool,
}

/// Why a command was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError<E> {
    /// The aggregate refused it.
    #[error("{refusal}")]
    Refused {
        /// The reason.
        refusal: E,
        /// The position of the stream's last event, on which the refusal is based.
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

/// Executes commands of one aggregate type, and keeps streams in memory within the budget.
///
/// Commands on a stream share a lane and run one after the other. An append by another process shows as a conflict or,
/// for a command without events, as a newer stream version; in both cases the stream is loaded again. A command takes
/// its stream out of memory while it runs, so a command that fails or is dropped leaves no partial state.
pub struct Bus<A> {
    store: LogStore,
    aggregate: PhantomData<fn() -> A>,
}

impl<A: Decider> Bus<A> {
    /// A bus over a store. All buses over one store share its lanes and its memory.
    pub fn new(store: LogStore) -> Self {
        Self { store, aggregate: PhantomData }
    }

    /// The store.
    pub fn store(&self) -> &LogStore {
        &self.store
    }

    /// Executes a command on a stream. When it returns, the events are durable.
    pub async fn execute(
        &self,
        aggregate_id: &str,
        command: &A::Command,
        command_context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        self.execute_all(aggregate_id, slice::from_ref(command), command_context).await
    }

    /// Executes several commands on a stream as one: each is decided on the state after the previous ones, and their
    /// events are appended together. If one is refused, all are.
    ///
    /// A request that was made before is not looked up first, because the append does so anyway.
    pub async fn execute_all(
        &self,
        aggregate_id: &str,
        commands: &[A::Command],
        command_context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        let _lane = self.store.lanes().take_one(A::TYPE, aggregate_id).await;
        let mut known =
            self.store.memory().take(aggregate_id).filter(|context| self.store.is_current(context));
        let mut attempts = 0;
        loop {
            attempts += 1;
            let attempt = match known.take() {
                Some(context) => self.attempt(context, true, commands, command_context).await,
                None => self.attempt_loading(aggregate_id, commands, command_context).await,
            };
            match attempt {
                Ok(Some(executed)) => return Ok(executed),
                Ok(None) => {}
                Err(ExecuteError::Append(AppendError::Conflict { .. })) if attempts < ATTEMPTS => {}
                // The result of a repeated request does not depend on whether the stream can still be read.
                Err(error @ ExecuteError::Load(_)) => {
                    return self.earlier(command_context).await?.ok_or(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One attempt on a stream that is not in memory. A stream far from its snapshot is not folded if its last events
    /// suffice; the next command finds a snapshot or decides in the same way.
    async fn attempt_loading(
        &self,
        aggregate_id: &str,
        commands: &[A::Command],
        command_context: &CommandContext,
    ) -> Result<Option<Executed<A>>, ExecuteError<A::Error>> {
        let [command] = commands else {
            let context = self.store.load(aggregate_id).await?;
            return self.attempt(context, false, commands, command_context).await;
        };
        let context = match self.store.load_for(aggregate_id, command).await? {
            Loaded::Whole(context) => context,
            Loaded::Far { partial, last } => {
                match A::decide_from_last_events(command, &last.events, last.is_recorded) {
                    Some(Ok(events)) if !events.is_empty() => {
                        return self
                            .append_after(aggregate_id, &last, events, command_context)
                            .await
                            .map(Some);
                    }
                    Some(Err(refusal)) => {
                        let earlier = self.earlier(command_context).await?;
                        let refused = ExecuteError::Refused { refusal, position: last.position };
                        return earlier.map(Some).ok_or(refused);
                    }
                    _ => self.store.load_rest(partial).await?,
                }
            }
        };
        self.attempt(context, false, commands, command_context).await
    }

    /// Appends what was decided from a stream's last events.
    async fn append_after(
        &self,
        aggregate_id: &str,
        last: &LastEvents<A>,
        events: Vec<A::Event>,
        command_context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        let appended =
            self.store.append_at::<A>(aggregate_id, last.version, &events, command_context).await?;
        if appended.repeated {
            return self.repeated(command_context).await;
        }
        let version = appended.versions.last().copied().unwrap_or(last.version);
        Ok(Executed { position: appended.last_position, version, events, repeated: false })
    }

    /// One attempt; `None` if the context came from memory and is outdated.
    async fn attempt(
        &self,
        mut context: LogContext<A>,
        remembered: bool,
        commands: &[A::Command],
        command_context: &CommandContext,
    ) -> Result<Option<Executed<A>>, ExecuteError<A::Error>> {
        let mut events = Vec::new();
        let refusal = decide_in_turn(&mut context.aggregate, commands, &mut events).err();
        if refusal.is_some() || events.is_empty() {
            return self.without_append(context, remembered, events, refusal, command_context).await;
        }
        let appended = self.store.append(&mut context, &events, command_context).await?;
        if appended.repeated {
            return self.repeated(command_context).await.map(Some);
        }
        let (position, version) = (context.position, context.version);
        self.store.memory().keep(context);
        Ok(Some(Executed { position, version, events, repeated: false }))
    }

    /// The result of an attempt that was refused or has no events. `dropped` are the events of the commands before the
    /// refused one.
    async fn without_append(
        &self,
        context: LogContext<A>,
        remembered: bool,
        dropped: Vec<A::Event>,
        refusal: Option<A::Error>,
        command_context: &CommandContext,
    ) -> Result<Option<Executed<A>>, ExecuteError<A::Error>> {
        let (position, version) = (context.position, context.version);
        // Without an append there is no conflict to reveal that another process, or this very request, was faster.
        let earlier = self.earlier(command_context).await?;
        if earlier.is_none() && remembered && self.store.version::<A>(&context.aggregate_id).await? != version
        {
            return Ok(None);
        }
        let aggregate_id = context.aggregate_id.clone();
        // With events applied that are not appended, the state is not the stream's.
        if dropped.is_empty() {
            self.store.memory().keep(context);
        }
        match (earlier, refusal) {
            (Some(earlier), _) => Ok(Some(earlier)),
            (None, Some(refusal)) => Err(ExecuteError::Refused { refusal, position }),
            // Kept with its request: repeated later, the command might change something.
            (None, None) if command_context.request.is_some() => {
                let appended =
                    self.store.append_at::<A>(&aggregate_id, version, &[], command_context).await?;
                if appended.repeated {
                    return self.repeated(command_context).await.map(Some);
                }
                let position = appended.last_position;
                Ok(Some(Executed { position, version, events: Vec::new(), repeated: false }))
            }
            (None, None) => {
                // An earlier command may have made this one redundant; its events must be confirmed.
                self.store.confirm(position).await?;
                Ok(Some(Executed { position, version, events: Vec::new(), repeated: false }))
            }
        }
    }

    /// The original result of a request that a concurrent process appended: what was decided here is not what is stored.
    async fn repeated(
        &self,
        command_context: &CommandContext,
    ) -> Result<Executed<A>, ExecuteError<A::Error>> {
        let missing = || AppendError::Unsettled("the earlier request is not in the log".into());
        Ok(self.earlier(command_context).await?.ok_or_else(missing)?)
    }

    /// The original result of the request, if it was made before.
    pub(crate) async fn earlier(
        &self,
        command_context: &CommandContext,
    ) -> Result<Option<Executed<A>>, FindRequestError> {
        let Some(request) = &command_context.request else { return Ok(None) };
        let earlier = self.store.find_request::<A>(request).await?;
        Ok(earlier.map(|earlier| Executed {
            position: earlier.position,
            version: earlier.version,
            events: earlier.events,
            repeated: true,
        }))
    }
}

/// Decides commands one after the other and applies their events to the state. After a refusal, `events` are those of the
/// commands before the refused one.
pub(crate) fn decide_in_turn<A: Decider>(
    aggregate: &mut A,
    commands: &[A::Command],
    events: &mut Vec<A::Event>,
) -> Result<(), A::Error> {
    for command in commands {
        let decided = aggregate.decide(command)?;
        for event in &decided {
            aggregate.evolve(event);
        }
        events.extend(decided);
    }
    Ok(())
}

//! Commands over several streams: loaded, decided and appended as one, all or nothing.
//!
//! Such a command holds the lanes of its streams, so no other command of the process appends to them. It reads each
//! stream from the log and appends all decided events together. Every stream on which it decided is a precondition of
//! the append, even without events; a stream that it only read is not. If another process was faster, it starts over.

use std::future::Future;

use cqrs_es::Aggregate;
use parking_domain::aggregate::{Claim, Decider};

use crate::append::{AppendError, Appended, StreamAppend};
use crate::bus::{ATTEMPTS, Executed, decide_in_turn};
use crate::lanes::{StreamName, Taken};
use crate::store::{CommandContext, Earlier, FindRequestError, LoadError, LogContext, LogStore};

/// A command over several streams.
pub trait MultiStreamCommand: Sync {
    /// The aggregate whose events are returned.
    type Lead: Decider;
    /// Why the command may be refused.
    type Error: From<LoadError> + From<AppendError> + Send;

    /// The streams that it certainly loads, as far as known in advance. Other streams are discovered while deciding;
    /// knowing all of them in advance saves a second decision.
    fn streams(&self) -> Vec<StreamName> {
        Vec::new()
    }

    /// True if a new decision takes the claim's holder into account. Otherwise the held claim is the result.
    fn is_outdated_by(&self, claim: &Claim, holder: &str) -> bool {
        let _ = (claim, holder);
        false
    }

    /// Loads streams and decides on them; returns the events of the lead. May run several times.
    fn decide(
        &self,
        work: &mut UnitOfWork<'_>,
    ) -> impl Future<Output = Result<Vec<<Self::Lead as Aggregate>::Event>, Self::Error>> + Send;
}

/// The result of a command over several streams.
#[derive(Clone, Debug, PartialEq)]
pub struct Done<A: Decider> {
    /// The position from which the read side shows it; for a command without events, the last position of the log.
    pub position: i64,
    /// The lead's events.
    pub events: Vec<A::Event>,
    /// True when the same request was made before; this is its original result.
    pub repeated: bool,
}

impl<A: Decider> From<Executed<A>> for Done<A> {
    fn from(executed: Executed<A>) -> Self {
        let Executed { position, events, repeated, .. } = executed;
        Self { position, events, repeated }
    }
}

/// The streams loaded and the events decided by a command so far.
pub struct UnitOfWork<'a> {
    store: &'a LogStore,
    command_context: &'a CommandContext,
    lanes: Taken<'a>,
    /// The loaded streams, and whether the lane of each was taken.
    loaded: Vec<StreamName>,
    has_all_lanes: bool,
    /// The appends, or the error that prevents them; decisions return only their own refusals.
    streams: Result<Vec<StreamAppend>, AppendError>,
}

impl<'a> UnitOfWork<'a> {
    fn new(store: &'a LogStore, command_context: &'a CommandContext, lanes: Taken<'a>) -> Self {
        Self {
            store,
            command_context,
            lanes,
            loaded: Vec::new(),
            has_all_lanes: true,
            streams: Ok(Vec::new()),
        }
    }

    /// Loads a stream to decide on.
    pub async fn load<A: Decider>(&mut self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        let stream = StreamName::of::<A>(aggregate_id);
        self.has_all_lanes &= self.lanes.try_add(&stream);
        self.loaded.push(stream);
        self.store.load(aggregate_id).await
    }

    /// Loads a stream that is only read, because the facts needed from it never change.
    pub async fn read_only<A: Decider>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        self.store.load(aggregate_id).await
    }

    /// The log, for what is not in a stream's state.
    pub(crate) fn store(&self) -> &LogStore {
        self.store
    }

    /// Requires that a loaded stream is unchanged when the events are appended, without deciding anything on it.
    pub fn require<A: Decider>(&mut self, context: &LogContext<A>) {
        self.append_to(context, &[]);
    }

    /// The stream that holds a claim, as aggregate type and id.
    pub async fn holder(&self, scope: &str, key: &str) -> Result<Option<(String, String)>, LoadError> {
        self.store.holder(scope, key).await
    }

    /// Decides a command on a loaded stream. The append requires the stream's version to be unchanged, even if there
    /// are no events. Each stream is decided on once.
    pub fn decide<A: Decider>(
        &mut self,
        context: &LogContext<A>,
        command: &A::Command,
    ) -> Result<Vec<A::Event>, A::Error> {
        let events = context.aggregate.decide(command)?;
        self.append_to(context, &events);
        Ok(events)
    }

    /// Decides several commands on one loaded stream, each on the state after the previous ones.
    pub fn decide_all<A: Decider + Clone>(
        &mut self,
        context: &LogContext<A>,
        commands: &[A::Command],
    ) -> Result<Vec<A::Event>, A::Error> {
        let mut events = Vec::new();
        decide_in_turn(&mut context.aggregate.clone(), commands, &mut events)?;
        self.append_to(context, &events);
        Ok(events)
    }

    /// True when there are no events to append. An error counts as something to append.
    fn adds_nothing(&self) -> bool {
        self.streams.as_ref().is_ok_and(|streams| streams.iter().all(|stream| stream.events.is_empty()))
    }

    /// Names a stream without a precondition if there is none: an append concerns at least one.
    fn name_one_of(&mut self, loaded: &[StreamName]) {
        if let (Ok(streams), Some(name)) = (&mut self.streams, loaded.first())
            && streams.is_empty()
        {
            streams.push(name.unconditionally());
        }
    }

    fn append_to<A: Decider>(&mut self, context: &LogContext<A>, events: &[A::Event]) {
        if !events.is_empty() {
            // The state in memory is outdated once this is appended.
            drop(self.store.memory().take::<A>(&context.aggregate_id));
        }
        let stream = self.store.stream_append::<A>(
            &context.aggregate_id,
            context.version,
            events,
            self.command_context,
        );
        match (&mut self.streams, stream) {
            (Ok(streams), Ok(stream)) => streams.push(stream),
            (streams @ Ok(_), Err(error)) => *streams = Err(error),
            (Err(_), _) => {}
        }
    }
}

impl LogStore {
    /// Executes a command over several streams. When it returns, all events are durable.
    pub async fn execute<C: MultiStreamCommand>(
        &self,
        command: &C,
        command_context: &CommandContext,
    ) -> Result<Done<C::Lead>, C::Error> {
        if let Some(earlier) = self.done_before(command_context).await.map_err(find_error::<C>)? {
            return Ok(earlier);
        }
        let mut streams = command.streams();
        let (mut rounds, mut attempts) = (0, 1);
        loop {
            let lanes = self.lanes().take(&streams).await;
            let mut work = UnitOfWork::new(self, command_context, lanes);
            let decided = command.decide(&mut work).await;
            streams.extend(std::mem::take(&mut work.loaded));
            rounds += 1;
            if !work.has_all_lanes && rounds < ATTEMPTS {
                // All streams are known now. This round's lanes are released before the lanes are taken again in order.
                continue;
            }
            if decided.is_err() || work.adds_nothing() {
                // The same request may have been completed while this one waited for its lanes.
                if let Some(earlier) = self.done_before(command_context).await.map_err(find_error::<C>)? {
                    return Ok(earlier);
                }
                if decided.is_err() || command_context.request.is_none() {
                    let events = decided?;
                    // Earlier commands may have made this one redundant, on streams that it need not have loaded; all
                    // must be confirmed.
                    let position = self.confirm_all().await.map_err(find_error::<C>)?;
                    return Ok(Done { position, events, repeated: false });
                }
                // Kept with its request: repeated later, the command might change something.
                work.name_one_of(&streams);
            }
            match self.append_work(work).await {
                Err(error) if attempts < ATTEMPTS && is_outdated(command, &error) => attempts += 1,
                Err(error) => return Err(error.into()),
                Ok(appended) if appended.repeated => {
                    // A concurrent process appended the same request: what was decided here is not what is stored.
                    let missing = || AppendError::Unsettled("the earlier request is not in the log".into());
                    let earlier = self.done_before(command_context).await.map_err(find_error::<C>)?;
                    return Ok(earlier.ok_or_else(missing)?);
                }
                Ok(appended) => {
                    let position = appended.last_position;
                    return decided.map(|events| Done { position, events, repeated: false });
                }
            }
        }
    }

    /// Appends the decided events. The lanes are held until the result is known.
    async fn append_work(&self, work: UnitOfWork<'_>) -> Result<Appended, AppendError> {
        let UnitOfWork { lanes: _lanes, streams, command_context, .. } = work;
        self.append_all(streams?, command_context).await
    }

    /// The original result of the request, if it was made before.
    async fn done_before<A: Decider>(
        &self,
        command_context: &CommandContext,
    ) -> Result<Option<Done<A>>, FindRequestError> {
        let Some(request) = &command_context.request else { return Ok(None) };
        let earlier = self.find_request::<A>(request).await?;
        Ok(earlier.map(|Earlier { position, events, .. }| Done { position, events, repeated: true }))
    }
}

/// True when another append was faster and a new decision may differ.
fn is_outdated<C: MultiStreamCommand>(command: &C, error: &AppendError) -> bool {
    match error {
        AppendError::Conflict { .. } => true,
        AppendError::ClaimHeld { claim, holder } => command.is_outdated_by(claim, holder),
        _ => false,
    }
}

fn find_error<C: MultiStreamCommand>(error: FindRequestError) -> C::Error {
    match error {
        FindRequestError::Load(error) => error.into(),
        FindRequestError::Append(error) => error.into(),
    }
}

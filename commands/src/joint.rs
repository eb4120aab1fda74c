//! Commands over several streams: loaded, decided and appended as one, all or nothing.
//!
//! Such a command reads every stream it needs from the log, decides on each, and appends what came of it together; a
//! stream that it only looked at is a condition of the append. If another append was faster, it starts over.

use std::future::Future;

use cqrs_es::Aggregate;
use parking_domain::aggregate::Decider;

use crate::append::{AppendError, StreamAppend};
use crate::bus::{ATTEMPTS, ExecuteError};
use crate::store::{Circumstances, Earlier, FindRequestError, LoadError, LogContext, LogStore};

/// A command over several streams.
pub trait Joint: Sync {
    /// The aggregate whose events are the answer.
    type Lead: Decider;
    /// Why it may do nothing.
    type Error: From<LoadError> + From<AppendError> + Send;

    /// Loads what it needs and decides on it; the events of the lead. May run several times.
    fn decide(
        &self,
        work: &mut Work<'_>,
    ) -> impl Future<Output = Result<Vec<<Self::Lead as Aggregate>::Event>, Self::Error>> + Send;
}

/// What a joint command did.
#[derive(Clone, Debug, PartialEq)]
pub struct Done<A: Decider> {
    /// The position at or after which the read side shows it; `None` when there was nothing to do.
    pub position: Option<i64>,
    /// The lead's events.
    pub events: Vec<A::Event>,
    /// True when the same request was made before: this is what it did then.
    pub repeated: bool,
}

/// What a joint command has loaded and decided so far.
pub struct Work<'a> {
    store: &'a LogStore,
    circumstances: &'a Circumstances,
    /// Or why they cannot be appended: decisions answer with their own refusals only.
    streams: Result<Vec<StreamAppend>, AppendError>,
}

impl Work<'_> {
    /// A stream, from the log.
    pub async fn load<A: Decider>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        self.store.load(aggregate_id).await
    }

    /// The stream that has a claim, as aggregate type and id.
    pub async fn holder(&self, scope: &str, key: &str) -> Result<Option<(String, String)>, LoadError> {
        self.store.holder(scope, key).await
    }

    /// Decides a command on a loaded stream. Whatever it amounts to, the append asks that the stream is as it was loaded.
    /// A stream is decided on once.
    pub fn decide<A: Decider>(
        &mut self,
        context: &LogContext<A>,
        command: &A::Command,
    ) -> Result<Vec<A::Event>, A::Error> {
        let events = context.aggregate.decide(command)?;
        self.append_to(context, &events);
        Ok(events)
    }

    /// Decides several commands on one loaded stream, each on what the ones before it made of it.
    pub fn decide_all<A: Decider + Clone>(
        &mut self,
        context: &LogContext<A>,
        commands: &[A::Command],
    ) -> Result<Vec<A::Event>, A::Error> {
        let (mut aggregate, mut all) = (context.aggregate.clone(), Vec::new());
        for command in commands {
            let events = aggregate.decide(command)?;
            for event in &events {
                aggregate.evolve(event);
            }
            all.extend(events);
        }
        self.append_to(context, &all);
        Ok(all)
    }

    fn append_to<A: Decider>(&mut self, context: &LogContext<A>, events: &[A::Event]) {
        let stream = self.store.stream_append(context, events, self.circumstances);
        match (&mut self.streams, stream) {
            (Ok(streams), Ok(stream)) => streams.push(stream),
            (streams @ Ok(_), Err(error)) => *streams = Err(error),
            (Err(_), _) => {}
        }
    }
}

/// Several commands on one stream, decided one after the other and appended as one.
#[derive(Clone, Debug)]
pub struct Several<A: Decider> {
    /// The stream.
    pub aggregate_id: String,
    /// What is asked of it, in this order.
    pub commands: Vec<A::Command>,
}

impl<A> Joint for Several<A>
where
    A: Decider<Command: Sync, Error: Send> + Clone,
{
    type Lead = A;
    type Error = ExecuteError<A::Error>;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Vec<A::Event>, Self::Error> {
        let context = work.load::<A>(&self.aggregate_id).await?;
        let refused = |refusal| ExecuteError::Refused { refusal, position: context.position };
        work.decide_all(&context, &self.commands).map_err(refused)
    }
}

impl LogStore {
    /// Executes a joint command. When this answers, all its events are durable.
    pub async fn execute<J: Joint>(
        &self,
        joint: &J,
        circumstances: &Circumstances,
    ) -> Result<Done<J::Lead>, J::Error> {
        if let Some(earlier) = self.done_before(circumstances).await.map_err(raise::<J>)? {
            return Ok(earlier);
        }
        let mut attempts = 1;
        loop {
            let mut work = Work { store: self, circumstances, streams: Ok(Vec::new()) };
            let events = joint.decide(&mut work).await?;
            let streams = work.streams?;
            if streams.iter().all(|stream| stream.events.is_empty()) {
                return Ok(Done { position: None, events, repeated: false });
            }
            match self.append_all(streams, circumstances).await {
                Err(AppendError::Conflict { .. }) if attempts < ATTEMPTS => attempts += 1,
                Err(error) => return Err(error.into()),
                Ok(appended) if appended.repeated => {
                    // Made a moment ago by somebody else: what was decided here is not what is stored.
                    let gone = || AppendError::Unsettled("the earlier request is not there".into());
                    let earlier = self.done_before(circumstances).await.map_err(raise::<J>)?;
                    return Ok(earlier.ok_or_else(gone)?);
                }
                Ok(appended) => {
                    return Ok(Done { position: Some(appended.last_position), events, repeated: false });
                }
            }
        }
    }

    /// What the request did when it was made before.
    async fn done_before<A: Decider>(
        &self,
        circumstances: &Circumstances,
    ) -> Result<Option<Done<A>>, FindRequestError> {
        let Some(request) = &circumstances.request else { return Ok(None) };
        let earlier = self.find_request::<A>(request).await?;
        Ok(earlier.map(|Earlier { position, events, .. }| Done {
            position: Some(position),
            events,
            repeated: true,
        }))
    }
}

fn raise<J: Joint>(error: FindRequestError) -> J::Error {
    match error {
        FindRequestError::Load(error) => error.into(),
        FindRequestError::Reused(error) => error.into(),
    }
}

//! Commands over several streams: loaded, decided and appended as one, all or nothing.
//!
//! Such a command has the lanes of its streams, so that within the process nobody else appends to them meanwhile. It reads
//! every stream it needs from the log and appends what it decided together. Every stream that it decided on is a condition
//! of the append, also one that gets nothing; one that it only read is none. If another process was faster, it starts
//! over.

use std::future::Future;

use cqrs_es::Aggregate;
use parking_domain::aggregate::{Claim, Decider};

use crate::append::{AppendError, Appended, StreamAppend};
use crate::bus::{ATTEMPTS, ExecuteError};
use crate::lanes::{StreamName, Taken};
use crate::store::{Circumstances, Earlier, FindRequestError, LoadError, LogContext, LogStore};

/// A command over several streams.
pub trait Joint: Sync {
    /// The aggregate whose events are the answer.
    type Lead: Decider;
    /// Why it may do nothing.
    type Error: From<LoadError> + From<AppendError> + Send;

    /// The streams that it certainly loads, as far as they are known before. What else it loads is found out by deciding;
    /// to know all of them before saves deciding twice.
    fn streams(&self) -> Vec<StreamName> {
        Vec::new()
    }

    /// True when deciding again finds out what the holder of a claim has done. Else the claim's being held is the answer.
    fn is_outdated_by(&self, claim: &Claim, holder: &str) -> bool {
        let _ = (claim, holder);
        false
    }

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
    lanes: Taken<'a>,
    /// What it has loaded, and whether it got the lane of each.
    loaded: Vec<StreamName>,
    has_all_lanes: bool,
    /// Or why they cannot be appended: decisions answer with their own refusals only.
    streams: Result<Vec<StreamAppend>, AppendError>,
}

impl<'a> Work<'a> {
    fn new(store: &'a LogStore, circumstances: &'a Circumstances, lanes: Taken<'a>) -> Self {
        Self { store, circumstances, lanes, loaded: Vec::new(), has_all_lanes: true, streams: Ok(Vec::new()) }
    }

    /// A stream to decide on, from the log.
    pub async fn load<A: Decider>(&mut self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        let stream = StreamName::of::<A>(aggregate_id);
        self.has_all_lanes &= self.lanes.try_add(&stream);
        self.loaded.push(stream);
        self.store.load(aggregate_id).await
    }

    /// A stream that nothing is decided on, from the log: what is looked for there never changes.
    pub async fn look_at<A: Decider>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
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

    /// True when nothing was decided that is to be appended. What cannot be appended is no such thing.
    fn adds_nothing(&self) -> bool {
        self.streams.as_ref().is_ok_and(|streams| streams.iter().all(|stream| stream.events.is_empty()))
    }

    fn append_to<A: Decider>(&mut self, context: &LogContext<A>, events: &[A::Event]) {
        if !events.is_empty() {
            // What is in memory is out of date when this is appended.
            drop(self.store.memory().take::<A>(&context.aggregate_id));
        }
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

    fn streams(&self) -> Vec<StreamName> {
        vec![StreamName::of::<A>(&self.aggregate_id)]
    }

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
        let mut streams = joint.streams();
        let (mut rounds, mut attempts) = (0, 1);
        loop {
            let lanes = self.lanes().take(&streams).await;
            let mut work = Work::new(self, circumstances, lanes);
            let decided = joint.decide(&mut work).await;
            streams.extend(std::mem::take(&mut work.loaded));
            rounds += 1;
            if !work.has_all_lanes && rounds < ATTEMPTS {
                // Now all of them are known. What this had is given back before any of them is waited for.
                continue;
            }
            if decided.is_err() || work.adds_nothing() {
                // While this waited for its lanes the very same request may have been done.
                if let Some(earlier) = self.done_before(circumstances).await.map_err(raise::<J>)? {
                    return Ok(earlier);
                }
                let events = decided?;
                // Nothing to do, because of what earlier commands did to streams that this one need not have loaded.
                self.confirm_all().await.map_err(raise::<J>)?;
                return Ok(Done { position: None, events, repeated: false });
            }
            match self.append_work(work).await {
                Err(error) if attempts < ATTEMPTS && is_outdated(joint, &error) => attempts += 1,
                Err(error) => return Err(error.into()),
                Ok(appended) if appended.repeated => {
                    // Made a moment ago by somebody else: what was decided here is not what is stored.
                    let gone = || AppendError::Unsettled("the earlier request is not there".into());
                    let earlier = self.done_before(circumstances).await.map_err(raise::<J>)?;
                    return Ok(earlier.ok_or_else(gone)?);
                }
                Ok(appended) => {
                    let position = Some(appended.last_position);
                    return decided.map(|events| Done { position, events, repeated: false });
                }
            }
        }
    }

    /// Appends what was decided. Its lanes are kept until that is answered.
    async fn append_work(&self, work: Work<'_>) -> Result<Appended, AppendError> {
        let Work { lanes: _lanes, streams, circumstances, .. } = work;
        self.append_all(streams?, circumstances).await
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

/// True when another append was faster: deciding again may end in another way.
fn is_outdated<J: Joint>(joint: &J, error: &AppendError) -> bool {
    match error {
        AppendError::Conflict { .. } => true,
        AppendError::ClaimHeld { claim, holder } => joint.is_outdated_by(claim, holder),
        _ => false,
    }
}

fn raise<J: Joint>(error: FindRequestError) -> J::Error {
    match error {
        FindRequestError::Load(error) => error.into(),
        FindRequestError::Append(error) => error.into(),
    }
}

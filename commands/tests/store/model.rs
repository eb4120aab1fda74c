//! A model of the store: the meaning of an append, without a server, batches or failures.
//!
//! It implements the comments of the migration that defines `append_events`, not its statements: each append is decided
//! as a whole, and either wins or leaves nothing behind.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;

use chrono::TimeDelta;
use parking_commands::append::{
    Append, AppendError, Appended, Expected, MAX_EVENT_BYTES, NewEvent, RequestKey, StreamAppend,
};
use parking_domain::aggregate::{Claim, ClaimChange};
use parking_domain::instant::Instant;
use parking_testkit::Counter;
use serde::de::IgnoredAny;
use uuid::Uuid;

use crate::log::{Claims, Log, Row};

/// Type and id.
type Stream = (String, String);

/// The content of an earlier request, and its positions.
pub(crate) type Request = (Uuid, i64, i64);

/// The state of the log.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) rows: Vec<Row>,
    streams: BTreeMap<Stream, i64>,
    holders: BTreeMap<(String, String), Stream>,
    /// By tenant and key.
    pub(crate) requests: BTreeMap<(Uuid, String), Request>,
}

impl Model {
    /// Decides an append and applies it if it wins.
    pub(crate) fn append(&mut self, append: &Append) -> Result<Appended, AppendError> {
        well_formed(append)?;
        if let Some(request) = &append.request
            && let Some(earlier) = self.requests.get(&key_of(request))
        {
            return self.repeat(request, *earlier);
        }
        append.streams.iter().try_for_each(|stream| self.expect(stream))?;
        let released: HashSet<(Stream, &Claim)> =
            changes(append).filter_map(|(stream, change)| released(stream, change)).collect();
        for (stream, change) in changes(append) {
            self.may_take(&stream, change, &released)?;
        }
        self.may_store(append)?;
        Ok(self.keep(append))
    }

    /// The version of each stream, by its id.
    pub(crate) fn versions(&self) -> BTreeMap<String, i64> {
        self.streams.iter().map(|((_, id), version)| (id.clone(), *version)).collect()
    }

    /// The holder of each claim.
    pub(crate) fn claims(&self) -> Claims {
        let claims = self.holders.iter();
        claims.map(|(key, (kind, id))| (key.clone(), format!("{kind} {id}"))).collect()
    }

    fn head(&self) -> i64 {
        i64::try_from(self.rows.len()).unwrap()
    }

    fn version(&self, stream: &StreamAppend) -> i64 {
        self.streams.get(&name_of(stream)).copied().unwrap_or(0)
    }

    /// The first result, returned again.
    fn repeat(
        &self,
        request: &RequestKey,
        (fingerprint, first, last): Request,
    ) -> Result<Appended, AppendError> {
        if fingerprint != request.fingerprint {
            return Err(AppendError::RequestKeyReused { key: request.key.clone() });
        }
        let rows = self.rows.iter().filter(|row| (first..=last).contains(&row.position));
        let mut versions: Vec<(Stream, i64)> = Vec::new();
        for row in rows {
            let stream = (row.aggregate_type.clone(), row.aggregate_id.clone());
            match versions.iter_mut().find(|(known, _)| *known == stream) {
                Some((_, version)) => *version = row.sequence,
                None => versions.push((stream, row.sequence)),
            }
        }
        Ok(Appended {
            first_position: first,
            last_position: last,
            recorded_at: time_of(first),
            versions: versions.into_iter().map(|(_, version)| version).collect(),
            repeated: true,
        })
    }

    fn expect(&self, stream: &StreamAppend) -> Result<(), AppendError> {
        let actual = self.version(stream);
        let holds = match stream.expected {
            Expected::Version(version) => actual == version,
            Expected::Exists => actual > 0,
            Expected::Any => true,
        };
        if holds {
            return Ok(());
        }
        Err(AppendError::Conflict {
            aggregate_type: stream.aggregate_type.clone(),
            aggregate_id: stream.aggregate_id.clone(),
            expected: stream.expected,
            actual,
        })
    }

    /// True if the claim is free, held by the stream, or released by its holder in the same append.
    fn may_take(
        &self,
        stream: &Stream,
        change: &ClaimChange,
        released: &HashSet<(Stream, &Claim)>,
    ) -> Result<(), AppendError> {
        let ClaimChange::Take(claim) = change else { return Ok(()) };
        match self.holders.get(&(claim.scope.clone(), claim.key.clone())) {
            Some(holder) if holder != stream && !released.contains(&(holder.clone(), claim)) => {
                Err(AppendError::ClaimHeld {
                    claim: claim.clone(),
                    holder: format!("{} {}", holder.0, holder.1),
                })
            }
            _ => Ok(()),
        }
    }

    /// The constraints of the database's types and keys.
    fn may_store(&self, append: &Append) -> Result<(), AppendError> {
        let mut ids: HashSet<Uuid> = self.rows.iter().map(|row| row.event_id).collect();
        let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        let mut fits = |event: &NewEvent| {
            is_json(&event.payload) && is_json(&event.metadata) && ids.insert(event.event_id)
        };
        if append.events().all(&mut fits) {
            return Ok(());
        }
        Err(AppendError::Rejected("not JSON, or an event id that is taken".into()))
    }

    fn keep(&mut self, append: &Append) -> Appended {
        let first_position = self.head() + 1;
        let recorded_at = time_of(first_position);
        let mut versions = Vec::new();
        for stream in append.streams.iter().filter(|stream| !stream.events.is_empty()) {
            for event in &stream.events {
                let version = self.streams.entry(name_of(stream)).or_insert(0);
                *version += 1;
                let row = row(stream, event, append.append_id, self.rows.len(), *version);
                self.rows.push(Row { recorded_at: recorded_at.utc(), ..row });
            }
            versions.push(self.version(stream));
        }
        // Releases precede takes.
        for (stream, claim) in changes(append).filter_map(|(stream, change)| released(stream, change)) {
            let key = (claim.scope.clone(), claim.key.clone());
            if self.holders.get(&key) == Some(&stream) {
                self.holders.remove(&key);
            }
        }
        for (stream, change) in changes(append) {
            if let ClaimChange::Take(claim) = change {
                self.holders.insert((claim.scope.clone(), claim.key.clone()), stream);
            }
        }
        let last_position = self.head();
        if let Some(request) = &append.request {
            self.requests.insert(key_of(request), (request.fingerprint, first_position, last_position));
        }
        Appended { first_position, last_position, recorded_at, versions, repeated: false }
    }
}

fn well_formed(append: &Append) -> Result<(), AppendError> {
    let mut seen = HashSet::new();
    let mut taken = HashSet::new();
    let streams_once = append.streams.iter().all(|stream| seen.insert(name_of(stream)));
    let mut changed = HashSet::new();
    let claims_once = changes(append).all(|(stream, change)| {
        changed.insert((stream, change.claim()))
            && (matches!(change, ClaimChange::Release(_)) || taken.insert(change.claim()))
    });
    let claims_with_events = append.streams.iter().all(|s| s.claims.is_empty() || !s.events.is_empty());
    let has_effect = append.event_count() > 0 || append.request.is_some();
    if !streams_once || !claims_once || !claims_with_events || !has_effect || append.streams.is_empty() {
        return Err(AppendError::Malformed);
    }
    match append.events().map(NewEvent::size).max() {
        Some(size) if size > MAX_EVENT_BYTES => Err(AppendError::TooLarge { size }),
        _ => Ok(()),
    }
}

fn name_of(stream: &StreamAppend) -> Stream {
    (stream.aggregate_type.clone(), stream.aggregate_id.clone())
}

fn key_of(request: &RequestKey) -> (Uuid, String) {
    (request.tenant_id, request.key.clone())
}

fn changes(append: &Append) -> impl Iterator<Item = (Stream, &ClaimChange)> {
    append.streams.iter().flat_map(|stream| stream.claims.iter().map(move |change| (name_of(stream), change)))
}

fn released(stream: Stream, change: &ClaimChange) -> Option<(Stream, &Claim)> {
    match change {
        ClaimChange::Release(claim) => Some((stream, claim)),
        ClaimChange::Take(_) => None,
    }
}

/// A clock that advances with every position.
fn time_of(position: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::seconds(position)
}

fn row(stream: &StreamAppend, event: &NewEvent, append_id: Uuid, before: usize, sequence: i64) -> Row {
    Row {
        position: i64::try_from(before).unwrap() + 1,
        tenant_id: event.tenant_id,
        aggregate_type: stream.aggregate_type.clone(),
        aggregate_id: stream.aggregate_id.clone(),
        sequence,
        event_type: event.event_type.clone(),
        event_version: event.event_version.clone(),
        payload: event.payload.clone(),
        metadata: event.metadata.clone(),
        event_id: event.event_id,
        append_id,
        recorded_at: Instant::UNIX_EPOCH.utc(),
        body: event.body.as_ref().map(|body| body.to_vec()),
    }
}

/// A model that can be shared by tasks.
pub(crate) struct InMemory {
    model: Mutex<Model>,
    ids: Counter,
}

impl Default for InMemory {
    fn default() -> Self {
        Self { model: Mutex::default(), ids: Counter::new(1) }
    }
}

impl Log for InMemory {
    fn ids(&self) -> &Counter {
        &self.ids
    }

    async fn commit(&self, append: Append) -> Result<Appended, AppendError> {
        self.model.lock().unwrap().append(&append)
    }

    async fn commit_elsewhere(&self, append: Append) -> Result<Appended, AppendError> {
        self.commit(append).await
    }

    async fn rows(&self) -> Vec<Row> {
        self.model.lock().unwrap().rows.clone()
    }

    async fn head(&self) -> i64 {
        self.model.lock().unwrap().head()
    }

    async fn versions(&self) -> BTreeMap<String, i64> {
        self.model.lock().unwrap().versions()
    }

    async fn claims(&self) -> Claims {
        self.model.lock().unwrap().claims()
    }
}

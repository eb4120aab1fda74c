//! One append of the soak: drawn, sent, and stored in its own first event, so that the log contains the intention.

use parking_commands::append::{Append, Expected, NewEvent, RequestKey, StreamAppend};
use parking_domain::aggregate::{Claim, ClaimChange};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The type of every stream that the soak writes.
pub(crate) const AGGREGATE_TYPE: &str = "soak";

/// The scope of every claim that the soak makes.
pub(crate) const CLAIM_SCOPE: &str = "soak";

/// The intention of an append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) append_id: Uuid,
    pub(crate) request: Option<Request>,
    pub(crate) parts: Vec<Part>,
}

/// The caller's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    pub(crate) key: String,
    pub(crate) fingerprint: Uuid,
}

/// Its effect on one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) stream: String,
    pub(crate) expected: Expectation,
    /// Events to add; 0 makes the stream a condition only.
    pub(crate) events: u32,
    pub(crate) takes: Vec<String>,
    pub(crate) releases: Vec<String>,
}

/// Its expectation of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Expectation {
    Version(i64),
    Exists,
    Any,
}

impl Expectation {
    /// True if a stream of this version meets the expectation.
    pub(crate) fn holds(self, version: i64) -> bool {
        match self {
            Self::Version(expected) => expected == version,
            Self::Exists => version > 0,
            Self::Any => true,
        }
    }
}

/// An event's data about itself, which must match its place in the log.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub(crate) append_id: Uuid,
    /// Its place in the append, from 1.
    pub(crate) place: u32,
    pub(crate) stream: String,
    /// In the first event only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<Plan>,
}

/// The id of an append's event. Append ids leave room for it.
pub(crate) fn event_id(append_id: Uuid, place: u32) -> Uuid {
    Uuid::from_u128(append_id.as_u128() + u128::from(place))
}

impl Plan {
    /// The streams of its events, in order.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(|part| (0..part.events).map(|_| part.stream.as_str()))
    }

    /// The append for the store. A spoiled one ends with an event that the database must refuse.
    pub(crate) fn append(&self, spoiled: bool) -> Append {
        let mut places = 1..;
        let streams = self.parts.iter().map(|part| StreamAppend {
            aggregate_type: AGGREGATE_TYPE.to_owned(),
            aggregate_id: part.stream.clone(),
            expected: match part.expected {
                Expectation::Version(version) => Expected::Version(version),
                Expectation::Exists => Expected::Exists,
                Expectation::Any => Expected::Any,
            },
            events: places.by_ref().take(part.events as usize).map(|place| self.event(place, part)).collect(),
            claims: changes(part),
        });
        let mut streams: Vec<StreamAppend> = streams.collect();
        if spoiled && let Some(last) = streams.iter_mut().flat_map(|stream| &mut stream.events).last() {
            "{".clone_into(&mut last.payload);
        }
        let request = self.request.as_ref().map(|request| RequestKey {
            tenant_id: Uuid::nil(),
            key: request.key.clone(),
            fingerprint: request.fingerprint,
        });
        Append { append_id: self.append_id, request, streams }
    }

    fn event(&self, place: u32, part: &Part) -> NewEvent {
        let plan = (place == 1).then(|| self.clone());
        let payload = Payload { append_id: self.append_id, place, stream: part.stream.clone(), plan };
        NewEvent {
            event_id: event_id(self.append_id, place),
            tenant_id: None,
            event_type: "Soaked".to_owned(),
            event_version: "1".to_owned(),
            payload: serde_json::to_string(&payload).expect("plain data with text keys serialises"),
            metadata: "{}".to_owned(),
            body: None,
        }
    }
}

fn changes(part: &Part) -> Vec<ClaimChange> {
    let claim = |key: &String| Claim { scope: CLAIM_SCOPE.to_owned(), key: key.clone() };
    let releases = part.releases.iter().map(|key| ClaimChange::Release(claim(key)));
    releases.chain(part.takes.iter().map(|key| ClaimChange::Take(claim(key)))).collect()
}

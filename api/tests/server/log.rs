//! The contents of the log, read directly from the database as the auditor.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SubsecRound, Utc};
use parking_bodies::Decoder;
use parking_projections::engine::dictionaries;
use parking_testkit::{Role, TestDatabase};
use serde_json::Value;
use sqlx::types::Json;
use sqlx::{FromRow, PgPool};

/// The events that a server appends when it first starts: the log's identity, the default tenant and its site.
pub(crate) const FOUNDATION: i64 = 3;

/// The position of the last of this many reports.
pub(crate) fn position_of(reports: usize) -> i64 {
    FOUNDATION + i64::try_from(reports).unwrap()
}

/// An event as stored.
#[derive(Debug, FromRow)]
pub(crate) struct Stored {
    position: i64,
    aggregate_type: String,
    pub(crate) aggregate_id: String,
    sequence: i64,
    pub(crate) event_type: String,
    pub(crate) payload: Json<Value>,
    /// The body as received.
    pub(crate) body: Vec<u8>,
    pub(crate) body_encoding: i16,
}

impl Stored {
    /// When the platform received the report, to the microsecond, the precision of the tables.
    pub(crate) fn received_at(&self) -> DateTime<Utc> {
        let text = self.payload.0[&self.event_type]["report"]["received_at"].as_str().unwrap();
        text.parse::<DateTime<Utc>>().unwrap().trunc_subsecs(6)
    }
}

/// The auditor's view of a test's database.
pub(crate) struct Log(PgPool);

impl Log {
    pub(crate) fn of(database: &TestDatabase) -> Self {
        Self(database.pool(Role::Auditor))
    }

    /// The reports in the log, in order. Fails the test if the log is incomplete: positions and sequences must have no gap,
    /// and the head and the streams must agree with them. All is read in one snapshot, because a transaction of a killed
    /// server may still be committed.
    pub(crate) async fn whole(&self) -> Vec<Stored> {
        let mut moment = self.0.begin_with("begin isolation level repeatable read read only").await.unwrap();
        let dictionaries = dictionaries::kept(&mut moment).await.unwrap();
        let mut decoder = Decoder::new(dictionaries.iter().map(|(number, bytes)| (*number, &bytes[..])));
        let mut events: Vec<Stored> = sqlx::query_as(
            "select position, aggregate_type, aggregate_id, sequence, event_type, payload, coalesce(body, '') as body, \
                    coalesce(body_encoding, 0::smallint) as body_encoding \
               from events order by position",
        )
        .fetch_all(&mut *moment)
        .await
        .unwrap();
        for event in &mut events {
            event.body = decoder.decode(event.body_encoding, &event.body).unwrap();
        }
        let mut versions = BTreeMap::new();
        for (expected, event) in (1..).zip(&events) {
            assert_eq!(event.position, expected, "a position is missing");
            let version =
                versions.entry((event.aggregate_type.clone(), event.aggregate_id.clone())).or_insert(0);
            *version += 1;
            assert_eq!(event.sequence, *version, "a sequence of {} is missing", event.aggregate_id);
        }
        let streams: Vec<(String, String, i64)> =
            sqlx::query_as("select aggregate_type, aggregate_id, version from streams")
                .fetch_all(&mut *moment)
                .await
                .unwrap();
        let streams = streams.into_iter().map(|(kind, id, version)| ((kind, id), version));
        assert_eq!(streams.collect::<BTreeMap<_, _>>(), versions);
        let head: i64 =
            sqlx::query_scalar("select position from log_head").fetch_one(&mut *moment).await.unwrap();
        assert_eq!(head, i64::try_from(events.len()).unwrap());
        let foundation = usize::try_from(FOUNDATION).unwrap().min(events.len());
        events.split_off(foundation)
    }

    /// How often the log contains each body. The log must be complete.
    pub(crate) async fn bodies(&self) -> HashMap<Vec<u8>, usize> {
        let mut bodies = HashMap::new();
        for event in self.whole().await {
            *bodies.entry(event.body).or_default() += 1;
        }
        bodies
    }

    /// The number of reports in the log. The log must be complete.
    pub(crate) async fn size(&self) -> usize {
        self.whole().await.len()
    }

    /// The metadata of the event at this position.
    pub(crate) async fn metadata(&self, position: i64) -> Value {
        let metadata: Json<Value> = sqlx::query_scalar("select metadata from events where position = $1")
            .bind(position)
            .fetch_one(&self.0)
            .await
            .unwrap();
        metadata.0
    }
}

//! The interface of a log under test, implemented by the real log and by the model.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use parking_commands::append::{Append, AppendError, Appended, Expected, StreamAppend};
use parking_commands::writer::Writer;
use parking_testkit::{Counter, EventLog};
use sqlx::FromRow;
use uuid::Uuid;

/// A stored event.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(crate) struct Row {
    pub(crate) position: i64,
    pub(crate) tenant_id: Option<Uuid>,
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: String,
    pub(crate) sequence: i64,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
    pub(crate) metadata: String,
    pub(crate) event_id: Uuid,
    pub(crate) append_id: Uuid,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) body: Option<Vec<u8>>,
}

/// Scope and key of each claim, and the stream that holds it, as type and id.
pub(crate) type Claims = BTreeMap<(String, String), String>;

/// A log under test.
pub(crate) trait Log {
    /// The source of its ids.
    fn ids(&self) -> &Counter;

    /// Appends.
    async fn commit(&self, append: Append) -> Result<Appended, AppendError>;

    /// Appends through another process.
    async fn commit_elsewhere(&self, append: Append) -> Result<Appended, AppendError>;

    /// All events, in order of position.
    async fn rows(&self) -> Vec<Row>;

    /// The last position.
    async fn head(&self) -> i64;

    /// The version of each stream.
    async fn versions(&self) -> BTreeMap<String, i64>;

    /// The holder of each claim.
    async fn claims(&self) -> Claims;

    fn part(&self, stream: &str, expected: Expected, payloads: &[&str]) -> StreamAppend {
        self.ids().part(stream, expected, payloads)
    }

    fn over(&self, streams: Vec<StreamAppend>) -> Append {
        self.ids().over(streams)
    }

    fn to(&self, stream: &str, expected: Expected, payloads: &[&str]) -> Append {
        self.over(vec![self.part(stream, expected, payloads)])
    }

    async fn append(
        &self,
        stream: &str,
        expected: Expected,
        payloads: &[&str],
    ) -> Result<Appended, AppendError> {
        self.commit(self.to(stream, expected, payloads)).await
    }

    /// The stored events of a stream: `(position, sequence, payload)`.
    async fn stored(&self, stream: &str) -> Vec<(i64, i64, String)> {
        let rows = self.rows().await.into_iter().filter(|row| row.aggregate_id == stream);
        rows.map(|row| (row.position, row.sequence, row.payload)).collect()
    }

    /// Asserts that positions are 1 to head, and that sequences are 1 to version in every stream, in the same order.
    async fn assert_whole(&self) {
        let rows = self.rows().await;
        let positions: Vec<i64> = rows.iter().map(|row| row.position).collect();
        assert_eq!(positions, (1..=self.head().await).collect::<Vec<_>>(), "gapless up to the head");
        let mut versions = BTreeMap::new();
        for row in rows {
            let version = versions.entry(row.aggregate_id).or_insert(0);
            *version += 1;
            assert_eq!(row.sequence, *version, "position {}", row.position);
        }
        assert_eq!(versions, self.versions().await, "each stream's version is its last sequence");
    }
}

/// The real log.
pub(crate) struct Real {
    pub(crate) log: EventLog,
    other: OnceLock<Writer>,
}

impl Real {
    pub(crate) async fn create() -> Self {
        Self { log: EventLog::create().await, other: OnceLock::new() }
    }
}

impl Log for Real {
    fn ids(&self) -> &Counter {
        &self.log.ids
    }

    async fn commit(&self, append: Append) -> Result<Appended, AppendError> {
        self.log.writer.append(append).await
    }

    async fn commit_elsewhere(&self, append: Append) -> Result<Appended, AppendError> {
        self.other.get_or_init(|| self.log.second_writer()).append(append).await
    }

    async fn rows(&self) -> Vec<Row> {
        let query = "select position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, \
                            payload::text, metadata::text, event_id, append_id, recorded_at, body \
                       from events order by position";
        sqlx::query_as(query).fetch_all(&self.log.pool).await.unwrap()
    }

    async fn head(&self) -> i64 {
        self.log.head().await
    }

    async fn versions(&self) -> BTreeMap<String, i64> {
        let query = "select aggregate_id, version from streams";
        sqlx::query_as(query).fetch_all(&self.log.pool).await.unwrap().into_iter().collect()
    }

    async fn claims(&self) -> Claims {
        let query = "select scope, key, aggregate_type || ' ' || aggregate_id from claims";
        let claims: Vec<(String, String, String)> =
            sqlx::query_as(query).fetch_all(&self.log.pool).await.unwrap();
        claims.into_iter().map(|(scope, key, holder)| ((scope, key), holder)).collect()
    }
}

/// Generates two tests of each function: one on the model, one on PostgreSQL.
macro_rules! on_both {
    ($($test:ident),+ $(,)?) => {
        mod model {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::model::InMemory::default()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::log::Real::create().await).await;
            })+
        }
    };
}

pub(crate) use on_both;

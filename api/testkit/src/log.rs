//! A test's own event log, and shorthands for what tests do with it.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cqrs_es::DomainEvent;
use parking_commands::append::{Append, AppendError, Appended, Expected, NewEvent, StreamAppend};
use parking_commands::bus::Bus;
use parking_commands::identity;
use parking_commands::ids::Ids;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::LogStore;
use parking_commands::writer::Writer;
use parking_database::cluster::Installation;
use parking_domain::aggregate::Decider;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Postgres, Transaction};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{Role, TestDatabase};

/// Ids 1, 2, 3 …, distinct from those of every other id space.
pub struct Counter {
    space: u64,
    next: AtomicU64,
}

impl Counter {
    /// Ids of this id space.
    pub fn new(space: u64) -> Self {
        Self { space, next: AtomicU64::new(1) }
    }

    /// An event with this payload.
    pub fn event(&self, payload: &str) -> NewEvent {
        NewEvent {
            event_id: self.next(),
            tenant_id: None,
            event_type: "Tested".into(),
            event_version: "1".into(),
            payload: payload.into(),
            metadata: "{}".into(),
            body: None,
        }
    }

    /// An append's part for one stream.
    pub fn part(&self, stream: &str, expected: Expected, payloads: &[&str]) -> StreamAppend {
        StreamAppend {
            aggregate_type: "test".into(),
            aggregate_id: stream.into(),
            expected,
            events: payloads.iter().map(|payload| self.event(payload)).collect(),
            claims: Vec::new(),
        }
    }

    /// An append's part for one stream of the domain.
    pub fn domain_part<A: Decider>(
        &self,
        id: &str,
        tenant: Option<TenantId>,
        events: &[A::Event],
    ) -> StreamAppend {
        let event = |event: &A::Event| NewEvent {
            event_id: self.next(),
            tenant_id: tenant.map(TenantId::uuid),
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event).expect("every event has a stored form"),
            metadata: "{}".to_owned(),
            body: None,
        };
        StreamAppend {
            aggregate_type: A::TYPE.to_owned(),
            aggregate_id: id.to_owned(),
            expected: Expected::Any,
            events: events.iter().map(event).collect(),
            claims: Vec::new(),
        }
    }

    /// An append of these parts.
    pub fn over(&self, streams: Vec<StreamAppend>) -> Append {
        Append { append_id: self.next(), request: None, streams }
    }
}

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u64_pair(self.space, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// An event log with a writer.
pub struct EventLog {
    /// The log's database.
    pub database: TestDatabase,
    /// Its writer.
    pub writer: Writer,
    /// The source of its ids.
    pub ids: Arc<Counter>,
    /// Reads all data.
    pub pool: PgPool,
    /// Stops everything that the test started; cancelled when the log is dropped.
    pub stop: CancellationToken,
    admin: PgPool,
}

impl EventLog {
    /// A fresh log with a writer.
    pub async fn create() -> Self {
        Self::of(TestDatabase::create().await)
    }

    /// A fresh log with a writer that begins with the log's identity, as the platform writes it.
    ///
    /// # Panics
    ///
    /// When the append fails.
    pub async fn started() -> Self {
        let log = Self::create().await;
        let own_stream = Bus::<parking_domain::log::Log>::new(log.store());
        identity::start(&own_stream, Instant::UNIX_EPOCH).await.expect("an empty log takes its identity");
        log
    }

    /// The log of a database, with a writer and an id space of its own.
    fn of(database: TestDatabase) -> Self {
        static SPACES: AtomicU64 = AtomicU64::new(1);
        let stop = CancellationToken::new();
        let (writer, _task) = Writer::start(database.as_role(Role::Writer), stop.clone());
        let pool = database.pool(Role::Auditor);
        let ids = Arc::new(Counter::new(SPACES.fetch_add(1, Ordering::Relaxed)));
        let admin =
            PgPoolOptions::new().max_connections(5).connect_lazy_with(database.database().admin.clone());
        Self { database, writer, ids, pool, stop, admin }
    }

    /// The same log in another database: dumped and restored.
    pub async fn moved(&self) -> Self {
        let other = TestDatabase::create().await;
        let layout = crate::cluster::shared().await;
        let bin_dir = std::env::var_os("PG_BIN_DIR").map(PathBuf::from);
        let installation =
            Installation::find(bin_dir.as_deref(), layout).expect("the server was found by an installation");
        let mut dump = installation.command("pg_dump");
        dump.args(["--format=custom", &self.database.url(None)]).stdout(Stdio::piped());
        let mut dump = dump.spawn().expect("every PostgreSQL server includes it");
        let restored = installation
            .command("pg_restore")
            .args(["--clean", "--if-exists", "--exit-on-error", "--dbname", &other.url(None)])
            .stdin(dump.stdout.take().expect("stdout is piped"))
            .output()
            .expect("every PostgreSQL server includes it");
        assert!(dump.wait().is_ok_and(|status| status.success()), "the log can be dumped");
        assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
        Self::of(other)
    }

    /// A second process, as far as the database can tell.
    pub fn second_writer(&self) -> Writer {
        Writer::start(self.database.as_role(Role::Writer), self.stop.clone()).0
    }

    /// The log as an event store of cqrs-es.
    pub fn store(&self) -> LogStore {
        self.store_of(self.writer.clone(), Snapshots::off())
    }

    /// The event store with this writer and these snapshots.
    pub fn store_of(&self, writer: Writer, snapshots: Snapshots) -> LogStore {
        LogStore::new(self.database.pool(Role::Writer), writer, snapshots, self.ids.clone())
    }

    /// Snapshots that are written until the log is dropped.
    pub fn snapshots(&self) -> Snapshots {
        Snapshots::start(self.database.pool(Role::Writer), self.stop.clone()).0
    }

    /// A pool of up to five connections of the administrator.
    pub fn admin(&self) -> PgPool {
        self.admin.clone()
    }

    /// Terminates all connections of a role; returns their number.
    pub async fn terminate(&self, role: Role) -> u64 {
        let terminate = "select pg_terminate_backend(pid) from pg_stat_activity \
                         where usename = $1 and datname = current_database()";
        let terminated = sqlx::query(terminate).bind(role.name()).execute(&self.admin()).await;
        terminated.expect("the administrator may break connections").rows_affected()
    }

    /// An uncommitted append of one event to a stream.
    pub async fn open_append(&self, stream: &str) -> Transaction<'static, Postgres> {
        let writer = self.database.pool(Role::Writer);
        let mut transaction = writer.begin().await.expect("the test database answers");
        let (one, none) = (vec![self.ids.next()], vec![Uuid::nil()]);
        sqlx::query(
            "select append_events($1, $2, array[null], $2, '{1}', '{test}', array[$3], array[null::bigint], '{1}', '{}', '{}', \
                                  '{}', '{}', '{1}', $1, array[null::uuid], '{Tested}', '{1}', array['{}'], array['{}'], \
                                  array[null::bytea], array[null::smallint])",
        )
        .bind(one)
        .bind(none)
        .bind(stream)
        .execute(&mut *transaction)
        .await
        .expect("the writer may append");
        transaction
    }

    /// An event with this payload.
    pub fn event(&self, payload: &str) -> NewEvent {
        self.ids.event(payload)
    }

    /// An append of events with these payloads to one stream.
    pub fn to(&self, stream: &str, expected: Expected, payloads: &[&str]) -> Append {
        self.ids.over(vec![self.part(stream, expected, payloads)])
    }

    /// An append's part for one stream.
    pub fn part(&self, stream: &str, expected: Expected, payloads: &[&str]) -> StreamAppend {
        self.ids.part(stream, expected, payloads)
    }

    /// Appends events with these payloads to one stream.
    pub async fn append(
        &self,
        stream: &str,
        expected: Expected,
        payloads: &[&str],
    ) -> Result<Appended, AppendError> {
        self.writer.append(self.to(stream, expected, payloads)).await
    }

    /// Appends events of the domain to their stream; returns the last position.
    ///
    /// # Panics
    ///
    /// When the append fails.
    pub async fn happen<A: Decider>(&self, id: &str, tenant: Option<TenantId>, events: &[A::Event]) -> i64 {
        let append = self.ids.over(vec![self.ids.domain_part::<A>(id, tenant, events)]);
        self.writer.append(append).await.expect("nothing is expected of the stream").last_position
    }

    /// The stored events of a stream: `(position, sequence, payload)`.
    pub async fn stored(&self, stream: &str) -> Vec<(i64, i64, String)> {
        sqlx::query_as(
            "select position, sequence, payload::text from events where aggregate_id = $1 order by 1",
        )
        .bind(stream)
        .fetch_all(&self.pool)
        .await
        .expect("the test database answers")
    }

    /// The last position.
    pub async fn head(&self) -> i64 {
        sqlx::query_scalar("select position from log_head")
            .fetch_one(&self.pool)
            .await
            .expect("the test database answers")
    }

    /// Asserts that positions are 1 to head without a gap, and sequences 1 to version in every stream.
    pub async fn assert_whole(&self) {
        let (count, max): (i64, i64) =
            sqlx::query_as("select count(*), coalesce(max(position), 0) from events")
                .fetch_one(&self.pool)
                .await
                .expect("the test database answers");
        assert_eq!(
            (count, max),
            (self.head().await, self.head().await),
            "positions are gapless up to the head"
        );
        let broken: Vec<String> = sqlx::query_scalar(
            "select aggregate_id from events join streams using (aggregate_type, aggregate_id) \
             group by aggregate_type, aggregate_id, version \
             having max(sequence) <> count(*) or max(sequence) <> version",
        )
        .fetch_all(&self.pool)
        .await
        .expect("the test database answers");
        assert!(broken.is_empty(), "streams with gaps: {broken:?}");
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

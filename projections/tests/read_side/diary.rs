//! A test projection that records the positions it receives.

use parking_commands::append::Expected;
use parking_projections::engine::feed::RecordedEvent;
use parking_projections::engine::projection::{ApplyError, Poison, Projection, Tables};
use parking_testkit::EventLog;
use sqlx::PgConnection;

/// Records each position it receives, and fails on payloads that say "poison".
#[derive(Default)]
pub(crate) struct Diary<const STOPS: bool> {
    /// Positions applied since this value was made: memory that must not outlive the runner's lock.
    taken: Vec<i64>,
}

impl<const STOPS: bool> Projection for Diary<STOPS> {
    const NAME: &'static str = "diary";
    const VERSION: i32 = 1;
    const TABLES: &'static [Tables] = &[];
    const STREAMS: &'static [&'static str] = &["test"];
    const POISON: Poison = if STOPS { Poison::Stop } else { Poison::DeadLetter };

    async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> Result<(), ApplyError> {
        for event in events {
            self.taken.push(event.position);
            if event.payload.contains("poison") {
                return Err(sqlx::Error::Decode("poison".into()).into());
            }
        }
        let growing = self.taken.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(growing, "what is in memory was taken in order, once: {:?}", self.taken);
        let positions: Vec<i64> = events.iter().map(|event| event.position).collect();
        sqlx::query("insert into projections.diary select unnest($1)")
            .bind(positions)
            .execute(connection)
            .await?;
        Ok(())
    }
}

pub(crate) type Stopping = Diary<true>;
pub(crate) type Noting = Diary<false>;

pub(crate) async fn log_with_diary() -> EventLog {
    let log = EventLog::create().await;
    let owner = log.database.pool(parking_testkit::Role::Owner);
    // No key, so that an event applied twice shows.
    sqlx::query("create table projections.diary (position bigint)").execute(&owner).await.unwrap();
    sqlx::query("grant insert on projections.diary to parking_projector").execute(&owner).await.unwrap();
    sqlx::query("grant select on projections.diary to parking_auditor").execute(&owner).await.unwrap();
    log
}

pub(crate) async fn append(log: &EventLog, payloads: &[&str]) -> i64 {
    log.append("a", Expected::Any, payloads).await.unwrap().last_position
}

pub(crate) async fn diary(log: &EventLog) -> Vec<i64> {
    sqlx::query_scalar("select position from projections.diary order by 1")
        .fetch_all(&log.pool)
        .await
        .unwrap()
}

pub(crate) async fn checkpoint(log: &EventLog) -> (i64, String, Option<String>) {
    sqlx::query_as("select position, status, failure from projections.checkpoints")
        .fetch_one(&log.pool)
        .await
        .unwrap()
}

/// Appends events to a stream that the diary does not read.
pub(crate) async fn append_elsewhere(log: &EventLog, payloads: &[&str]) -> i64 {
    let mut append = log.to("elsewhere", Expected::Any, payloads);
    append.streams[0].aggregate_type = "another".into();
    log.writer.append(append).await.unwrap().last_position
}

/// Asserts in one snapshot that the rows are those of the log up to the checkpoint, each once.
pub(crate) async fn assert_atomic(log: &EventLog) -> i64 {
    let look = "select coalesce((select position from projections.checkpoints), 0), \
                       array(select position from projections.diary order by 1)";
    let (position, rows): (i64, Vec<i64>) = sqlx::query_as(look).fetch_one(&log.pool).await.unwrap();
    assert_eq!(rows, (1..=position).collect::<Vec<_>>());
    position
}

/// Ends the runners' sessions and waits until they and their locks are gone.
pub(crate) async fn clear_away(log: &EventLog) {
    let admin = log.admin();
    let end = "select count(pg_terminate_backend(pid)) from pg_locks \
                where locktype = 'advisory' \
                  and database = (select oid from pg_database where datname = current_database())";
    while sqlx::query_scalar::<_, i64>(end).fetch_one(&admin).await.unwrap() > 0 {
        tokio::task::yield_now().await;
    }
}

//! Fault injected during a soak: killed processes, ended connections, rolled-back transactions, idle sessions.

use std::time::Duration;

use fastrand::Rng;
use parking_database::{Database, Role};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::time::sleep;

use super::plan::AGGREGATE_TYPE;

/// A fault to inject when the log has reached a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL to a writer process, which restarts.
    Kill { writer: usize },
    /// The server ends the connection of one of the writers.
    Terminate,
    /// SIGKILL to the database server, which restarts.
    Crash,
}

/// All faults in order, spread randomly over the run.
pub(crate) fn schedule(
    chance: &mut Rng,
    events: i64,
    writers: usize,
    [kills, terminations, crashes]: [usize; 3],
) -> Vec<(i64, Fault)> {
    let mut times = |count: usize, what: &dyn Fn(usize) -> Fault| {
        let at = |n: usize| (chance.i64(events / 50..events * 49 / 50), what(n));
        (0..count).map(at).collect::<Vec<_>>()
    };
    let mut all = times(kills, &|n| Fault::Kill { writer: n % writers });
    all.extend(times(terminations, &|_| Fault::Terminate));
    all.extend(times(crashes, &|_| Fault::Crash));
    all.sort_unstable_by_key(|(at, _)| *at);
    all
}

/// Ends one of the writers' connections, if there is one.
pub(crate) async fn terminate(admin: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = admin.connect().await?;
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity \
          where datname = current_database() and application_name = $1 order by random() limit 1",
    )
    .bind(Role::Writer.name())
    .execute(&mut connection)
    .await?;
    connection.close().await
}

/// Takes the next positions in transactions that roll back, for ever.
pub(crate) async fn roll_back(database: Database, mut chance: Rng) {
    loop {
        // Fails while the server is away.
        if let Ok(mut connection) = database.as_role(Role::Owner).connect().await {
            while roll_back_once(&mut connection, &mut chance).await.is_ok() {
                sleep(Duration::from_millis(chance.u64(50..200))).await;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Like an append, up to the commit.
async fn roll_back_once(connection: &mut PgConnection, chance: &mut Rng) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    transaction.execute("select position from log_head for update").await?;
    sqlx::query(
        "insert into events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, \
                             metadata, event_id, append_id, recorded_at) \
         select h.position + n, $1, 'given up', n, 'Soaked', '1', '{}', '{}', gen_random_uuid(), gen_random_uuid(), \
                clock_timestamp() from log_head h, generate_series(1, $2) n",
    )
    .bind(AGGREGATE_TYPE)
    .bind(chance.i32(1..10))
    .execute(&mut *transaction)
    .await?;
    transaction.execute("update log_head set position = position + 1").await?;
    sleep(Duration::from_micros(chance.u64(0..8000))).await;
    transaction.rollback().await
}

/// Holds an idle transaction open, for ever: it must delay no other session.
pub(crate) async fn stand_by(database: Database, mut chance: Rng) {
    loop {
        if let Ok(mut connection) = database.as_role(Role::Owner).connect().await {
            while stand_by_once(&mut connection, &mut chance).await.is_ok() {}
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn stand_by_once(connection: &mut PgConnection, chance: &mut Rng) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin().await?;
    transaction.execute("select pg_current_xact_id()").await?;
    sleep(Duration::from_millis(chance.u64(100..3000))).await;
    transaction.rollback().await
}

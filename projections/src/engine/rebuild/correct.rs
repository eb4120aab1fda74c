//! The last step of a rebuild: replaces the live rows that differ from the new ones, in one transaction.
//!
//! Tables are not swapped. A reader whose transaction began before would look into a new table through an old snapshot
//! and see it half filled; and a lock that excludes readers waits for the slowest of them while all others wait behind
//! it. Replaced rows appear to every reader either all old or all new. The locks exclude writers, not readers, and are
//! waited for only briefly: only the projection's runner waits behind them.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, FromRow};
use tokio::time::sleep;

use super::{Builder, RebuildError, Rebuilt, SCHEMA, live_position};
use crate::engine::compare;
use crate::engine::exceptions;
use crate::engine::feed;
use crate::engine::install::Installed;
use crate::engine::projection::Projection;
use crate::engine::retention;
use crate::engine::runner::checkpoint::Checkpoint;

/// How often the locks are requested, and the pause between attempts, in which the projection goes on.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Lock time-out of the gate. The runner's transaction may fold a long log first; only the runner waits behind this
/// request.
const GATE_WAIT: &str = "60s";
/// Lock time-out of the tables. Shorter than PostgreSQL's deadlock check: no other holder of these locks becomes its
/// victim.
const TABLE_WAIT: &str = "250ms";

/// The pause between two queries for the blocking session.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// A database session that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Session {
    /// Its server process.
    pub pid: i32,
    /// Its role.
    pub role: Option<String>,
    /// Its application name.
    pub application: Option<String>,
    /// When its transaction began.
    pub since: Option<DateTime<Utc>>,
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, role, application, since } = self;
        write!(f, "session {pid}")?;
        if let Some(role) = role {
            write!(f, " of role {role}")?;
        }
        if let Some(application) = application.as_deref().filter(|name| !name.is_empty()) {
            write!(f, " ({application})")?;
        }
        if let Some(since) = since {
            write!(f, ", in a transaction since {}", since.format("%F %T UTC"))?;
        }
        write!(f, " (`select pg_terminate_backend({pid})` ends it)")
    }
}

/// Applies the last events, compares, and replaces the live rows that differ. `owner` looks for blocking sessions.
pub(super) async fn live_rows<P: Projection>(
    owner: &mut PgConnection,
    projector: &PgConnectOptions,
    builder: &mut Builder<P>,
    report: &mut impl FnMut(i64, i64),
) -> Result<Rebuilt, RebuildError> {
    let mut connection = projector.connect().await?;
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut connection).await?;
    let mut blocker = None;
    for _ in 0..ATTEMPTS {
        let mut transaction = connection.begin().await?;
        let locked = tokio::select! {
            locked = lock::<P>(&mut transaction) => locked,
            Err(error) = watch_blocker(owner, pid, &mut blocker) => Err(error.into()),
        };
        match locked {
            Ok(target) => {
                builder.run_to(target, report).await?;
                let rebuilt = replace(&mut transaction, builder, report).await?;
                transaction.commit().await?;
                return Ok(rebuilt);
            }
            Err(RebuildError::Database(error)) if is_lock_timeout(&error) => {
                transaction.rollback().await?;
                sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
    Err(blocker.map_or(RebuildError::Locked(P::NAME), |session| RebuildError::InTheWay {
        projection: P::NAME,
        session,
    }))
}

/// Blocks all other writers of the live rows until the transaction ends; readers go on. Returns the rows' position.
async fn lock<P: Projection>(transaction: &mut PgConnection) -> Result<i64, RebuildError> {
    transaction.execute(&*format!("set local lock_timeout = '{GATE_WAIT}'")).await?;
    Checkpoint::of::<P>().close_gate(transaction).await?;
    transaction.execute(&*format!("set local lock_timeout = '{TABLE_WAIT}'")).await?;
    let live: Vec<String> =
        Installed::of::<P>().tables().map(|table| format!("projections.{table}")).collect();
    let lock = format!("lock table {} in share row exclusive mode", live.join(", "));
    transaction.execute(&*lock).await?;
    live_position::<P>(transaction, "for update").await
}

/// Records the session that blocks `pid`, as long as it is polled.
async fn watch_blocker(
    owner: &mut PgConnection,
    pid: i32,
    blocker: &mut Option<Session>,
) -> Result<std::convert::Infallible, sqlx::Error> {
    loop {
        let found: Option<Session> = sqlx::query_as(
            "select pid, usename::text as role, application_name as application, xact_start as since \
               from pg_stat_activity where pid = any(pg_blocking_pids($1)) order by xact_start, pid limit 1",
        )
        .bind(pid)
        .fetch_optional(&mut *owner)
        .await?;
        if found.is_some() {
            *blocker = found;
        }
        sleep(LOOK_PAUSE).await;
    }
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some("55P03"))
}

/// Compares both sets and replaces the live rows that differ.
async fn replace<P: Projection>(
    transaction: &mut PgConnection,
    builder: &mut Builder<P>,
    report: &mut impl FnMut(i64, i64),
) -> Result<Rebuilt, RebuildError> {
    let installed = Installed::of::<P>();
    let tables = compare::tables(transaction, &installed, "projections", SCHEMA).await?;
    let runs = is_running::<P>(transaction).await?;
    if !runs {
        let head = feed::head(&mut builder.reader).await?;
        builder.run_to(head, report).await?;
    }
    // With the checkpoint locked, no further event can be skipped.
    if !exceptions::unapplied_skips(&mut builder.reader, P::NAME, builder.position).await?.is_empty() {
        return Err(RebuildError::SkippedMeanwhile(P::NAME));
    }
    let held = exceptions::held_streams(&mut builder.reader, P::NAME).await?;
    let same = |table| tables.iter().any(|compared| compared.table == table && compared.different == 0);
    for table in installed.tables().filter(|table| !runs || !same(*table)) {
        replace_rows(transaction, table).await?;
    }
    copy_checkpoint::<P>(transaction, builder.position).await?;
    Ok(Rebuilt { tables, held, position: builder.position })
}

/// True if the live projection runs.
async fn is_running<P: Projection>(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select status = 'running' from projections.checkpoints where projection = $1")
        .bind(P::NAME)
        .fetch_one(connection)
        .await
}

/// Copies position and exceptions of the new rows to the live ones.
async fn copy_checkpoint<P: Projection>(
    connection: &mut PgConnection,
    position: i64,
) -> Result<(), sqlx::Error> {
    for table in exceptions::TABLES {
        for statement in [
            format!("delete from projections.{table} where projection = $1"),
            format!("insert into projections.{table} select * from {SCHEMA}.{table} where projection = $1"),
        ] {
            sqlx::query(&statement).bind(P::NAME).execute(&mut *connection).await?;
        }
    }
    sqlx::query(
        "update projections.checkpoints set position = $2, generation = generation + 1, status = 'running', \
                failure = null, stopped_at = null, updated_at = clock_timestamp() where projection = $1",
    )
    .bind(P::NAME)
    .bind(position)
    .execute(connection)
    .await?;
    Ok(())
}

/// Replaces the rows of a table that differ. Rows beyond retention do not come back.
async fn replace_rows(transaction: &mut PgConnection, table: &str) -> Result<(), sqlx::Error> {
    let Shape { columns, same_key } = Shape::of(transaction, table).await?;
    let delete = format!(
        "delete from projections.{table} l where not exists \
                (select from {SCHEMA}.{table} t where {same_key} and t::text = l::text)"
    );
    transaction.execute(&*delete).await?;
    let comparable = retention::comparable(transaction, table).await?;
    let insert = format!(
        "insert into projections.{table} ({columns}) select {columns} from {SCHEMA}.{table} t \
          where {comparable} and not exists (select from projections.{table} l where {same_key})"
    );
    transaction.execute(&*insert).await?;
    Ok(())
}

/// The parts of the statements that depend on the table.
#[derive(FromRow)]
struct Shape {
    /// The columns that are not generated.
    columns: String,
    /// The condition that `l` and `t` have the same primary key.
    same_key: String,
}

impl Shape {
    async fn of(connection: &mut PgConnection, table: &str) -> Result<Self, sqlx::Error> {
        sqlx::query_as(
            "select string_agg(quote_ident(attname), ', ' order by attnum) filter (where attgenerated = '') as columns, \
                    string_agg(format('t.%1$I = l.%1$I', attname), ' and ' order by attnum) \
                        filter (where attnum = any(i.indkey)) as same_key \
               from pg_attribute join pg_index i on i.indrelid = attrelid and i.indisprimary \
              where attrelid = $1::text::regclass and attnum > 0 and not attisdropped",
        )
        .bind(format!("projections.{table}"))
        .fetch_one(connection)
        .await
    }
}

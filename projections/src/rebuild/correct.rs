//! The last step of a rebuild: live rows that differ from the new ones are replaced, in one transaction.
//!
//! Tables do not change places. A reader whose transaction began before would look into a new table through an old
//! snapshot, and see it half filled; and a lock that shuts readers out waits for the slowest of them while all others wait
//! behind it. Rows that are replaced are seen by every reader either all as before or all as after. What is locked keeps
//! writers away and no reader, and is waited for briefly: who waits behind it is the projection's runner alone.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, FromRow};
use tokio::time::sleep;

use super::{Builder, RebuildError, Rebuilt, SCHEMA, live_position};
use crate::compare;
use crate::exceptions;
use crate::feed;
use crate::install::Installed;
use crate::projection::Projection;
use crate::retention;
use crate::runner::checkpoint::Checkpoint;

/// How often the locks are asked for, and the pause between, in which the projection goes on.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// How long each is waited for. The runner's transaction may fold a long log first; it alone waits behind this.
const GATE_WAIT: &str = "60s";
/// Less than the server waits before it looks for deadlocks: whoever else holds some of these locks is never the victim.
const TABLE_WAIT: &str = "250ms";

/// The pause between two looks at who is in the way.
const LOOK_PAUSE: Duration = Duration::from_millis(50);

/// A session of the database that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Session {
    /// Its server process.
    pub pid: i32,
    /// Who logged in.
    pub role: Option<String>,
    /// What the program calls itself.
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

/// Takes the last events, compares, and replaces the live rows that differ. `owner` looks who is in the way.
pub(super) async fn live_rows<P: Projection>(
    owner: &mut PgConnection,
    projector: &PgConnectOptions,
    builder: &mut Builder<P>,
    report: &mut impl FnMut(i64, i64),
) -> Result<Rebuilt, RebuildError> {
    let mut connection = projector.connect().await?;
    let pid: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut connection).await?;
    let mut in_the_way = None;
    for _ in 0..ATTEMPTS {
        let mut transaction = connection.begin().await?;
        let locked = tokio::select! {
            locked = lock::<P>(&mut transaction) => locked,
            Err(error) = look(owner, pid, &mut in_the_way) => Err(error.into()),
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
    Err(in_the_way.map_or(RebuildError::Locked(P::NAME), |session| RebuildError::InTheWay {
        projection: P::NAME,
        session,
    }))
}

/// Nobody but this transaction writes the live rows from here on; whoever reads may. Answers with their position.
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

/// Remembers who keeps a session waiting, as long as it is polled.
async fn look(
    owner: &mut PgConnection,
    pid: i32,
    in_the_way: &mut Option<Session>,
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
            *in_the_way = found;
        }
        sleep(LOOK_PAUSE).await;
    }
}

fn is_lock_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(refusal) if refusal.code().as_deref() == Some("55P03"))
}

/// Compares, and makes the live rows those that were made anew.
async fn replace<P: Projection>(
    transaction: &mut PgConnection,
    builder: &mut Builder<P>,
    report: &mut impl FnMut(i64, i64),
) -> Result<Rebuilt, RebuildError> {
    let installed = Installed::of::<P>();
    let tables = compare::tables(transaction, &installed, "projections", SCHEMA).await?;
    let goes_on = is_running::<P>(transaction).await?;
    if !goes_on {
        let head = feed::head(&mut builder.reader).await?;
        builder.run_to(head, report).await?;
    }
    // With the checkpoint locked nothing more is skipped.
    if !exceptions::unkept(&mut builder.reader, P::NAME, builder.position).await?.is_empty() {
        return Err(RebuildError::SkippedMeanwhile(P::NAME));
    }
    let held = exceptions::held_streams(&mut builder.reader, P::NAME).await?;
    let same = |table| tables.iter().any(|compared| compared.table == table && compared.different == 0);
    for table in installed.tables().filter(|table| !goes_on || !same(*table)) {
        replace_rows(transaction, table).await?;
    }
    take_place::<P>(transaction, builder.position).await?;
    Ok(Rebuilt { tables, held, position: builder.position })
}

/// True when the live rows go on as the log does.
async fn is_running<P: Projection>(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select status = 'running' from projections.checkpoints where projection = $1")
        .bind(P::NAME)
        .fetch_one(connection)
        .await
}

/// Says of the live rows what was said of the new ones: how far they are, and which events they leave out.
async fn take_place<P: Projection>(connection: &mut PgConnection, position: i64) -> Result<(), sqlx::Error> {
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

/// Replaces the rows of a table that differ. Rows too old to be kept are not brought back.
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

/// What has to be known of a table to replace its rows.
#[derive(FromRow)]
struct Shape {
    /// Those that are not computed from others.
    columns: String,
    /// That `l` and `t` have the same primary key.
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

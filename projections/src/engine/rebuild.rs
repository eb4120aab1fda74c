//! Makes a projection's rows again from the whole log, beside the live ones, and corrects the live ones.
//!
//! The same statements that fill the live rows write the new ones into the schema `rebuild`; only the first schema of
//! the search path differs. An interrupted rebuild resumes. At the end of the log it blocks the live runner, applies
//! the last events, compares both sets row by row, and replaces the live rows that differ, all in one transaction
//! (`correct`). Readers neither wait nor see anything of it before the commit. The live runner notices the new
//! generation of its checkpoint, drops its memory and goes on.
//!
//! Where the live projection has stopped, the new rows go on to the log's end before they replace the live ones: a
//! rebuild that succeeds is past the event at which the projection stopped.

mod correct;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor, Postgres, Transaction};
use tokio::sync::watch;

use crate::engine::compare::TableComparison;
use crate::engine::exceptions::{self, Exceptions, HeldStream};
use crate::engine::feed::{self, FeedError, Page};
use crate::engine::install::Installed;
use crate::engine::projection::Projection;
use crate::engine::runner::RunError;
use crate::engine::runner::checkpoint::Checkpoint;
use crate::engine::runner::take::{self, Taker};

pub use correct::Session;

/// Events read, folded and written together: many, so that a row that changes often is written once.
const BATCH: i64 = 10_000;

/// The schema of the new rows.
const SCHEMA: &str = "rebuild";

/// Why a rebuild failed. The live rows are unchanged.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database reported an error.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// An event cannot be applied; a live projection would stop there too.
    #[error(
        "the new rows stop after position {position}, the live ones stay as they are: {failure}; \
         mend the cause, or skip the event with `parking projection skip`"
    )]
    Stopped {
        /// The last position applied.
        position: i64,
        /// The cause.
        failure: String,
    },
    /// There are no live rows to replace.
    #[error("the projection {0} has never run: start the server once")]
    NeverRan(&'static str),
    /// Another session rebuilds it.
    #[error("the projection {0} is being rebuilt by somebody else: wait for that")]
    Busy(&'static str),
    /// The live rows are of another version.
    #[error(
        "the live rows of {projection} are of version {live}, this program makes version {ours}: start the server, \
         which makes them anew"
    )]
    OtherVersion {
        /// The projection.
        projection: &'static str,
        /// The version of the live rows.
        live: i32,
        /// The version that this build writes.
        ours: i32,
    },
    /// Another session holds a lock that the last step needs.
    #[error(
        "the live rows of {projection} are locked by {session}: wait until it has ended, then run the same again, which \
         goes on from there"
    )]
    InTheWay {
        /// The projection.
        projection: &'static str,
        /// The session that holds it.
        session: Session,
    },
    /// The rows were locked on every attempt, and no session was seen to hold the lock.
    #[error(
        "the rows of {0} were locked: rebuild it again in a moment, and look for prepared transactions if that repeats"
    )]
    Locked(&'static str),
    /// Another rebuild of the projection took over.
    #[error("another rebuild of the projection took over: wait for that")]
    Deposed,
    /// An event that the new rows contain was skipped.
    #[error("an event of the projection {0} was skipped meanwhile: rebuild it once more")]
    SkippedMeanwhile(&'static str),
}

/// The result of a rebuild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The comparison of the live rows with the new ones.
    pub tables: Vec<TableComparison>,
    /// The streams that the new rows hold back.
    pub held: Vec<HeldStream>,
    /// The position of the new rows.
    pub position: i64,
}

impl From<RunError> for RebuildError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Feed(error) => Self::Feed(error),
            RunError::Database(error) => Self::Database(error),
            RunError::Stopped { position, failure } => Self::Stopped { position, failure },
            RunError::Deposed => Self::Deposed,
        }
    }
}

/// Rebuilds a projection. `owner` and `projector` connect with these roles; `report` receives the position reached and
/// the target. Returns the comparison of the live rows with the new ones.
pub async fn rebuild<P: Projection>(
    owner: &PgConnectOptions,
    projector: &PgConnectOptions,
    mut report: impl FnMut(i64, i64),
) -> Result<Rebuilt, RebuildError> {
    let mut owner = owner.connect().await?;
    make_tables::<P>(&mut owner).await?;
    let mut builder = match Builder::<P>::start(projector).await {
        // Left by an interrupted rebuild, and useless now.
        Err(RebuildError::SkippedMeanwhile(_)) => {
            discard::<P>(&mut owner).await?;
            make_tables::<P>(&mut owner).await?;
            Builder::<P>::start(projector).await?
        }
        started => started?,
    };
    // Catches up with the live rows, which move on meanwhile, until few events are left.
    loop {
        let target = live_position::<P>(&mut owner, "").await?;
        let behind = target - builder.position;
        builder.run_to(target, &mut report).await?;
        if behind < BATCH {
            break;
        }
    }
    let rebuilt = correct::live_rows(&mut owner, projector, &mut builder, &mut report).await?;
    discard::<P>(&mut owner).await?;
    Ok(rebuilt)
}

/// The key of the advisory lock under which tables of new rows are made and dropped: two sessions that create the same
/// schema or table at once fail.
const TABLES_LOCK: i64 = 0x7265_6275_696c;

/// Begins a transaction that makes or drops tables of new rows, while no other session does.
async fn begin_alone(owner: &mut PgConnection) -> Result<Transaction<'_, Postgres>, sqlx::Error> {
    owner.begin_with(format!("begin; select pg_advisory_xact_lock({TABLES_LOCK})")).await
}

/// Creates the tables of the new rows, unless an interrupted rebuild left them.
async fn make_tables<P: Projection>(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = begin_alone(owner).await?;
    transaction
        .execute(
            "create schema if not exists rebuild; \
             grant usage on schema rebuild to parking_projector; \
             set local search_path to rebuild, public",
        )
        .await?;
    for table in exceptions::TABLES.into_iter().chain(["checkpoints"]) {
        let create = format!(
            "create table if not exists rebuild.{table} (like projections.{table} including all); \
             grant select, insert, update, delete on rebuild.{table} to parking_projector"
        );
        transaction.execute(&*create).await?;
    }
    leave_out_of_wal(&mut transaction, exceptions::TABLES.into_iter().chain(["checkpoints"])).await?;
    // Nobody starts meanwhile: whoever has a checkpoint fills the tables already.
    transaction.execute("lock table checkpoints in share row exclusive mode").await?;
    let goes_on: bool =
        sqlx::query_scalar("select exists (select from checkpoints where projection = $1 and version = $2)")
            .bind(P::NAME)
            .bind(P::VERSION)
            .fetch_one(&mut *transaction)
            .await?;
    if !goes_on {
        forget::<P>(&mut transaction).await?;
    }
    let installed = Installed::of::<P>();
    installed.create(&mut transaction).await?;
    leave_out_of_wal(&mut transaction, installed.tables()).await?;
    if let Some(needed) = P::OWN_INDEXES {
        installed.drop_indexes(&mut transaction, needed).await?;
    }
    transaction.commit().await
}

/// Excludes tables of new rows from the write-ahead log, which would cost more than the rows. A crash of the database
/// empties all of them, their checkpoints too: then a rebuild starts from the beginning.
async fn leave_out_of_wal(
    connection: &mut PgConnection,
    tables: impl Iterator<Item = &str>,
) -> Result<(), sqlx::Error> {
    let in_it: Vec<String> = sqlx::query_scalar(
        "select oid::regclass::text from pg_class \
          where oid = any($1::text[]::regclass[]) and relpersistence = 'p' order by 1",
    )
    .bind(tables.collect::<Vec<_>>())
    .fetch_all(&mut *connection)
    .await?;
    for table in in_it {
        connection.execute(&*format!("alter table {table} set unlogged")).await?;
    }
    Ok(())
}

/// Drops the new rows: they are useless, or the live rows match them now.
async fn discard<P: Projection>(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = begin_alone(owner).await?;
    transaction.execute("set local search_path to rebuild, public").await?;
    forget::<P>(&mut transaction).await?;
    transaction.commit().await
}

/// Drops the tables in the first schema of the search path, with checkpoint and exceptions.
async fn forget<P: Projection>(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    Installed::of::<P>().drop_tables(connection).await?;
    exceptions::clear(connection, P::NAME).await?;
    sqlx::query("delete from checkpoints where projection = $1")
        .bind(P::NAME)
        .execute(connection)
        .await
        .map(drop)
}

/// The position of the live rows; `lock` is the locking clause.
async fn live_position<P: Projection>(
    connection: &mut PgConnection,
    lock: &str,
) -> Result<i64, RebuildError> {
    let query = format!("select version, position from projections.checkpoints where projection = $1 {lock}");
    let live: Option<(i32, i64)> = sqlx::query_as(&query).bind(P::NAME).fetch_optional(connection).await?;
    match live {
        None => Err(RebuildError::NeverRan(P::NAME)),
        Some((live, _)) if live != P::VERSION => {
            Err(RebuildError::OtherVersion { projection: P::NAME, live, ours: P::VERSION })
        }
        Some((_, position)) => Ok(position),
    }
}

/// A projection that fills the new tables.
struct Builder<P> {
    reader: PgConnection,
    taker: Taker<P>,
    position: i64,
}

impl<P: Projection> Builder<P> {
    async fn start(projector: &PgConnectOptions) -> Result<Self, RebuildError> {
        let options = projector.clone().options([("search_path", format!("{SCHEMA},public"))]);
        let reader = options.connect().await?;
        let mut connection = take::options(options).connect().await?;
        let mut checkpoint = Checkpoint::of_rebuild::<P>();
        let (position, ours) = checkpoint.claim(&mut connection).await?;
        if !ours {
            return Err(RebuildError::Busy(P::NAME));
        }
        let exceptions = Exceptions::load(&mut connection, P::NAME).await?;
        if !exceptions::unapplied_skips(&mut connection, P::NAME, position).await?.is_empty() {
            // Unlocks, so that the next rebuild need not wait until this connection is closed.
            connection.execute("select pg_advisory_unlock_all()").await?;
            return Err(RebuildError::SkippedMeanwhile(P::NAME));
        }
        let (reached, _) = watch::channel(position);
        let taker = Taker::new(connection, checkpoint, exceptions, position, reached);
        Ok(Self { reader, taker, position })
    }

    /// Applies pages up to the target; reads the next page while one is folded and written. Rows of an interrupted
    /// rebuild may already be beyond the target; they stay.
    async fn run_to(&mut self, target: i64, report: &mut impl FnMut(i64, i64)) -> Result<(), RebuildError> {
        if self.position >= target {
            return Ok(());
        }
        let mut page = read::<P>(&mut self.reader, self.position, target).await?;
        while self.position < target {
            let (taken, ahead) =
                tokio::join!(self.taker.take(&page), read::<P>(&mut self.reader, page.through, target));
            taken?;
            self.position = page.through;
            report(self.position, target);
            page = ahead?;
        }
        Ok(())
    }
}

/// The next page before a target; empty after it.
async fn read<P: Projection>(reader: &mut PgConnection, after: i64, target: i64) -> Result<Page, FeedError> {
    feed::read_page(reader, after, BATCH.min(target - after), P::STREAMS).await
}

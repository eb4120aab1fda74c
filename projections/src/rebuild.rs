//! Making a projection's rows anew from the whole log, beside the live ones, and correcting those by them.
//!
//! The new rows grow in the schema `rebuild`, by the same statements that fill the live ones: only the schema that the
//! connection looks in first is another. A rebuild that was interrupted goes on where it was. When it has come to the end
//! of the log, the live runner is held back, the last events are taken, both are compared row by row, and the live rows
//! that differ are replaced, all in one transaction (`correct`). Readers neither wait nor see anything of it before it is
//! committed. The live runner notices that its checkpoint is another's, drops its memory and goes on.
//!
//! Where the live rows stand still, the new ones go on to the log's end before they take their place: a rebuild that ends
//! well is past the event at which the live rows stopped.

mod correct;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::sync::watch;

use crate::compare::Compared;
use crate::exceptions::{self, Exceptions, HeldStream};
use crate::feed::{self, FeedError, Page};
use crate::install::Installed;
use crate::projection::Projection;
use crate::runner::RunError;
use crate::runner::checkpoint::Checkpoint;
use crate::runner::take::{self, Taker};

pub use correct::Session;

/// Events read, folded and written together: many, because what changes often is then written once.
const BATCH: i64 = 10_000;

/// The schema in which the new rows grow.
const SCHEMA: &str = "rebuild";

/// Why a rebuild ended before its end. The live rows are as they were.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database did not do it.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// An event cannot be taken; a live projection would stop there too.
    #[error(
        "the new rows stop after position {position}, the live ones stay as they are: {failure}; \
         mend the cause, or skip the event with `parking projection skip`"
    )]
    Stopped {
        /// The last position taken.
        position: i64,
        /// Why.
        failure: String,
    },
    /// There is nothing to take the place of.
    #[error("the projection {0} has never run: start the server once")]
    NeverRan(&'static str),
    /// Somebody else rebuilds it.
    #[error("the projection {0} is being rebuilt by somebody else: wait for that")]
    Busy(&'static str),
    /// The live rows are those of another program.
    #[error(
        "the live rows of {projection} are of version {live}, this program makes version {ours}: start the server, \
         which makes them anew"
    )]
    OtherVersion {
        /// The projection.
        projection: &'static str,
        /// The version of the live rows.
        live: i32,
        /// The version that this program makes.
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
        /// Whose lock it is.
        session: Session,
    },
    /// The rows were locked whenever this was tried, and no session was seen to hold them.
    #[error(
        "the rows of {0} were locked: rebuild it again in a moment, and look for prepared transactions if that repeats"
    )]
    Locked(&'static str),
    /// Another rebuild of it took over.
    #[error("another rebuild of the projection took over: wait for that")]
    Deposed,
    /// An event was skipped that the new rows had taken.
    #[error("an event of the projection {0} was skipped meanwhile: rebuild it once more")]
    SkippedMeanwhile(&'static str),
}

/// What came of a rebuild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// How the live rows were, compared with the new ones.
    pub tables: Vec<Compared>,
    /// The streams of which the new rows hold events back, like any rows of this log.
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

/// Rebuilds a projection. `owner` and `projector` are the ways to connect as these roles; `report` hears how far it has
/// come and how far it has to go. Answers how the live rows were, compared with the new ones.
pub async fn rebuild<P: Projection>(
    owner: &PgConnectOptions,
    projector: &PgConnectOptions,
    mut report: impl FnMut(i64, i64),
) -> Result<Rebuilt, RebuildError> {
    let mut owner = owner.connect().await?;
    make_tables::<P>(&mut owner).await?;
    let mut builder = match Builder::<P>::start(projector).await {
        // Left by a rebuild that was interrupted, and of no use any more.
        Err(RebuildError::SkippedMeanwhile(_)) => {
            discard::<P>(&mut owner).await?;
            make_tables::<P>(&mut owner).await?;
            Builder::<P>::start(projector).await?
        }
        started => started?,
    };
    // Towards the live rows, which go on meanwhile, until what is left is little.
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

/// Makes the tables in which the new rows grow, unless an interrupted rebuild left them.
async fn make_tables<P: Projection>(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = owner.begin().await?;
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
    let other_version = sqlx::query("delete from checkpoints where projection = $1 and version <> $2")
        .bind(P::NAME)
        .bind(P::VERSION)
        .execute(&mut *transaction)
        .await?;
    let installed = Installed::of::<P>();
    if other_version.rows_affected() > 0 {
        exceptions::clear(&mut transaction, P::NAME).await?;
        installed.drop_tables(&mut transaction).await?;
    }
    installed.create(&mut transaction).await?;
    if P::ASKS_BY_KEY {
        installed.drop_indexes(&mut transaction).await?;
    }
    transaction.commit().await
}

/// Drops what has grown so far: it is of no use, or the live rows are the same now.
async fn discard<P: Projection>(owner: &mut PgConnection) -> Result<(), sqlx::Error> {
    let mut transaction = owner.begin().await?;
    transaction.execute("set local search_path to rebuild, public").await?;
    Installed::of::<P>().drop_tables(&mut transaction).await?;
    exceptions::clear(&mut transaction, P::NAME).await?;
    sqlx::query("delete from checkpoints where projection = $1")
        .bind(P::NAME)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}

/// The position of the live rows; `lock` says how to lock it.
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
        if !exceptions::unkept(&mut connection, P::NAME, position).await?.is_empty() {
            // Who begins anew need not wait until this connection is gone.
            connection.execute("select pg_advisory_unlock_all()").await?;
            return Err(RebuildError::SkippedMeanwhile(P::NAME));
        }
        let (reached, _) = watch::channel(position);
        let taker = Taker::new(connection, checkpoint, exceptions, position, reached);
        Ok(Self { reader, taker, position })
    }

    /// While a page is folded and written, the one after it is read. Rows that an interrupted rebuild brought beyond the
    /// target stay there.
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

/// The next page before a target; empty behind it.
async fn read<P: Projection>(reader: &mut PgConnection, after: i64, target: i64) -> Result<Page, FeedError> {
    feed::read_page(reader, after, BATCH.min(target - after), P::STREAMS).await
}

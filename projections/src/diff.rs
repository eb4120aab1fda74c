//! Folding the log again and comparing with the live rows, changing nothing: for auditors.
//!
//! Everything happens in one transaction that sees one moment, with the new rows in temporary tables: live rows and log
//! are those of the same position, whatever goes on meanwhile.

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use crate::compare::{self, Compared};
use crate::feed::{self, FeedError};
use crate::install::Installed;
use crate::projection::{ApplyError, Projection};

/// Events folded at once.
const BATCH: i64 = 5_000;

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// The database did not do it.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// An event cannot be taken.
    #[error("the events up to position {through} cannot be folded: {failure}")]
    Apply {
        /// The end of the batch it is in.
        through: i64,
        /// Why.
        failure: ApplyError,
    },
}

/// What came of it.
#[derive(Debug)]
pub struct Difference {
    /// The position of the live rows.
    pub position: i64,
    /// How the tables compare.
    pub tables: Vec<Compared>,
}

/// Compares a projection's live rows with those that the log gives; `None` when it has never run. `connection` is an
/// auditor's.
pub async fn diff<P: Projection>(
    connection: &mut PgConnection,
    mut report: impl FnMut(i64, i64),
) -> Result<Option<Difference>, DiffError> {
    let mut transaction = connection.begin_with("begin isolation level repeatable read read write").await?;
    let position: Option<i64> = sqlx::query_scalar(
        "select position from projections.checkpoints where projection = $1 and version = $2",
    )
    .bind(P::NAME)
    .bind(P::VERSION)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(position) = position else { return Ok(None) };
    transaction.execute("set local search_path to pg_temp, public").await?;
    let installed = Installed::of::<P>();
    installed.create(&mut transaction).await?;
    fold::<P>(&mut transaction, position, &mut report).await?;
    let tables = compare::tables(&mut transaction, &installed, "projections", "pg_temp").await?;
    transaction.rollback().await?;
    Ok(Some(Difference { position, tables }))
}

async fn fold<P: Projection>(
    connection: &mut PgConnection,
    target: i64,
    report: &mut impl FnMut(i64, i64),
) -> Result<(), DiffError> {
    let passed_over: Vec<i64> = sqlx::query_scalar(
        "select position from projections.dead_letters where projection = $1 and version = $2",
    )
    .bind(P::NAME)
    .bind(P::VERSION)
    .fetch_all(&mut *connection)
    .await?;
    let (mut projection, mut position) = (P::default(), 0);
    while position < target {
        let limit = BATCH.min(target - position);
        let mut page = feed::read_page(connection, position, limit, P::STREAMS).await?;
        page.events.retain(|event| !passed_over.contains(&event.position));
        let applied = projection.apply(connection, &page.events).await;
        applied.map_err(|failure| DiffError::Apply { through: page.through, failure })?;
        position = page.through;
        report(position, target);
    }
    Ok(())
}

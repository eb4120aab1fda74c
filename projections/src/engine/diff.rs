//! Folds the log again and compares the result with the live rows without changing anything: for auditors.
//!
//! All of it runs in one transaction on one snapshot, with the new rows in temporary tables, so live rows and log are
//! of the same position whatever is written meanwhile. The fold leaves out the events that the projection passed over;
//! the result names them.

use std::collections::BTreeSet;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use crate::engine::account::{self, Account};
use crate::engine::compare::{self, TableComparison};
use crate::engine::exceptions;
use crate::engine::feed::{self, FeedError};
use crate::engine::install::Installed;
use crate::engine::projection::{ApplyError, Projection};

/// Events folded at once.
const BATCH: i64 = 5_000;

/// Why a comparison failed.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// The database reported an error.
    #[error("the database refused: {0}")]
    Database(#[from] sqlx::Error),
    /// The log cannot be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// An event cannot be applied.
    #[error("the events up to position {through} cannot be folded: {failure}")]
    Apply {
        /// The last position of the event's batch.
        through: i64,
        /// The cause.
        failure: ApplyError,
    },
}

/// The result of a comparison.
#[derive(Debug)]
pub struct Difference {
    /// The position of the live rows.
    pub position: i64,
    /// The comparison of each table.
    pub tables: Vec<TableComparison>,
    /// Events that the rows do not contain although the log does.
    pub account: Account,
}

impl Difference {
    /// True when the rows match the log up to their position, except for recorded skips and dead letters.
    pub fn is_clean(&self) -> bool {
        self.account.is_settled() && self.tables.iter().all(|table| table.different == 0)
    }
}

/// Compares a projection's live rows with those that the log gives; `None` if it has never run. `connection` has the
/// role auditor.
pub async fn diff<P: Projection>(
    connection: &mut PgConnection,
    mut report: impl FnMut(i64, i64),
) -> Result<Option<Difference>, DiffError> {
    // They know the types of the temporary tables of an earlier comparison.
    connection.clear_cached_statements().await?;
    let mut transaction = connection.begin_with("begin isolation level repeatable read read write").await?;
    let position: Option<i64> = sqlx::query_scalar(
        "select position from projections.checkpoints where projection = $1 and version = $2",
    )
    .bind(P::NAME)
    .bind(P::VERSION)
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(position) = position else { return Ok(None) };
    let account = account::read(&mut transaction, P::NAME, position).await?;
    transaction.execute("set local search_path to pg_temp, public").await?;
    let installed = Installed::of::<P>();
    installed.create(&mut transaction).await?;
    for table in exceptions::TABLES {
        let copy = format!("create temporary table {table} on commit drop as table projections.{table}");
        transaction.execute(&*copy).await?;
    }
    fold::<P>(&mut transaction, position, &account, &mut report).await?;
    let tables = compare::tables(&mut transaction, &installed, "projections", "pg_temp").await?;
    transaction.rollback().await?;
    Ok(Some(Difference { position, tables, account }))
}

async fn fold<P: Projection>(
    connection: &mut PgConnection,
    target: i64,
    account: &Account,
    report: &mut impl FnMut(i64, i64),
) -> Result<(), DiffError> {
    let exceptions = account.exceptions();
    let dead: BTreeSet<i64> = account.dead_letters.iter().map(|letter| letter.position).collect();
    let (mut projection, mut position) = (P::default(), 0);
    while position < target {
        let limit = BATCH.min(target - position);
        let mut page = feed::read_page(connection, position, limit, P::STREAMS).await?;
        page.events.retain(|event| !dead.contains(&event.position));
        let taken = exceptions.sift(P::NAME, &page.events).events;
        if !taken.is_empty() {
            let applied = projection.apply(connection, &taken).await;
            applied.map_err(|failure| DiffError::Apply { through: page.through, failure })?;
        }
        position = page.through;
        report(position, target);
    }
    Ok(())
}

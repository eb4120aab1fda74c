//! Compares two sets of a projection's tables row by row.

use std::fmt;

use sqlx::PgConnection;

use crate::engine::install::Installed;
use crate::engine::retention;

/// The comparison of a live table with another of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableComparison {
    /// The table.
    pub table: &'static str,
    /// Rows in the live table.
    pub live: i64,
    /// Rows in the other table.
    pub other: i64,
    /// Rows that only one of them has.
    pub different: i64,
    /// Some of those rows.
    pub examples: Vec<String>,
}

impl fmt::Display for TableComparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, live, other, different, .. } = self;
        match different {
            0 => write!(f, "{table}: {live} rows, the same"),
            _ => write!(f, "{table}: {live} rows live, {other} rows rebuilt, {different} differ"),
        }
    }
}

/// The most examples shown for a table.
const EXAMPLES: i64 = 5;

/// Compares the tables whose rows do not depend on how events were batched.
pub(crate) async fn tables(
    connection: &mut PgConnection,
    projection: &Installed,
    live: &str,
    other: &str,
) -> Result<Vec<TableComparison>, sqlx::Error> {
    let mut compared = Vec::new();
    for table in projection.compared() {
        compared.push(compare(connection, table, live, other).await?);
    }
    Ok(compared)
}

/// Compares counts and checksums, and single rows only where these differ.
async fn compare(
    connection: &mut PgConnection,
    table: &'static str,
    live: &str,
    other: &str,
) -> Result<TableComparison, sqlx::Error> {
    let comparable = &retention::comparable(connection, table).await?;
    let live_sum = sum(connection, table, live, comparable).await?;
    if live_sum == sum(connection, table, other, comparable).await? {
        let rows = live_sum.0;
        return Ok(TableComparison { table, live: rows, other: rows, different: 0, examples: Vec::new() });
    }
    let query = format!(
        "with live as materialized (select t::text as row from {live}.{table} t where {comparable}), \
              other as materialized (select t::text as row from {other}.{table} t where {comparable}), \
              differing as materialized ((select 'live: ' || row as row from (select row from live except all select row from other) a) \
                            union all (select 'anew: ' || row from (select row from other except all select row from live) b)) \
         select (select count(*) from live), (select count(*) from other), (select count(*) from differing), \
                coalesce((select array_agg(row) from (select row from differing order by 1 limit {EXAMPLES}) d), '{{}}')"
    );
    let (live, other, different, examples) = sqlx::query_as(&query).fetch_one(connection).await?;
    Ok(TableComparison { table, live, other, different, examples })
}

/// The number of rows and a checksum that ignores their order. Rows are compared as text: JSON has no equality, and
/// both sides were written by the same statements.
async fn sum(
    connection: &mut PgConnection,
    table: &str,
    schema: &str,
    comparable: &str,
) -> Result<(i64, Option<String>), sqlx::Error> {
    let query = format!(
        "select count(*), sum(hashtextextended(t::text, 0))::text from {schema}.{table} t where {comparable}"
    );
    sqlx::query_as(&query).fetch_one(connection).await
}

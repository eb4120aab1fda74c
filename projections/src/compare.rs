//! Comparing two sets of a projection's tables, row by row.

use std::fmt;

use sqlx::PgConnection;

use crate::install::Installed;
use crate::retention;

/// How a table compares with another of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The table.
    pub table: &'static str,
    /// Rows in the live one.
    pub live: i64,
    /// Rows in the other.
    pub other: i64,
    /// Rows of either that the other does not have.
    pub different: i64,
    /// Some of them.
    pub examples: Vec<String>,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, live, other, different, .. } = self;
        match different {
            0 => write!(f, "{table}: {live} rows, the same"),
            _ => write!(f, "{table}: {live} rows live, {other} rows made anew, {different} differ"),
        }
    }
}

/// Examples shown of each table.
const EXAMPLES: i64 = 5;

/// Compares the tables that are to be the same however events came in batches.
pub(crate) async fn tables(
    connection: &mut PgConnection,
    projection: &Installed,
    live: &str,
    other: &str,
) -> Result<Vec<Compared>, sqlx::Error> {
    let mut compared = Vec::new();
    for table in projection.compared() {
        compared.push(compare(connection, table, live, other).await?);
    }
    Ok(compared)
}

/// By counts and checksums, and row by row where these differ.
async fn compare(
    connection: &mut PgConnection,
    table: &'static str,
    live: &str,
    other: &str,
) -> Result<Compared, sqlx::Error> {
    let comparable = &retention::comparable(connection, table).await?;
    let live_sum = sum(connection, table, live, comparable).await?;
    if live_sum == sum(connection, table, other, comparable).await? {
        let rows = live_sum.0;
        return Ok(Compared { table, live: rows, other: rows, different: 0, examples: Vec::new() });
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
    Ok(Compared { table, live, other, different, examples })
}

/// How many rows there are, and a checksum of them in whatever order. As texts: JSON has no equality of its own, and the same
/// statements made both.
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

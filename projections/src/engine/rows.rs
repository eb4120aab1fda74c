//! Rows that a projection folds events into: read once, cached in memory, written back as a set.
//!
//! A struct is a row; its fields are the table's columns, by name. The caller loads the rows that a batch affects,
//! applies the events, and saves what changed in one statement.

mod array;
mod value;

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::hash::Hash;

use chrono::{DateTime, Utc};
use parking_domain::instant::Instant;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Map;
use sqlx::{Executor, PgConnection, Statement};

use array::RowArray;

/// Upper limit of cached rows; beyond it the cache is cleared.
const KEPT: usize = 200_000;

/// A row of a read model's table.
pub trait Row: Serialize + DeserializeOwned + Send + Sync {
    /// The table, in the first schema of the search path.
    const TABLE: &'static str;
    /// Its primary key column.
    const KEY: &'static str;
    /// The SQL type of that column.
    const KEY_TYPE: &'static str;
    /// The key's Rust type. Its `Display` is what PostgreSQL parses.
    type Key: Clone + Eq + Hash + Ord + Display + Send + Sync;

    /// The row's key.
    fn key(&self) -> Self::Key;
}

/// The rows of a table loaded so far.
pub struct Rows<R: Row> {
    /// `None` for a row that is known not to exist.
    known: HashMap<R::Key, Option<R>>,
    changed: BTreeSet<R::Key>,
}

impl<R: Row> Default for Rows<R> {
    fn default() -> Self {
        Self { known: HashMap::new(), changed: BTreeSet::new() }
    }
}

impl<R: Row> Rows<R> {
    /// Loads the rows of these keys. Call it before [`Self::get`] and the other accessors.
    pub async fn load(
        &mut self,
        connection: &mut PgConnection,
        keys: impl IntoIterator<Item = R::Key>,
    ) -> Result<(), sqlx::Error> {
        let missing: BTreeSet<R::Key> =
            keys.into_iter().filter(|key| !self.known.contains_key(key)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let query = format!(
            "select to_json(t)::text from {0} t where {1} = any($1::text[]::{2}[])",
            R::TABLE,
            R::KEY,
            R::KEY_TYPE
        );
        let keys: Vec<String> = missing.iter().map(ToString::to_string).collect();
        let rows: Vec<String> = sqlx::query_scalar(&query).bind(keys).fetch_all(connection).await?;
        self.known.extend(missing.into_iter().map(|key| (key, None)));
        for row in rows {
            let row: R = from_json(&row)?;
            self.known.insert(row.key(), Some(row));
        }
        Ok(())
    }

    /// A row, if it exists.
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        self.known.get(key)?.as_ref()
    }

    /// The loaded rows, in no order.
    pub fn all(&self) -> impl Iterator<Item = &R> {
        self.known.values().flatten()
    }

    /// A row to change, if it exists.
    pub fn change(&mut self, key: &R::Key) -> Option<&mut R> {
        let row = self.known.get_mut(key)?.as_mut()?;
        self.changed.insert(key.clone());
        Some(row)
    }

    /// Inserts or replaces a row.
    pub fn put(&mut self, row: R) {
        let key = row.key();
        self.changed.insert(key.clone());
        self.known.insert(key, Some(row));
    }

    /// Removes a row, if it exists.
    pub fn remove(&mut self, key: &R::Key) {
        if let Some(row @ Some(_)) = self.known.get_mut(key) {
            *row = None;
            self.changed.insert(key.clone());
        }
    }

    /// Writes the changes: one statement for upserts, one for deletions.
    pub async fn save(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let changed = std::mem::take(&mut self.changed);
        let rows: Vec<&R> = changed.iter().filter_map(|key| self.get(key)).collect();
        upsert(connection, R::TABLE, R::KEY, &rows).await?;
        let gone: Vec<String> =
            changed.iter().filter(|key| self.get(key).is_none()).map(ToString::to_string).collect();
        if !gone.is_empty() {
            let query =
                format!("delete from {} where {} = any($1::text[]::{}[])", R::TABLE, R::KEY, R::KEY_TYPE);
            sqlx::query(&query).bind(gone).execute(connection).await?;
        }
        if self.known.len() > KEPT {
            self.known.clear();
        }
        Ok(())
    }
}

/// A time from a column. The platform writes only valid instants.
pub(crate) fn instant(time: DateTime<Utc>) -> Result<Instant, sqlx::Error> {
    Instant::try_from(time).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// A row from the output of `to_json`.
pub(crate) fn from_json<R: DeserializeOwned>(row: &str) -> Result<R, sqlx::Error> {
    serde_json::from_str(row).map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Writes rows as a set: inserts new ones and replaces existing ones. `key` may name several columns.
pub async fn upsert<R: Serialize>(
    connection: &mut PgConnection,
    table: &str,
    key: &str,
    rows: &[R],
) -> Result<(), sqlx::Error> {
    write(connection, table, rows, |columns| {
        let assignments: Vec<String> =
            columns.iter().map(|column| format!("{column} = excluded.{column}")).collect();
        format!("on conflict ({key}) do update set {}", assignments.join(", "))
    })
    .await
}

/// Inserts rows as a set.
pub async fn insert<R: Serialize>(
    connection: &mut PgConnection,
    table: &str,
    rows: &[R],
) -> Result<(), sqlx::Error> {
    write(connection, table, rows, |_| String::new()).await
}

/// Sends all rows as one array of the table's row type.
async fn write<R: Serialize>(
    connection: &mut PgConnection,
    table: &str,
    rows: &[R],
    conflict: impl FnOnce(&[&str]) -> String,
) -> Result<(), sqlx::Error> {
    let Some(first) = rows.first() else { return Ok(()) };
    let first = serde_json::to_value(first).map_err(encode)?;
    let names: Vec<&str> = first.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect();
    let query = format!(
        "insert into {table} ({0}) select {0} from unnest($1::{table}[]) {1}",
        names.join(", "),
        conflict(&names)
    );
    // The connection keeps the statement, and the types of its parameter.
    let statement = (&mut *connection).prepare(&query).await?;
    let array = RowArray::for_statement(&statement, rows)?;
    statement.query().bind(array).execute(connection).await?;
    Ok(())
}

fn encode(error: serde_json::Error) -> sqlx::Error {
    sqlx::Error::Encode(error.into())
}

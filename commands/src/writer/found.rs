//! What the log holds of appends that were made earlier.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::append::{Append, Appended};

/// What one append did to one stream.
#[derive(FromRow)]
struct Part {
    append_id: Uuid,
    aggregate_type: String,
    aggregate_id: String,
    version: i64,
    first: i64,
    last: i64,
    recorded_at: DateTime<Utc>,
}

const PARTS: &str = "append_id, aggregate_type, aggregate_id, max(sequence) as version, min(position) as first, \
                     max(position) as last, min(recorded_at) as recorded_at";

/// The appends found, by id.
pub(super) struct Appends(HashMap<Uuid, Vec<Part>>);

impl Appends {
    /// Looks for appends after a position.
    pub(super) async fn after<'a>(
        connection: &mut PgConnection,
        position: i64,
        appends: impl Iterator<Item = &'a Append>,
    ) -> Result<Self, sqlx::Error> {
        let ids: Vec<Uuid> = appends.map(|append| append.append_id).collect();
        let query = format!(
            "select {PARTS} from events where position > $1 and append_id = any($2) group by 1, 2, 3"
        );
        let parts: Vec<Part> = sqlx::query_as(&query).bind(position).bind(ids).fetch_all(connection).await?;
        let mut found: HashMap<Uuid, Vec<Part>> = HashMap::new();
        for part in parts {
            found.entry(part.append_id).or_default().push(part);
        }
        Ok(Self(found))
    }

    /// What became of an append; `None` when the log holds nothing of it.
    pub(super) fn get(&self, append: &Append) -> Option<Appended> {
        let parts = self.0.get(&append.append_id)?;
        let versions = append.streams.iter().filter_map(|stream| {
            let of_stream = |part: &&Part| {
                part.aggregate_type == stream.aggregate_type && part.aggregate_id == stream.aggregate_id
            };
            Some(parts.iter().find(of_stream)?.version)
        });
        Some(Appended {
            first_position: parts.iter().map(|part| part.first).min()?,
            last_position: parts.iter().map(|part| part.last).max()?,
            recorded_at: parts.first()?.recorded_at,
            versions: versions.collect(),
            repeated: false,
        })
    }
}

/// The append that filled these positions, as the answer to its request made again.
pub(super) async fn at(
    connection: &mut PgConnection,
    first: i64,
    last: i64,
) -> Result<Appended, sqlx::Error> {
    let query = format!(
        "select {PARTS} from events where position between $1 and $2 group by 1, 2, 3 order by first"
    );
    let parts: Vec<Part> = sqlx::query_as(&query).bind(first).bind(last).fetch_all(connection).await?;
    let recorded_at = parts.first().ok_or(sqlx::Error::RowNotFound)?.recorded_at;
    let versions = parts.iter().map(|part| part.version).collect();
    Ok(Appended { first_position: first, last_position: last, recorded_at, versions, repeated: true })
}

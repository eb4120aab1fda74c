//! Look-up of earlier appends in the log.

use std::collections::HashMap;

use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::append::{Append, Appended, Expected};
use chrono::{DateTime, Utc};
use parking_domain::instant::Instant;

/// The part of an append in one stream.
#[derive(FromRow)]
struct Part {
    append_id: Uuid,
    aggregate_type: String,
    aggregate_id: String,
    version: i64,
    first: i64,
    last: i64,
    #[sqlx(try_from = "DateTime<Utc>")]
    recorded_at: Instant,
}

const PARTS: &str = "append_id, aggregate_type, aggregate_id, max(sequence) as version, min(position) as first, \
                     max(position) as last, min(recorded_at) as recorded_at";

/// The appends found, by id.
pub(super) struct Appends(HashMap<Uuid, Vec<Part>>);

impl Appends {
    /// Looks for appends in their streams, after the versions they expected.
    pub(super) async fn find<'a>(
        connection: &mut PgConnection,
        appends: impl Iterator<Item = &'a Append>,
    ) -> Result<Self, sqlx::Error> {
        let appends: Vec<&Append> = appends.collect();
        let streams =
            || appends.iter().flat_map(|append| append.streams.iter().map(move |s| (append.append_id, s)));
        let query = format!(
            "select {PARTS} \
               from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[]) as s (append, type, id, version) \
               join events on aggregate_type = s.type and aggregate_id = s.id and sequence > s.version \
                          and append_id = s.append group by 1, 2, 3"
        );
        let parts: Vec<Part> = sqlx::query_as(&query)
            .bind(streams().map(|(append_id, _)| append_id).collect::<Vec<_>>())
            .bind(streams().map(|(_, s)| s.aggregate_type.as_str()).collect::<Vec<_>>())
            .bind(streams().map(|(_, s)| s.aggregate_id.as_str()).collect::<Vec<_>>())
            .bind(streams().map(|(_, s)| at_least(s.expected)).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?;
        let mut found: HashMap<Uuid, Vec<Part>> = HashMap::new();
        for part in parts {
            found.entry(part.append_id).or_default().push(part);
        }
        Ok(Self(found))
    }

    /// The result of an append; `None` if it is not in the log.
    pub(super) fn get(&self, append: &Append) -> Option<Appended> {
        let parts = self.0.get(&append.append_id)?;
        let versions = append.streams.iter().filter_map(|stream| {
            let is_of_stream = |part: &&Part| {
                part.aggregate_type == stream.aggregate_type && part.aggregate_id == stream.aggregate_id
            };
            Some(parts.iter().find(is_of_stream)?.version)
        });
        Some(Appended {
            first_position: parts.iter().map(|part| part.first).min()?,
            last_position: parts.iter().map(|part| part.last).max()?,
            recorded_at: parts.iter().map(|part| part.recorded_at).min()?,
            versions: versions.collect(),
            repeated: false,
        })
    }
}

/// The minimum version of a stream before an append with this expectation.
fn at_least(expected: Expected) -> i64 {
    match expected {
        Expected::Version(version) => version,
        Expected::Exists | Expected::Any => 0,
    }
}

/// The append at these positions, as the result of its repeated request.
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

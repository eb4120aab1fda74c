//! Reading again what a projection has taken before: without the events that it passed over, so that what is made of them
//! is what was made of them the first time.
//!
//! The connection looks first in the schema of the projection's own tables, live or in the making.

use sqlx::PgConnection;

use crate::feed::{COLUMNS, FeedError, Page, RecordedEvent, read_page};

/// The condition that a projection, named by a parameter of the query, has taken an event.
fn taken(projection: &str) -> String {
    format!(
        "not exists (select from dead_letters p where p.projection = {projection} and p.position = events.position) \
         and not exists (select from skipped_events p where p.projection = {projection} and p.position = events.position) \
         and not exists (select from held_streams p where p.projection = {projection} \
                            and p.aggregate_type = events.aggregate_type and p.aggregate_id = events.aggregate_id \
                            and p.cause <= events.position)"
    )
}

/// The events of one stream that stand between two positions, both left out.
pub(crate) async fn stream(
    connection: &mut PgConnection,
    projection: &str,
    (aggregate_type, aggregate_id): (&str, &str),
    after: i64,
    before: i64,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from events where aggregate_type = $1 and aggregate_id = $2 \
                                        and position > $3 and position < $4 and {} order by sequence",
        taken("$5")
    );
    let events = sqlx::query_as(&query).bind(aggregate_type).bind(aggregate_id).bind(after).bind(before);
    events.bind(projection).fetch_all(connection).await
}

/// The events of several streams that stand before a position.
pub(crate) async fn streams(
    connection: &mut PgConnection,
    projection: &str,
    aggregate_type: &str,
    aggregate_ids: &[String],
    before: i64,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from events where aggregate_type = $1 and aggregate_id = any($2) and position < $3 and {} \
          order by position",
        taken("$4")
    );
    let events = sqlx::query_as(&query).bind(aggregate_type).bind(aggregate_ids).bind(before);
    events.bind(projection).fetch_all(connection).await
}

/// A page of the log, as [`read_page`] reads it.
pub(crate) async fn page(
    connection: &mut PgConnection,
    projection: &str,
    after: i64,
    limit: i64,
    aggregate_types: &[&str],
) -> Result<Page, FeedError> {
    let mut page = read_page(connection, after, limit, aggregate_types).await?;
    let query = format!(
        "select events.position \
           from unnest($1::bigint[], $2::text[], $3::text[]) as events (position, aggregate_type, aggregate_id) \
          where not ({}) order by 1",
        taken("$4")
    );
    let passed_over: Vec<i64> = sqlx::query_scalar(&query)
        .bind(page.events.iter().map(|event| event.position).collect::<Vec<_>>())
        .bind(page.events.iter().map(|event| event.aggregate_type.as_str()).collect::<Vec<_>>())
        .bind(page.events.iter().map(|event| event.aggregate_id.as_str()).collect::<Vec<_>>())
        .bind(projection)
        .fetch_all(connection)
        .await?;
    page.events.retain(|event| passed_over.binary_search(&event.position).is_err());
    Ok(page)
}

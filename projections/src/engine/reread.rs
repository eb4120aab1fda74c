//! Reads events again that a projection has applied before, without those that it passed over, so that the result is
//! the same as the first time.
//!
//! The first schema of the connection's search path holds the projection's tables, live or new.

use sqlx::PgConnection;

use crate::engine::feed::{FeedError, Page, RecordedEvent, read_page};

/// The SQL condition that a projection, named by a parameter of the query, has applied an event.
fn taken(projection: &str) -> String {
    format!(
        "not exists (select from dead_letters p where p.projection = {projection} and p.position = events.position) \
         and not exists (select from skipped_events p where p.projection = {projection} and p.position = events.position) \
         and not exists (select from held_streams p where p.projection = {projection} \
                            and p.aggregate_type = events.aggregate_type and p.aggregate_id = events.aggregate_id \
                            and p.cause <= events.position)"
    )
}

/// A page of the log, like [`read_page`].
pub(crate) async fn page(
    connection: &mut PgConnection,
    projection: &str,
    after: i64,
    limit: i64,
    aggregate_types: &[&str],
) -> Result<Page, FeedError> {
    let mut page = read_page(connection, after, limit, aggregate_types).await?;
    leave_out(connection, projection, &mut page.events).await?;
    Ok(page)
}

/// Removes the events that the projection passed over.
pub(crate) async fn leave_out(
    connection: &mut PgConnection,
    projection: &str,
    events: &mut Vec<RecordedEvent>,
) -> Result<(), sqlx::Error> {
    let query = format!(
        "select events.position \
           from unnest($1::bigint[], $2::text[], $3::text[]) as events (position, aggregate_type, aggregate_id) \
          where not ({}) order by 1",
        taken("$4")
    );
    let passed_over: Vec<i64> = sqlx::query_scalar(&query)
        .bind(events.iter().map(|event| event.position).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.aggregate_type.as_str()).collect::<Vec<_>>())
        .bind(events.iter().map(|event| event.aggregate_id.as_str()).collect::<Vec<_>>())
        .bind(projection)
        .fetch_all(connection)
        .await?;
    events.retain(|event| passed_over.binary_search(&event.position).is_err());
    Ok(())
}

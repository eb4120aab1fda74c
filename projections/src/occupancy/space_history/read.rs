//! Queries on a space's past. Row-level security limits every query to the connection's tenant.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Moment;
use crate::engine::rows::from_json;
use crate::engine::seek::{RowPosition, Start};
use crate::engine::selection::Selection;

/// At most `limit` of a space's changes from `start` on, newest first.
pub async fn list(
    connection: &mut PgConnection,
    space_id: Uuid,
    limit: i64,
    start: impl Into<Start>,
) -> Result<Vec<Moment>, sqlx::Error> {
    let start = start.into();
    let select = of_space(Selection::new("select to_json(h)::text from space_history h"), space_id);
    let select = match start.after() {
        None => select,
        Some(RowPosition { position, ordinal }) => {
            select.when("(position, ordinal) < (").value(position).text(", ").value(ordinal).text(")")
        }
    };
    let page = select.page("position desc, ordinal desc", limit, start.offset());
    let rows: Vec<(String,)> = page.rows(connection).await?;
    rows.iter().map(|(row,)| from_json(row)).collect()
}

/// The number of changes.
pub async fn count(connection: &mut PgConnection, space_id: Uuid) -> Result<i64, sqlx::Error> {
    of_space(Selection::new("select count(*) from space_history"), space_id).count(connection).await
}

fn of_space(select: Selection<'_>, space_id: Uuid) -> Selection<'_> {
    select.given("space_id = $", Some(space_id))
}

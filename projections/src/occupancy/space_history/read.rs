//! Queries on a space's past. Row-level security limits every query to the connection's tenant.

use parking_domain::instant::Instant;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Moment;
use crate::engine::rows::from_json;
use crate::engine::seek::{RowPosition, Start};
use crate::engine::selection::Selection;

/// A point in the log; everything up to it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// Up to this position.
    Position(i64),
    /// Up to this time of recording.
    Time(Instant),
}

impl AsOf {
    /// The last position that counts for the tenant's spaces. Positions and times grow together.
    pub(crate) async fn through(self, connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
        let time = match self {
            Self::Position(position) => return Ok(position),
            Self::Time(time) => time,
        };
        let last = "select position from space_history where recorded_at <= $1 \
                     order by recorded_at desc, position desc limit 1";
        let last: Option<i64> = sqlx::query_scalar(last).bind(time.utc()).fetch_optional(connection).await?;
        Ok(last.unwrap_or_default())
    }
}

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

/// The last change up to a point in the log; none if the space did not exist yet.
pub async fn as_of(
    connection: &mut PgConnection,
    space_id: Uuid,
    as_of: AsOf,
) -> Result<Option<Moment>, sqlx::Error> {
    let through = as_of.through(connection).await?;
    let row: Option<String> = sqlx::query_scalar(
        "select to_json(h)::text from space_history h \
          where space_id = $1 and position <= $2 \
          order by position desc, ordinal desc limit 1",
    )
    .bind(space_id)
    .bind(through)
    .fetch_optional(connection)
    .await?;
    row.map(|row| from_json(&row)).transpose()
}

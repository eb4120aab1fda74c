//! Queries on the overrides of a tenant's spaces. Row-level security limits every query to the connection's tenant.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use parking_domain::space::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Override, OverrideStatus};
use crate::engine::rows::{from_json, instant};
use crate::engine::selection::Selection;

/// Which overrides to list; all given conditions must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this space.
    pub space_id: Option<Uuid>,
    /// Of spaces of this site.
    pub site_id: Option<Uuid>,
    /// With this status.
    pub status: Option<OverrideStatus>,
}

/// An override with the code of its space.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The override.
    pub set: Override,
    /// Its space's code; none if the space was deleted.
    pub space_code: Option<String>,
}

/// A reservation that overlaps an override that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affected {
    /// The reservation.
    pub reservation_id: Uuid,
    /// Its window.
    pub window: Window,
}

const LISTED: &str = "select to_json(o)::text, s.code from overrides o left join spaces s using (space_id)";

type ListedRow = (String, Option<String>);

impl Filter {
    fn narrow<'a>(&self, select: Selection<'a>) -> Selection<'a> {
        select
            .given("o.space_id = $", self.space_id)
            .given("s.site_id = $", self.site_id)
            .given("o.status = $", self.status.map(OverrideStatus::word))
    }
}

/// One page of overrides, latest start first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let page = filter.narrow(Selection::new(LISTED)).page("o.starts_at desc, o.override_id", limit, offset);
    page.rows(connection).await?.into_iter().map(listed).collect()
}

/// The number of overrides that match.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let select = "select count(*) from overrides o left join spaces s using (space_id)";
    filter.narrow(Selection::new(select)).count(connection).await
}

/// An override.
pub async fn get(connection: &mut PgConnection, override_id: Uuid) -> Result<Option<Listed>, sqlx::Error> {
    let query = format!("{LISTED} where o.override_id = $1");
    let row: Option<ListedRow> = sqlx::query_as(&query).bind(override_id).fetch_optional(connection).await?;
    row.map(listed).transpose()
}

/// The overrides of a space that have not ended, earliest first.
pub async fn of_space(connection: &mut PgConnection, space_id: Uuid) -> Result<Vec<Listed>, sqlx::Error> {
    let query = format!(
        "{LISTED} where o.space_id = $1 and o.status in ('set', 'active') order by o.starts_at, o.override_id"
    );
    let rows: Vec<ListedRow> = sqlx::query_as(&query).bind(space_id).fetch_all(connection).await?;
    rows.into_iter().map(listed).collect()
}

/// The overrides that block a space at some moment of a window, earliest first, at most `limit`.
pub async fn in_the_way_of(
    connection: &mut PgConnection,
    space_id: Uuid,
    window: Window,
    limit: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let query = format!(
        "{LISTED} where o.space_id = $1 and o.status in ('set', 'active') \
            and o.starts_at < $3 and (o.ends_at is null or o.ends_at > $2) \
          order by o.starts_at, o.override_id limit $4"
    );
    let rows: Vec<ListedRow> = sqlx::query_as(&query)
        .bind(space_id)
        .bind(window.start.utc())
        .bind(window.end.utc())
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(listed).collect()
}

/// The active reservations that each of these overrides overlaps, earliest first, at most `limit` each. An override that
/// is over affects none.
pub async fn affected(
    connection: &mut PgConnection,
    override_ids: &[Uuid],
    limit: i64,
) -> Result<HashMap<Uuid, Vec<Affected>>, sqlx::Error> {
    type Row = (Uuid, Uuid, DateTime<Utc>, DateTime<Utc>);
    let rows: Vec<Row> = sqlx::query_as(
        "select o.override_id, r.reservation_id, r.start_time, r.end_time \
           from overrides o cross join lateral \
                (select reservation_id, start_time, end_time from reservations \
                  where space_id = o.space_id and status = 'active' \
                    and end_time > o.starts_at and (o.ends_at is null or start_time < o.ends_at) \
                  order by start_time, reservation_id limit $2) r \
          where o.override_id = any($1) and o.status in ('set', 'active') \
          order by o.override_id, r.start_time, r.reservation_id",
    )
    .bind(override_ids)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let mut affected = HashMap::<Uuid, Vec<Affected>>::new();
    for (override_id, reservation_id, start, end) in rows {
        let window = Window { start: instant(start)?, end: instant(end)? };
        affected.entry(override_id).or_default().push(Affected { reservation_id, window });
    }
    Ok(affected)
}

fn listed((set, space_code): ListedRow) -> Result<Listed, sqlx::Error> {
    Ok(Listed { set: from_json(&set)?, space_code })
}

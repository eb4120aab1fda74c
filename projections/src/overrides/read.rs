//! Queries on the overrides of a tenant's spaces. Row-level security limits every query to the connection's tenant.

use parking_domain::space::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Override, OverrideStatus};
use crate::rows::from_json;

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

const LISTED: &str = "select to_json(o)::text, s.code from overrides o left join spaces s using (space_id)";

const FILTER: &str =
    "($1 is null or o.space_id = $1) and ($2 is null or s.site_id = $2) and ($3 is null or o.status = $3)";

type ListedRow = (String, Option<String>);

/// One page of overrides, latest start first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let query =
        format!("{LISTED} where {FILTER} order by o.starts_at desc, o.override_id limit $4 offset $5");
    let rows: Vec<ListedRow> = sqlx::query_as(&query)
        .bind(filter.space_id)
        .bind(filter.site_id)
        .bind(filter.status.map(OverrideStatus::word))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(listed).collect()
}

/// The number of overrides that match.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let query =
        format!("select count(*) from overrides o left join spaces s using (space_id) where {FILTER}");
    sqlx::query_scalar(&query)
        .bind(filter.space_id)
        .bind(filter.site_id)
        .bind(filter.status.map(OverrideStatus::word))
        .fetch_one(connection)
        .await
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

/// The overrides that block a space at some moment of a window, earliest first.
pub async fn in_the_way_of(
    connection: &mut PgConnection,
    space_id: Uuid,
    window: Window,
) -> Result<Vec<Listed>, sqlx::Error> {
    let query = format!(
        "{LISTED} where o.space_id = $1 and o.status in ('set', 'active') \
            and o.starts_at < $3 and (o.ends_at is null or o.ends_at > $2) order by o.starts_at, o.override_id"
    );
    let rows: Vec<ListedRow> = sqlx::query_as(&query)
        .bind(space_id)
        .bind(window.start.utc())
        .bind(window.end.utc())
        .fetch_all(connection)
        .await?;
    rows.into_iter().map(listed).collect()
}

fn listed((set, space_code): ListedRow) -> Result<Listed, sqlx::Error> {
    Ok(Listed { set: from_json(&set)?, space_code })
}

//! Queries on the activity of a tenant. Row-level security limits every query to the connection's tenant.

use parking_domain::lorawan::DevEui;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Activity;
use crate::rows::from_json;

/// Which entries to list; all given conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these event types; empty means all.
    pub kinds: Vec<String>,
    /// Only this site.
    pub site_id: Option<Uuid>,
    /// Only this space.
    pub space_id: Option<Uuid>,
    /// Only this device.
    pub dev_eui: Option<DevEui>,
}

/// An activity entry with the code of its space.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The entry.
    pub activity: Activity,
    /// The space's code; none if the space was deleted.
    pub space_code: Option<String>,
}

const FILTER: &str = "(cardinality($1) = 0 or a.kind = any($1)) and ($2 is null or a.site_id = $2) \
                      and ($3 is null or a.space_id = $3) and ($4 is null or a.dev_eui = $4)";

/// One page of entries, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let query = format!(
        "select to_json(a)::text, s.code from activity a left join spaces s using (space_id) \
          where {FILTER} order by a.position desc limit $5 offset $6"
    );
    let rows: Vec<(String, Option<String>)> = sqlx::query_as(&query)
        .bind(&filter.kinds)
        .bind(filter.site_id)
        .bind(filter.space_id)
        .bind(filter.dev_eui.map(|dev_eui| dev_eui.to_string()))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    let listed =
        |(activity, space_code): (String, _)| Ok(Listed { activity: from_json(&activity)?, space_code });
    rows.into_iter().map(listed).collect()
}

/// The number of entries that match.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let query = format!("select count(*) from activity a where {FILTER}");
    sqlx::query_scalar(&query)
        .bind(&filter.kinds)
        .bind(filter.site_id)
        .bind(filter.space_id)
        .bind(filter.dev_eui.map(|dev_eui| dev_eui.to_string()))
        .fetch_one(connection)
        .await
}

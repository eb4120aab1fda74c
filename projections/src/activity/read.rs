//! Questions about what was done lately. To whose things, the connection knows.

use parking_domain::lorawan::DevEui;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Activity;
use crate::rows::from_json;

/// Which doings are wanted. What is given must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Events of these types; none means all.
    pub kinds: Vec<String>,
    /// On this site.
    pub site_id: Option<Uuid>,
    /// At this space.
    pub space_id: Option<Uuid>,
    /// About this device.
    pub dev_eui: Option<DevEui>,
}

const FILTER: &str = "(cardinality($1) = 0 or kind = any($1)) and ($2 is null or site_id = $2) \
                      and ($3 is null or space_id = $3) and ($4 is null or dev_eui = $4)";

/// One page of what was done, the newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Activity>, sqlx::Error> {
    let query = format!(
        "select to_json(a)::text from activity a where {FILTER} order by position desc limit $5 offset $6"
    );
    let rows: Vec<String> = sqlx::query_scalar(&query)
        .bind(&filter.kinds)
        .bind(filter.site_id)
        .bind(filter.space_id)
        .bind(filter.dev_eui.map(|dev_eui| dev_eui.to_string()))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// How much the filter lets through.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let query = format!("select count(*) from activity where {FILTER}");
    sqlx::query_scalar(&query)
        .bind(&filter.kinds)
        .bind(filter.site_id)
        .bind(filter.space_id)
        .bind(filter.dev_eui.map(|dev_eui| dev_eui.to_string()))
        .fetch_one(connection)
        .await
}

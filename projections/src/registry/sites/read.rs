//! Queries on a tenant's sites. Row-level security limits every query to the connection's tenant.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Site;
use crate::engine::rows::from_json;

/// A site with counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The site.
    pub site: Site,
    /// Spaces of the site.
    pub spaces: i64,
    /// Devices at its spaces.
    pub devices: i64,
    /// Its free spaces.
    pub free: i64,
    /// Its occupied spaces.
    pub occupied: i64,
}

const LISTED: &str = "select to_json(i)::text, \
                             (select count(*) from spaces s where s.site_id = i.site_id), \
                             (select count(*) from devices d join spaces s using (space_id) where s.site_id = i.site_id), \
                             (select count(*) from space_occupancy o where o.site_id = i.site_id and o.state = 'free'), \
                             (select count(*) from space_occupancy o where o.site_id = i.site_id and o.state = 'occupied') \
                        from sites i";

type ListedRow = (String, i64, i64, i64, i64);

/// One page of sites, by name.
pub async fn list(
    connection: &mut PgConnection,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let query = format!("{LISTED} order by i.name, i.site_id limit $1 offset $2");
    let rows: Vec<ListedRow> = sqlx::query_as(&query).bind(limit).bind(offset).fetch_all(connection).await?;
    rows.into_iter().map(listed).collect()
}

/// The number of sites.
pub async fn count(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from sites").fetch_one(connection).await
}

/// A site.
pub async fn get(connection: &mut PgConnection, site_id: Uuid) -> Result<Option<Listed>, sqlx::Error> {
    let query = format!("{LISTED} where i.site_id = $1");
    let row: Option<ListedRow> = sqlx::query_as(&query).bind(site_id).fetch_optional(connection).await?;
    row.map(listed).transpose()
}

fn listed((site, spaces, devices, free, occupied): ListedRow) -> Result<Listed, sqlx::Error> {
    Ok(Listed { site: from_json(&site)?, spaces, devices, free, occupied })
}

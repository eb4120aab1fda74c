//! Questions about the hours of a tenant's sites. Whose they are, the connection knows.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

use chrono_tz::Tz;
use parking_domain::instant::Instant;
use parking_domain::occupancy::SpaceState;
use serde::Deserialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{Hour, hours, zone};
use crate::rows::from_json;

/// An hour of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteHour {
    /// The instant it begins at.
    pub hour: Instant,
    /// What it was made of.
    pub made_of: Hour,
}

/// What a space has been since a time.
#[derive(Deserialize)]
struct Open {
    state: SpaceState,
    since: Instant,
}

/// The hours of a site that begin between two times, the second left out, with what goes on counted up to `now`. An hour
/// of which nothing is known is left out.
pub async fn of_site(
    connection: &mut PgConnection,
    site_id: Uuid,
    (from, until): (Instant, Instant),
    now: Instant,
) -> Result<Vec<SiteHour>, sqlx::Error> {
    let mut made_of = stored(connection, site_id, from, until).await?;
    let zone = zone_of(connection, site_id).await?;
    for Open { state, since } in open(connection, site_id).await? {
        // The hour in which it began may begin before `from`: then it is not asked for.
        let wanted = hours(zone, since.max(from), now).take_while(|(hour, _)| *hour < until);
        for (hour, time) in wanted.skip_while(|(hour, _)| *hour < from) {
            *made_of.entry(hour).or_default().of(state) += time.num_milliseconds();
        }
    }
    Ok(made_of.into_iter().map(|(hour, made_of)| SiteHour { hour, made_of }).collect())
}

async fn stored(
    connection: &mut PgConnection,
    site_id: Uuid,
    from: Instant,
    until: Instant,
) -> Result<BTreeMap<Instant, Hour>, sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        #[sqlx(try_from = "DateTime<Utc>")]
        hour: Instant,
        #[sqlx(flatten)]
        made_of: Hour,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select hour, free_ms, occupied_ms, reserved_ms, maintenance_ms, unknown_ms, arrivals, departures \
           from occupancy_hourly where site_id = $1 and hour >= $2 and hour < $3",
    )
    .bind(site_id)
    .bind(from.utc())
    .bind(until.utc())
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.hour, row.made_of)).collect())
}

async fn open(connection: &mut PgConnection, site_id: Uuid) -> Result<Vec<Open>, sqlx::Error> {
    let rows: Vec<String> =
        sqlx::query_scalar("select to_json(o)::text from space_occupancy o where site_id = $1")
            .bind(site_id)
            .fetch_all(connection)
            .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

async fn zone_of(connection: &mut PgConnection, site_id: Uuid) -> Result<Tz, sqlx::Error> {
    let name: Option<String> = sqlx::query_scalar("select timezone from sites where site_id = $1")
        .bind(site_id)
        .fetch_optional(connection)
        .await?;
    Ok(name.map_or(Tz::UTC, |name| zone(&name)))
}

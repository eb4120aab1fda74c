//! Queries on the hours of a tenant's sites. Row-level security limits every query to the connection's tenant.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

use chrono_tz::Tz;
use parking_domain::instant::Instant;
use parking_domain::occupancy::SpaceState;
use serde::Deserialize;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::{Hour, hours, zone};
use crate::engine::rows::from_json;

/// An hour of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteHour {
    /// The instant at which it begins.
    pub hour: Instant,
    /// Its totals.
    pub totals: Hour,
}

/// The state of a space since a time.
#[derive(Deserialize)]
struct CurrentState {
    state: SpaceState,
    since: Instant,
}

/// The hours of a site that begin in `from..until`, with the current periods counted up to `now`. An hour without data
/// is left out.
pub async fn of_site(
    connection: &mut PgConnection,
    site_id: Uuid,
    (from, until): (Instant, Instant),
    now: Instant,
) -> Result<Vec<SiteHour>, sqlx::Error> {
    let mut totals = stored(connection, site_id, from, until).await?;
    let zone = zone_of(connection, site_id).await?;
    for CurrentState { state, since } in current_states(connection, site_id).await? {
        // The hour that contains `since` may begin before `from`: it was not asked for.
        let wanted = hours(zone, since.max(from), now).take_while(|(hour, _)| *hour < until);
        for (hour, time) in wanted.skip_while(|(hour, _)| *hour < from) {
            *totals.entry(hour).or_default().of(state) += time.num_milliseconds();
        }
    }
    Ok(totals.into_iter().map(|(hour, totals)| SiteHour { hour, totals }).collect())
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
        totals: Hour,
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
    Ok(rows.into_iter().map(|row| (row.hour, row.totals)).collect())
}

async fn current_states(
    connection: &mut PgConnection,
    site_id: Uuid,
) -> Result<Vec<CurrentState>, sqlx::Error> {
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

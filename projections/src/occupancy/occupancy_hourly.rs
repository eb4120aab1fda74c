//! Read model `occupancy_hourly`: how long the spaces of a site were in each state, by hour of the site's clock.
//!
//! A period is counted when it ends; a query adds the current one from `space_occupancy`. An hour is identified by the
//! instant at which it begins, so the hour that a clock shows twice in autumn is two hours.

pub mod read;

use std::collections::{BTreeMap, HashMap};

use chrono::{TimeDelta, Timelike};
use chrono_tz::Tz;
use parking_domain::instant::Instant;
use parking_domain::occupancy::SpaceState;
use parking_domain::site::SiteEvent;
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::engine::projection::{Decoded, Tables};
use crate::engine::rows::upsert;
use crate::occupancy::space_history::Moment;
use crate::occupancy::space_occupancy::SpaceOccupancy;
use crate::occupancy::stays::Stay;

pub(crate) const TABLES: Tables = Tables {
    names: &["occupancy_hourly"],
    internal: &["occupancy_timezones"],
    schema: include_str!("occupancy_hourly.sql"),
};

/// Totals of one hour of a site. Times are sums over its spaces, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Hour {
    /// Free.
    pub free_ms: i64,
    /// Occupied.
    pub occupied_ms: i64,
    /// Reserved.
    pub reserved_ms: i64,
    /// Out of use.
    pub maintenance_ms: i64,
    /// Unknown.
    pub unknown_ms: i64,
    /// Stays that began: vehicles that arrived, as sensors report them.
    pub arrivals: i64,
    /// Stays that ended.
    pub departures: i64,
}

#[derive(Serialize, Deserialize)]
struct SiteTimezone {
    site_id: Uuid,
    timezone: String,
}

/// Adds up the periods that end, batch by batch.
#[derive(Default)]
pub(crate) struct OccupancyHourly {
    zones: Option<HashMap<Uuid, Tz>>,
    moved: BTreeMap<Uuid, SiteTimezone>,
    hours: BTreeMap<(Uuid, Instant), (Uuid, Hour)>,
}

impl OccupancyHourly {
    /// Loads the sites' time zones. Call it first.
    pub(crate) async fn load(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.zones.is_none() {
            let zones: Vec<(Uuid, String)> =
                sqlx::query_as("select site_id, timezone from occupancy_timezones")
                    .fetch_all(connection)
                    .await?;
            self.zones = Some(zones.into_iter().map(|(site_id, name)| (site_id, zone(&name))).collect());
        }
        Ok(())
    }

    /// Takes a site's time zone from an event that sets one.
    pub(crate) fn take_site(&mut self, decoded: &Decoded<'_>) {
        let Event::Site(
            SiteEvent::SiteCreated { definition, .. } | SiteEvent::SiteUpdated { definition, .. },
        ) = &decoded.event
        else {
            return;
        };
        let Some(site_id) = decoded.stream_uuid() else { return };
        let timezone = definition.timezone.clone();
        self.zones.get_or_insert_default().insert(site_id, zone(&timezone));
        self.moved.insert(site_id, SiteTimezone { site_id, timezone });
    }

    /// The site's time zone.
    pub(crate) fn zone(&self, site_id: Uuid) -> Tz {
        self.zones.as_ref().and_then(|zones| zones.get(&site_id)).copied().unwrap_or(Tz::UTC)
    }

    /// Counts the period that a change ends, in the time zone that the site had then.
    pub(crate) fn count(&mut self, before: Option<&SpaceOccupancy>, moment: &Moment, zone: Tz) {
        let state = before.map(|before| before.state);
        if state == moment.state {
            return;
        }
        if let Some(before) = before {
            for (hour, time) in hours(zone, before.since, moment.at) {
                *self.hour(moment.site_id, moment.tenant_id, hour).of(before.state) +=
                    time.num_milliseconds();
            }
        }
    }

    /// Counts the stay that the event at a position begins or ends, in the time zone that the site has then.
    pub(crate) fn count_stay(&mut self, stay: &Stay, position: i64) {
        let zone = self.zone(stay.site_id);
        if stay.position == position {
            let hour = hour_of(zone, stay.arrived_at);
            self.hour(stay.site_id, stay.tenant_id, hour).arrivals += 1;
        }
        if let Some(departed_at) = stay.departed_at.filter(|_| stay.departure_position == Some(position)) {
            let hour = hour_of(zone, departed_at);
            self.hour(stay.site_id, stay.tenant_id, hour).departures += 1;
        }
    }

    fn hour(&mut self, site_id: Uuid, tenant_id: Uuid, hour: Instant) -> &mut Hour {
        &mut self.hours.entry((site_id, hour)).or_insert_with(|| (tenant_id, Hour::default())).1
    }

    /// Adds the new counts to the stored ones.
    pub(crate) async fn save(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let moved: Vec<SiteTimezone> = std::mem::take(&mut self.moved).into_values().collect();
        upsert(connection, "occupancy_timezones", "site_id", &moved).await?;
        let hours = std::mem::take(&mut self.hours);
        if hours.is_empty() {
            return Ok(());
        }
        let of = |part: fn(&Hour) -> i64| hours.values().map(|(_, hour)| part(hour)).collect::<Vec<_>>();
        sqlx::query(
            "insert into occupancy_hourly as known \
               (site_id, hour, tenant_id, free_ms, occupied_ms, reserved_ms, maintenance_ms, unknown_ms, arrivals, \
                departures) \
             select * from unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[], \
                                  $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]) \
             on conflict (site_id, hour) do update set \
               free_ms        = known.free_ms + excluded.free_ms, \
               occupied_ms    = known.occupied_ms + excluded.occupied_ms, \
               reserved_ms    = known.reserved_ms + excluded.reserved_ms, \
               maintenance_ms = known.maintenance_ms + excluded.maintenance_ms, \
               unknown_ms     = known.unknown_ms + excluded.unknown_ms, \
               arrivals       = known.arrivals + excluded.arrivals, \
               departures     = known.departures + excluded.departures",
        )
        .bind(hours.keys().map(|(site_id, _)| *site_id).collect::<Vec<_>>())
        .bind(hours.keys().map(|(_, hour)| hour.utc()).collect::<Vec<_>>())
        .bind(hours.values().map(|(tenant_id, _)| *tenant_id).collect::<Vec<_>>())
        .bind(of(|hour| hour.free_ms))
        .bind(of(|hour| hour.occupied_ms))
        .bind(of(|hour| hour.reserved_ms))
        .bind(of(|hour| hour.maintenance_ms))
        .bind(of(|hour| hour.unknown_ms))
        .bind(of(|hour| hour.arrivals))
        .bind(of(|hour| hour.departures))
        .execute(connection)
        .await?;
        Ok(())
    }
}

impl Hour {
    fn of(&mut self, state: SpaceState) -> &mut i64 {
        match state {
            SpaceState::Free => &mut self.free_ms,
            SpaceState::Occupied => &mut self.occupied_ms,
            SpaceState::Reserved => &mut self.reserved_ms,
            SpaceState::Maintenance => &mut self.maintenance_ms,
            SpaceState::Unknown => &mut self.unknown_ms,
        }
    }
}

/// The zone of that name. A name unknown to the built-in time zone database counts as UTC.
fn zone(name: &str) -> Tz {
    name.parse().unwrap_or(Tz::UTC)
}

/// The beginning of the local hour that contains an instant.
fn hour_of(zone: Tz, at: Instant) -> Instant {
    let local = at.utc().with_timezone(&zone);
    let into = TimeDelta::seconds(i64::from(local.minute() * 60 + local.second()))
        + TimeDelta::nanoseconds(i64::from(local.nanosecond() % 1_000_000_000));
    at - into
}

/// The hours that a period touches, and how much of it lies in each.
fn hours(zone: Tz, from: Instant, to: Instant) -> impl Iterator<Item = (Instant, TimeDelta)> {
    let mut at = from;
    std::iter::from_fn(move || {
        let hour = hour_of(zone, at);
        let next = (hour + TimeDelta::hours(1)).min(to);
        (at < to).then(|| (hour, next - std::mem::replace(&mut at, next)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("a time")
    }

    fn hours_of(zone: Tz, from: &str, to: &str) -> Vec<(String, i64)> {
        let name = |hour: Instant| hour.utc().with_timezone(&zone).format("%H:%M%:z").to_string();
        hours(zone, at(from), at(to)).map(|(hour, time)| (name(hour), time.num_seconds())).collect()
    }

    #[test]
    fn a_time_is_spread_over_the_hours_it_touches() {
        assert_eq!(
            hours_of(Tz::UTC, "2026-11-23T09:59:30Z", "2026-11-23T11:00:10Z"),
            [("09:00+00:00".into(), 30), ("10:00+00:00".into(), 3600), ("11:00+00:00".into(), 10)]
        );
        assert_eq!(hours_of(Tz::UTC, "2026-11-23T09:00:00Z", "2026-11-23T09:00:00Z"), []);
        assert_eq!(
            hours_of(Tz::UTC, "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"),
            [("09:00+00:00".into(), 3600)]
        );
    }

    #[test]
    fn hours_begin_when_the_sites_clock_says_so() {
        assert_eq!(
            hours_of(Tz::Asia__Kolkata, "2026-11-23T09:00:00Z", "2026-11-23T10:00:00Z"),
            [("14:00+05:30".into(), 1800), ("15:00+05:30".into(), 1800)]
        );
    }

    #[test]
    fn the_hour_that_comes_twice_is_two_and_the_one_that_is_left_out_is_none() {
        let autumn = hours_of(Tz::Europe__Paris, "2026-10-25T00:00:00Z", "2026-10-25T03:00:00Z");
        assert_eq!(
            autumn.iter().map(|(hour, _)| hour.as_str()).collect::<Vec<_>>(),
            ["02:00+02:00", "02:00+01:00", "03:00+01:00"]
        );
        let spring = hours_of(Tz::Europe__Paris, "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z");
        assert_eq!(
            spring.iter().map(|(hour, _)| hour.as_str()).collect::<Vec<_>>(),
            ["01:00+01:00", "03:00+02:00"]
        );
    }
}

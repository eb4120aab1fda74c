//! Compares the hours of the read model with a slow and simple reference.

use parking_domain::instant::Instant;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use parking_projections::engine::reader::Reader;
use parking_projections::occupancy::occupancy_hourly::Hour;
use parking_projections::occupancy::occupancy_hourly::read::of_site;
use parking_simulator::Plan;
use parking_testkit::world::{TENANT, ZONES, site};
use sqlx::PgConnection;
use uuid::Uuid;

/// An hour of a site, with its sums in the order of the states.
type StoredHour = (Uuid, DateTime<Utc>, i64, i64, i64, i64, i64);

/// Walks through each space's history minute by minute and cuts where the site's clock shows a new hour.
pub(crate) async fn assert_hours(auditor: &mut PgConnection) {
    type Times = BTreeMap<(Uuid, DateTime<Utc>, String), i64>;
    let history: Vec<(Uuid, Uuid, DateTime<Utc>, Option<String>)> = sqlx::query_as(
        "select space_id, site_id, at, state from space_history order by space_id, position, ordinal",
    )
    .fetch_all(&mut *auditor)
    .await
    .unwrap();
    // The current state of each space begins at its last change; it is not counted yet.
    let open: BTreeMap<Uuid, DateTime<Utc>> =
        sqlx::query_as::<_, (Uuid, DateTime<Utc>)>("select space_id, since from space_occupancy")
            .fetch_all(&mut *auditor)
            .await
            .unwrap()
            .into_iter()
            .collect();
    let mut expected = Times::new();
    for pair in history.windows(2) {
        let ((space_id, site_id, from, Some(state)), (next_space, _, to, _)) = (&pair[0], &pair[1]) else {
            continue;
        };
        if space_id != next_space {
            continue;
        }
        let zone: Tz = zone_of(*site_id);
        let to = (*to).min(open[space_id]);
        let mut at = *from;
        while at < to {
            let hour_shown = |at: DateTime<Utc>| at.with_timezone(&zone).format("%Y-%m-%d %H %z").to_string();
            let shown = hour_shown(at);
            let mut next = at;
            while next < to && hour_shown(next) == shown {
                // To the next full minute: zone changes fall on full minutes.
                let into = next.timestamp_millis().rem_euclid(60_000);
                next = (next + TimeDelta::milliseconds(60_000 - into)).min(to);
            }
            let local = at.with_timezone(&zone);
            let start = at
                - TimeDelta::milliseconds(
                    i64::from(chrono::Timelike::minute(&local)) * 60_000
                        + at.timestamp_millis().rem_euclid(60_000),
                );
            let start = DateTime::from_timestamp_millis(start.timestamp_millis()).unwrap();
            *expected.entry((*site_id, start, state.clone())).or_default() += (next - at).num_milliseconds();
            at = next;
        }
    }
    expected.retain(|_, time| *time > 0);
    let stored: Vec<StoredHour> = sqlx::query_as(
        "select site_id, hour, free_ms, occupied_ms, reserved_ms, maintenance_ms, unknown_ms from occupancy_hourly",
    )
    .fetch_all(&mut *auditor)
    .await
    .unwrap();
    let mut found = Times::new();
    for (site_id, hour, free, occupied, reserved, maintenance, unknown) in stored {
        let times = [
            ("free", free),
            ("occupied", occupied),
            ("reserved", reserved),
            ("maintenance", maintenance),
            ("unknown", unknown),
        ];
        found.extend(times.map(|(state, time)| ((site_id, hour, state.to_owned()), time)));
    }
    found.retain(|_, time| *time > 0);
    assert_eq!(found.len(), expected.len());
    for (key, time) in expected {
        // Each piece may lose less than a millisecond to rounding.
        let difference = (found.get(&key).copied().unwrap_or_default() - time).abs();
        assert!(difference < 200, "{key:?}: {time} expected, {difference} away");
    }
}

fn zone_of(site_id: Uuid) -> Tz {
    let n = (0..ZONES.len()).find(|n| site(*n).uuid() == site_id).unwrap();
    ZONES[n].parse().unwrap()
}

/// Up to `now`, the hours of a site contain every moment of every space exactly once.
pub(crate) async fn assert_filled(reader: &Reader, plan: &Plan, now: Instant) {
    let mut reading = reader.of(TENANT).await.unwrap();
    for n in 0..ZONES.len() {
        let spaces: i64 = sqlx::query_scalar("select count(*) from spaces where site_id = $1")
            .bind(site(n).uuid())
            .fetch_one(&mut *reading)
            .await
            .unwrap();
        let hours = of_site(&mut reading, site(n).uuid(), (Instant::at_or_before(plan.start), now), now)
            .await
            .unwrap();
        // The last hour is not over; the first may begin before the plan where the zone's offset has half an hour.
        assert!(hours.len() > 48);
        for (hour, next) in hours.iter().zip(&hours[1..]) {
            assert_eq!(next.hour - hour.hour, TimeDelta::hours(1));
            let Hour { free_ms, occupied_ms, reserved_ms, maintenance_ms, unknown_ms, .. } = hour.totals;
            let sum = free_ms + occupied_ms + reserved_ms + maintenance_ms + unknown_ms;
            // Each piece may lose less than a millisecond to rounding.
            assert!((sum - spaces * 3_600_000).abs() < 200, "{}: {sum} of {spaces} spaces", hour.hour);
        }
    }
}

//! A generated month of three sites: what is folded live, in pieces, anew or by the auditor is the same row by row, and it
//! is what the simulation knows to be true. `PARKING_MONTH_SPACES=130` makes it some 100,000 events.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use parking_domain::id::SpaceId;
use parking_domain::occupancy::Spaces;
use parking_projections::compare::Compared;
use parking_projections::devices::Devices;
use parking_projections::diff::diff;
use parking_projections::feed;
use parking_projections::projection::Projection;
use parking_projections::rebuild::rebuild;
use parking_projections::registry::Registry;
use parking_projections::runner::Runner;
use parking_projections::space_occupancy::SpaceOccupancies;
use parking_simulator::{Mischief, Plan, Simulation};
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use uuid::Uuid;
use world::{World, ZONES, site, space};

fn plan() -> Plan {
    let spaces = std::env::var("PARKING_MONTH_SPACES").map_or(18, |spaces| spaces.parse().unwrap());
    // Summer time ends in Paris on the 25th of October, in New York on the 1st of November.
    let start: DateTime<Utc> = "2026-10-10T00:00:00Z".parse().unwrap();
    Plan { seed: 7, spaces, start, end: start + TimeDelta::days(30), mischief: Mischief::USUAL }
}

/// Lets a projection follow the log up to its end, or for a moment only.
async fn follow<P: Projection>(log: &EventLog, through: i64) {
    let (_signal, woken) = watch::channel(());
    let (runner, progress) = Runner::<P>::new(log.database.as_role(Role::Projector), woken);
    let stop = log.stop.child_token();
    let running = tokio::spawn(runner.run(stop.clone()));
    assert!(progress.wait_for(through, Duration::from_secs(100)).await, "reached {}", progress.position());
    stop.cancel();
    running.await.unwrap();
}

async fn month() -> (EventLog, Simulation) {
    let log = EventLog::create().await;
    let simulation = World::new(&log).run(plan()).await;
    let head = log.head().await;
    eprintln!("{head} events");
    // In two tenures, so that memory is lost once in the middle.
    for through in [head / 2, head] {
        follow::<Devices>(&log, through).await;
        follow::<Registry>(&log, through).await;
        follow::<SpaceOccupancies>(&log, through).await;
    }
    (log, simulation)
}

fn assert_same(what: &str, tables: &[Compared]) {
    assert!(!tables.is_empty());
    for table in tables {
        assert_eq!((table.different, &table.examples[..]), (0, &[][..]), "{what}: {table}");
    }
}

async fn assert_reproducible<P: Projection>(log: &EventLog, auditor: &mut PgConnection) {
    let head = log.head().await;
    let found = diff::<P>(auditor, |_, _| {}).await.unwrap().expect("it has run");
    assert_eq!(found.position, head);
    assert_same("folded again by the auditor", &found.tables);
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    assert_same("rebuilt", &rebuild::<P>(&owner, &projector, |_, _| {}).await.unwrap());
    let found = diff::<P>(auditor, |_, _| {}).await.unwrap().expect("it has run");
    assert_same("what was put in its place", &found.tables);
}

#[tokio::test]
async fn live_rows_rebuilt_rows_and_the_auditors_are_the_same_and_true() {
    let (log, simulation) = month().await;
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    assert_true(&mut auditor, &simulation).await;
    assert_hours(&mut auditor).await;
    assert_as_of(&mut auditor).await;
    assert_reproducible::<Devices>(&log, &mut auditor).await;
    assert_reproducible::<Registry>(&log, &mut auditor).await;
    assert_reproducible::<SpaceOccupancies>(&log, &mut auditor).await;
}

/// The final state of every space and the count of every device's uplinks are what the simulation knows.
async fn assert_true(auditor: &mut PgConnection, simulation: &Simulation) {
    for (n, truth) in simulation.truth().into_iter().enumerate() {
        let state: String = sqlx::query_scalar("select state from space_occupancy where space_id = $1")
            .bind(space(n).uuid())
            .fetch_one(&mut *auditor)
            .await
            .unwrap();
        assert_eq!(state, if truth.occupied { "occupied" } else { "free" }, "space {n}");
        let uplinks: i64 = sqlx::query_scalar("select uplink_count from devices where dev_eui = $1")
            .bind(format!("{:016x}", truth.dev_eui))
            .fetch_one(&mut *auditor)
            .await
            .unwrap();
        assert_eq!(u64::try_from(uplinks).unwrap(), truth.uplinks, "the sensor of space {n}");
    }
    let statuses: Vec<(String, i64)> =
        sqlx::query_as("select status, count(*) from reservations group by 1 order by 1")
            .fetch_all(&mut *auditor)
            .await
            .unwrap();
    let names: Vec<&str> = statuses.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(names, ["completed", "expired", "no_show"], "all came to an end, in every way: {statuses:?}");
}

/// An hour of a site, with its sums in the order of the states.
type StoredHour = (Uuid, DateTime<Utc>, i64, i64, i64, i64, i64);

/// A space with what is shown of it.
type ShownRow = (Uuid, Option<String>, Option<i16>, Option<String>);

/// Hours, against a slow reference that is obviously right: walk through each space's history second by second, as it
/// were, cutting wherever the site's clock shows a new hour.
async fn assert_hours(auditor: &mut PgConnection) {
    type Times = BTreeMap<(Uuid, DateTime<Utc>, String), i64>;
    let history: Vec<(Uuid, Uuid, DateTime<Utc>, Option<String>)> = sqlx::query_as(
        "select space_id, site_id, at, state from space_history order by space_id, position, ordinal",
    )
    .fetch_all(&mut *auditor)
    .await
    .unwrap();
    // The last change of state of each space is where its open time begins: not counted yet.
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
                // To the next full minute: zones change on full minutes.
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
        // Every piece may lose less than a millisecond to rounding.
        let difference = (found.get(&key).copied().unwrap_or_default() - time).abs();
        assert!(difference < 200, "{key:?}: {time} expected, {difference} away");
    }
}

fn zone_of(site_id: Uuid) -> Tz {
    let n = (0..ZONES.len()).find(|n| site(*n).uuid() == site_id).unwrap();
    ZONES[n].parse().unwrap()
}

/// At random positions, the history's last row of each space is what a fresh fold of the log's beginning shows.
async fn assert_as_of(auditor: &mut PgConnection) {
    let events = feed::read(auditor, 0, i64::MAX).await.unwrap();
    let checked: Vec<usize> = (1..=20).map(|n| events.len() * n / 20).collect();
    let mut spaces = Spaces::default();
    for (count, recorded) in (1..).zip(&events) {
        spaces.apply(recorded.position, &recorded.aggregate_id, &recorded.decode().unwrap());
        if !checked.contains(&count) {
            continue;
        }
        let rows: Vec<ShownRow> = sqlx::query_as(
            "select distinct on (space_id) space_id, state, level, reason from space_history \
              where position <= $1 order by space_id, position desc, ordinal desc",
        )
        .bind(recorded.position)
        .fetch_all(&mut *auditor)
        .await
        .unwrap();
        assert_eq!(rows.len(), spaces.spaces().count());
        for (space_id, state, level, reason) in rows {
            let shown = spaces.space(SpaceId::from(space_id)).unwrap().last_shown().0;
            let text = |value: serde_json::Value| value.as_str().map(str::to_owned);
            assert_eq!(
                state,
                text(serde_json::to_value(shown.state).unwrap()),
                "position {}",
                recorded.position
            );
            assert_eq!(level, Some(shown.level.into()));
            assert_eq!(reason, text(serde_json::to_value(shown.reason).unwrap()));
        }
    }
}

//! A generated month of three sites: rows folded live, in pieces, by a rebuild and by the auditor are the same, and
//! they match the simulation's truth. `PARKING_MONTH_SPACES=130` gives some 100,000 events. Also some days in spring,
//! in batches of every size.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod batches;
mod hours;
mod stays;

use std::time::Duration;

use chrono::TimeDelta;
use parking_commands::writer::{Tell, Writer};
use parking_domain::id::SpaceId;
use parking_domain::instant::Instant;
use parking_domain::occupancy::Spaces;
use parking_projections::devices::Fleet;
use parking_projections::engine::compare::TableComparison;
use parking_projections::engine::diff::diff;
use parking_projections::engine::feed;
use parking_projections::engine::progress::Progress;
use parking_projections::engine::projection::Projection;
use parking_projections::engine::reader::Reader;
use parking_projections::engine::rebuild::rebuild;
use parking_projections::engine::recent::Recent;
use parking_projections::engine::runner::Runner;
use parking_projections::engine::wake;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_simulator::{Faults, Plan, Simulation};
use parking_testkit::world::{World, space};
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::batches::assert_same_in_batches_of;
use crate::hours::{assert_filled, assert_hours};
use crate::stays::assert_stays;

fn autumn() -> Plan {
    let spaces = std::env::var("PARKING_MONTH_SPACES").map_or(18, |spaces| spaces.parse().unwrap());
    // Summer time ends in Paris on the 25th of October, in New York on the 1st of November.
    let start: Instant = "2026-10-10T00:00:00Z".parse().unwrap();
    Plan {
        seed: 7,
        spaces,
        first_session: 1,
        start: start.utc(),
        end: (start + TimeDelta::days(30)).utc(),
        faults: Faults::USUAL,
    }
}

/// Few enough events for batches of one.
fn spring() -> Plan {
    // Summer time begins in Paris on the 29th of March.
    let start: Instant = "2026-03-27T00:00:00Z".parse().unwrap();
    Plan {
        seed: 11,
        spaces: 6,
        first_session: 1,
        start: start.utc(),
        end: (start + TimeDelta::days(4)).utc(),
        faults: Faults::USUAL,
    }
}

/// Runs a projection up to the log's end, or for a moment only.
async fn follow<P: Projection>(log: &EventLog, through: i64) {
    let (_signal, woken) = watch::channel(());
    let (runner, progress) = Runner::<P>::new(log.database.as_role(Role::Projector), woken);
    let stop = log.stop.child_token();
    let running = tokio::spawn(runner.run(stop.clone()));
    assert!(progress.wait_for(through, Duration::from_secs(100)).await, "reached {}", progress.position());
    stop.cancel();
    running.await.unwrap();
}

/// Restarts the projection four times at positions given by the seed, so it loses its memory there.
async fn follow_with_restarts<P: Projection>(log: &EventLog, head: i64, seed: u64) {
    let mut places: Vec<i64> = (0..4_u64)
        .map(|n| (seed + n).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33)
        .map(|drawn| i64::try_from(drawn).unwrap() % head + 1)
        .collect();
    places.push(head);
    places.sort_unstable();
    for through in places {
        follow::<P>(log, through).await;
    }
}

async fn live(plan: Plan) -> (EventLog, Simulation) {
    let log = EventLog::create().await;
    let simulation = World::new(&log).run(plan).await;
    let head = log.head().await;
    eprintln!("{head} events");
    follow_with_restarts::<Fleet>(&log, head, plan.seed).await;
    follow_with_restarts::<Registry>(&log, head, plan.seed + 1).await;
    follow_with_restarts::<Occupancies>(&log, head, plan.seed + 2).await;
    (log, simulation)
}

/// The projections run during the simulation and get events from the writer, as in the server.
async fn live_with_writer(plan: Plan) -> (EventLog, Simulation) {
    let mut log = EventLog::create().await;
    let recent = Recent::default();
    let window = recent.clone();
    let tell: Tell = Box::new(move |appended| window.offer(appended));
    let stop = log.stop.child_token();
    log.writer = Writer::start_telling(log.database.as_role(Role::Writer), Some(tell), log.stop.clone()).0;
    let (signal, woken) = watch::channel(());
    let projector = log.database.as_role(Role::Projector);
    let listening = tokio::spawn(wake::listen(projector, log.writer.head(), signal, stop.clone()));
    let running = [
        start::<Fleet>(&log, &woken, &recent, &stop),
        start::<Registry>(&log, &woken, &recent, &stop),
        start::<Occupancies>(&log, &woken, &recent, &stop),
    ];
    let simulation = World::new(&log).run(plan).await;
    let head = log.head().await;
    for (_, progress) in &running {
        assert!(progress.wait_for(head, Duration::from_secs(100)).await, "reached {}", progress.position());
    }
    stop.cancel();
    for (running, _) in running {
        running.await.unwrap();
    }
    listening.await.unwrap();
    (log, simulation)
}

fn start<P: Projection>(
    log: &EventLog,
    woken: &watch::Receiver<()>,
    recent: &Recent,
    stop: &CancellationToken,
) -> (JoinHandle<()>, Progress) {
    let (runner, progress) = Runner::<P>::new(log.database.as_role(Role::Projector), woken.clone());
    (tokio::spawn(runner.reading(recent.clone()).run(stop.clone())), progress)
}

fn assert_same(what: &str, tables: &[TableComparison]) {
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
    let before = indexes(auditor).await;
    assert_same("rebuilt", &rebuild::<P>(&owner, &projector, |_, _| {}).await.unwrap().tables);
    assert_eq!(indexes(auditor).await, before, "the rebuild keeps the indexes");
    let found = diff::<P>(auditor, |_, _| {}).await.unwrap().expect("it has run");
    assert_same("after the rebuild", &found.tables);
}

/// The definitions of all indexes of read models.
async fn indexes(auditor: &mut PgConnection) -> Vec<String> {
    let made = "select replace(indexdef, schemaname || '.', '') from pg_indexes where schemaname = 'projections' order by 1";
    sqlx::query_scalar(made).fetch_all(auditor).await.unwrap()
}

#[tokio::test]
async fn conformance_64_live_rows_rebuilt_rows_and_the_auditors_are_the_same_and_true() {
    let plan = autumn();
    let (log, simulation) = live(plan).await;
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    assert_true(&mut auditor, &simulation).await;
    assert_stays(&mut auditor, &simulation).await;
    assert_every_ending(&mut auditor).await;
    assert_hours(&mut auditor).await;
    assert_as_of(&mut auditor).await;
    assert_filled(&Reader::new(log.database.pool(Role::Reader)), &plan, Instant::at_or_before(plan.end))
        .await;
    assert_reproducible::<Fleet>(&log, &mut auditor).await;
    assert_reproducible::<Registry>(&log, &mut auditor).await;
    assert_reproducible::<Occupancies>(&log, &mut auditor).await;
}

#[tokio::test]
async fn days_in_spring_are_true_and_the_same_in_batches_of_every_size() {
    let plan = spring();
    let (log, simulation) = live_with_writer(plan).await;
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    assert_true(&mut auditor, &simulation).await;
    assert_stays(&mut auditor, &simulation).await;
    assert_hours(&mut auditor).await;
    assert_as_of(&mut auditor).await;
    assert_filled(&Reader::new(log.database.pool(Role::Reader)), &plan, Instant::at_or_before(plan.end))
        .await;
    for size in [1, 7, 331] {
        assert_same_in_batches_of::<Fleet>(&log, size).await;
        assert_same_in_batches_of::<Registry>(&log, size).await;
        assert_same_in_batches_of::<Occupancies>(&log, size).await;
    }
}

/// The final state of every space and the uplink count of every device match the simulation.
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
}

/// All reservations ended, in every way that needs no command.
async fn assert_every_ending(auditor: &mut PgConnection) {
    let statuses: Vec<(String, i64)> =
        sqlx::query_as("select status, count(*) from reservations group by 1 order by 1")
            .fetch_all(&mut *auditor)
            .await
            .unwrap();
    let names: Vec<&str> = statuses.iter().map(|(status, _)| status.as_str()).collect();
    assert_eq!(names, ["completed", "expired", "no_show"], "{statuses:?}");
}

/// A space with its shown state.
type ShownRow = (Uuid, Option<String>, Option<i16>, Option<String>);

/// At 20 positions, the history's last row of each space equals a fresh fold of the log up to there.
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

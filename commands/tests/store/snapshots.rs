//! Snapshots: a cache that affects only the duration of a load.

use cqrs_es::EventStore;
use parking_commands::bus::Bus;
use parking_commands::ingest::{Ingest, Outcome};
use parking_commands::snapshots::{INTERVAL, Snapshots};
use parking_commands::store::CommandContext;
use parking_domain::aggregate::Decider;
use parking_domain::uplinks::Uplinks;
use parking_testkit::{EventLog, Role};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, AccountEvent, Command, deposited, fold};
use crate::aggregates::{ID, ingest};
use crate::support::{block_on, snapshot_at};

async fn execute(bus: &Bus<Account>, id: &str, command: Command) -> i64 {
    bus.execute(id, &command, &CommandContext::default()).await.unwrap().version
}

fn opened(name: &str) -> AccountEvent {
    AccountEvent::Opened { name: name.into() }
}

/// A bus with snapshots.
fn bus(log: &EventLog) -> Bus<Account> {
    Bus::new(log.store_of(log.writer.clone(), log.snapshots()))
}

/// Opens an account and brings it to the version of its first snapshot, one event per command.
async fn account_with_snapshot(log: &EventLog) -> Bus<Account> {
    let bus = bus(log);
    execute(&bus, "a", Command::Open("A")).await;
    execute(&bus, "a", Command::Deposit((2..=INTERVAL).collect())).await;
    snapshot_at(log, "a", INTERVAL).await;
    bus
}

/// The state of the account of [`account_with_snapshot`] at this version.
fn account_at(version: i64) -> Account {
    let deposits = (2..=version).map(deposited);
    fold(&[opened("A")].into_iter().chain(deposits).collect::<Vec<_>>())
}

/// Executes the events in commands of these sizes, and compares the loaded state after each with the folded events.
async fn compare(log: &EventLog, id: &'static str, deposits: &[i64], sizes: &[usize]) {
    let bus = bus(log);
    let mut events = vec![opened(id)];
    execute(&bus, id, Command::Open(id)).await;
    let (mut rest, mut sizes, mut snapshot) = (deposits, sizes.iter().cycle(), None);
    while !rest.is_empty() {
        let (now, later) = rest.split_at((*sizes.next().unwrap()).min(rest.len()));
        let before = events.len() as u64 / INTERVAL.unsigned_abs();
        events.extend(now.iter().copied().map(deposited));
        let version = execute(&bus, id, Command::Deposit(now.to_vec())).await;
        if version.unsigned_abs() / INTERVAL.unsigned_abs() > before {
            snapshot = Some(version);
        }
        let loaded = log.store().load::<Account>(id).await.unwrap();
        assert_eq!((loaded.version, &loaded.aggregate), (version, &fold(&events)));
        rest = later;
    }
    if let Some(version) = snapshot {
        snapshot_at(log, id, version).await;
        assert_eq!(log.store().load::<Account>(id).await.unwrap().aggregate, fold(&events));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3,
        max_shrink_iters: 20,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(73),
        ..ProptestConfig::default()
    })]

    #[test]
    fn conformance_73_state_with_and_without_snapshot_is_equal_for_every_split_into_commands(
        deposits in vec(-1000..1000_i64, 90..330),
        few in vec(1..20_usize, 1..20),
        many in vec(1..250_usize, 1..20),
    ) {
        block_on(async {
            let log = EventLog::create().await;
            compare(&log, "whole", &deposits, &[deposits.len()]).await;
            compare(&log, "at the interval", &deposits, &[99, 100]).await;
            compare(&log, "few", &deposits, &few).await;
            compare(&log, "many", &deposits, &many).await;
        });
    }
}

#[tokio::test]
async fn conformance_73_a_device_with_and_without_snapshot_is_equal() {
    let log = EventLog::create().await;
    let lanes = Ingest::new(log.store_of(log.writer.clone(), log.snapshots()));
    for n in 0..400 {
        // Every seventh frame is missing, and one overtakes the others and is repeated.
        ingest(&lanes, if n % 7 == 0 { n + 5 } else { n }).await;
    }
    let version = log.stored(ID).await.len();
    assert!(version > 300);
    snapshot_at(&log, ID, 300).await;
    let loaded = log.store().load::<Uplinks>(ID).await.unwrap();
    let restarted = Ingest::new(log.store());
    for n in [398, 300, 1] {
        assert!(matches!(ingest(&restarted, n).await, Outcome::Duplicate { .. }), "{n}");
    }
    sqlx::query("truncate snapshots").execute(&log.admin()).await.unwrap();
    assert_eq!(log.store().load::<Uplinks>(ID).await.unwrap(), loaded);
    let mut folded = Uplinks::default();
    for event in EventStore::<Uplinks>::load_events(&log.store(), ID).await.unwrap() {
        folded.evolve(&event.payload);
    }
    assert_eq!(folded, loaded.aggregate);
}

#[tokio::test]
async fn conformance_74_a_corrupt_or_old_snapshot_is_ignored_and_replaced_in_one_row() {
    let state = serde_json::to_string(&Account { cents: 1, ..Account::default() }).unwrap();
    let wrongs = [
        ("unreadable", format!("state = '\"{}\"'", "x".repeat(10))),
        ("of an old form", format!("state_version = 1, state = '{state}'")),
        ("of a form to come", format!("state_version = 3, state = '{state}'")),
        ("ahead of the log", format!("version = 100000, state = '{state}'")),
        ("of another history", format!("event_id = gen_random_uuid(), state = '{state}'")),
        ("of another history, earlier", format!("version = version - 1, state = '{state}'")),
    ];
    let log = EventLog::create().await;
    account_with_snapshot(&log).await;
    for (wrong, set) in wrongs {
        sqlx::query(&format!("update snapshots set {set}")).execute(&log.admin()).await.unwrap();
        // A process with nothing in memory.
        let bus = bus(&log);
        let version = log.store().load::<Account>("a").await.unwrap().version;
        assert_eq!(log.store().load::<Account>("a").await.unwrap().aggregate, account_at(version), "{wrong}");
        let next = (version + 1..=version + INTERVAL).collect();
        assert_eq!(execute(&bus, "a", Command::Deposit(next)).await, version + INTERVAL);
        snapshot_at(&log, "a", version + INTERVAL).await;
        let rows: Vec<(i32, String)> = sqlx::query_as("select state_version, state::text from snapshots")
            .fetch_all(&log.pool)
            .await
            .unwrap();
        let [(Account::STATE_VERSION, state)] = &rows[..] else { panic!("one row: {rows:?}") };
        assert_eq!(serde_json::from_str::<Account>(state).unwrap(), account_at(version + INTERVAL));
    }
}

#[tokio::test]
async fn conformance_75_unwritable_or_unreadable_snapshots_fail_no_command() {
    let log = EventLog::create().await;
    let bus = account_with_snapshot(&log).await;
    let admin = log.admin();
    for (n, privilege) in (1..).zip(["insert, update", "all"]) {
        sqlx::query(&format!("revoke {privilege} on snapshots from parking_writer"))
            .execute(&admin)
            .await
            .unwrap();
        let version = n * INTERVAL;
        for first in [version + 1, version + 51] {
            execute(&bus, "a", Command::Deposit((first..first + 50).collect())).await;
        }
        let loaded = log.store().load::<Account>("a").await.unwrap();
        assert_eq!(
            (loaded.version, loaded.aggregate),
            (version + 100, account_at(version + 100)),
            "{privilege}"
        );
    }
    sqlx::query("grant all on snapshots to parking_writer").execute(&admin).await.unwrap();
    execute(&bus, "a", Command::Deposit((301..=400).collect())).await;
    snapshot_at(&log, "a", 400).await;
}

#[tokio::test]
async fn conformance_75_a_snapshot_task_that_has_ended_fails_no_command() {
    let log = EventLog::create().await;
    let stop = CancellationToken::new();
    let (snapshots, task) = Snapshots::start(log.database.pool(Role::Writer), stop.clone());
    stop.cancel();
    task.await.unwrap();
    let bus = Bus::new(log.store_of(log.writer.clone(), snapshots));
    execute(&bus, "a", Command::Open("A")).await;
    execute(&bus, "a", Command::Deposit((2..=250).collect())).await;
    assert_eq!(log.store().load::<Account>("a").await.unwrap().aggregate, account_at(250));
}

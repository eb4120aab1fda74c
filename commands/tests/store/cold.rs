//! Streams in memory and in snapshots, and the cost of a cold start.

use futures_util::future::join_all;
use parking_commands::bus::Bus;
use parking_commands::ingest::{Ingest, IngestError, Outcome};
use parking_commands::snapshots::{INTERVAL, Snapshots};
use parking_commands::store::{CommandContext, LoadError, LogStore};
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind, Report};
use parking_domain::uplinks::{LookUp, RecordReport, Source, Uplinks, stream_id};
use parking_testkit::{EventLog, Role};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, Command};
use crate::aggregates::{ID as UPLINKS, at, command, ingest, record, record_one};
use crate::support::{laid_down, lay_down, snapshot_at, snapshots_of};

/// A store with snapshots, as a separate process opens it.
fn store(log: &EventLog) -> LogStore {
    log.store_of(log.writer.clone(), log.snapshots())
}

async fn open_with(bus: &Bus<Account>, id: &str, name: &'static str, deposits: i64) {
    bus.execute(id, &Command::Open(name), &CommandContext::default()).await.unwrap();
    deposit(bus, id, deposits).await;
}

async fn deposit(bus: &Bus<Account>, id: &str, deposits: i64) -> i64 {
    let deposits = Command::Deposit((1..=deposits).collect());
    bus.execute(id, &deposits, &CommandContext::default()).await.unwrap().version
}

#[tokio::test]
async fn a_snapshot_is_at_most_200_events_behind() {
    let log = EventLog::create().await;
    let bus = Bus::new(store(&log));
    open_with(&bus, "a", "A", 1).await;
    let mut version = 0;
    // Every batch size reaches every position between two multiples of the interval.
    for size in (1..60).chain([99, 100, 101, 1, 99]) {
        version = deposit(&bus, "a", size).await;
        if version < INTERVAL {
            continue;
        }
        let behind = "select version >= $1 from snapshots where aggregate_id = 'a'";
        crate::support::eventually(async || {
            let near = sqlx::query_scalar(behind).bind(version - 2 * INTERVAL).fetch_optional(&log.pool);
            near.await.unwrap() == Some(true)
        })
        .await;
    }
    assert!(version > 2000);
}

#[tokio::test]
async fn a_snapshot_refused_by_a_full_queue_is_offered_again_with_the_next_event() {
    let log = EventLog::create().await;
    let bus = Bus::new(store(&log));
    open_with(&bus, "late", "late", 98).await;
    // Nothing can be written, and more offers are made than the queue holds.
    let mut lock = log.admin().begin().await.unwrap();
    sqlx::query("lock table snapshots in exclusive mode").execute(&mut *lock).await.unwrap();
    let others: Vec<String> = (0..600).map(|n| n.to_string()).collect();
    let open = |id: &'static str, bus: &Bus<Account>| {
        let command = Command::Open(id);
        let bus = bus.store().clone();
        async move {
            let bus = Bus::<Account>::new(bus);
            bus.execute(id, &command, &CommandContext::default()).await.unwrap();
            deposit(&bus, id, 99).await;
        }
    };
    for some in others.chunks(100) {
        join_all(some.iter().map(|id| open(Box::leak(id.clone().into_boxed_str()), &bus))).await;
    }
    assert_eq!(deposit(&bus, "late", 1).await, INTERVAL);
    lock.rollback().await.unwrap();
    // At most two batches were on their way; its own state was not among them.
    crate::support::eventually(async || snapshots_of(&log).await.len() >= 256).await;
    assert!(snapshots_of(&log).await.iter().all(|(id, _)| id != "late"));
    assert_eq!(deposit(&bus, "late", 1).await, INTERVAL + 1);
    snapshot_at(&log, "late", INTERVAL + 1).await;
}

#[tokio::test]
async fn an_evicted_stream_is_saved_if_it_is_far_enough_ahead() {
    let log = EventLog::create().await;
    // Room for one stream, whatever its size.
    let bus = Bus::new(store(&log).with_memory(1));
    open_with(&bus, "long", "long", 40).await;
    open_with(&bus, "short", "short", 5).await;
    snapshot_at(&log, "long", 41).await;
    open_with(&bus, "last", "last", 40).await;
    open_with(&bus, "another", "another", 1).await;
    snapshot_at(&log, "last", 41).await;
    let expected = [("last".to_owned(), 41), ("long".to_owned(), 41)];
    assert_eq!(snapshots_of(&log).await, expected, "and not the short one");
    assert_eq!(bus.store().memory().size().0, 1);
    assert_eq!(deposit(&bus, "long", 1).await, 42);
}

#[tokio::test]
async fn a_process_saves_streams_ahead_of_their_snapshots_on_exit() {
    let log = EventLog::create().await;
    let stop = CancellationToken::new();
    let (snapshots, task) = Snapshots::start(log.database.pool(Role::Writer), stop.clone());
    let bus = Bus::new(log.store_of(log.writer.clone(), snapshots));
    open_with(&bus, "a", "A", 40).await;
    open_with(&bus, "b", "B", 140).await;
    open_with(&bus, "c", "C", 5).await;
    // Its snapshot is queued or written.
    open_with(&bus, "d", "D", 100).await;
    assert_eq!(bus.store().save_snapshots().await.unwrap(), 1);
    stop.cancel();
    task.await.unwrap();
    let expected = [("a", 41), ("b", 141), ("d", 101)].map(|(id, version)| (id.to_owned(), version));
    assert_eq!(snapshots_of(&log).await, expected);
    let loaded = log.store().load::<Account>("a").await.unwrap();
    assert_eq!((loaded.version, loaded.aggregate.cents), (41, 40 * 41 / 2));
}

#[tokio::test]
async fn a_long_stream_is_folded_page_by_page_and_saved_at_once() {
    let log = EventLog::create().await;
    lay_down(&log, &["a".to_owned()], 10_000).await;
    let loaded = store(&log).load::<Account>("a").await.unwrap();
    assert_eq!((loaded.version, loaded.position), (10_000, 10_000));
    assert_eq!(loaded.aggregate, laid_down(10_000));
    snapshot_at(&log, "a", 10_000).await;
    assert_eq!(log.store().load::<Account>("a").await.unwrap(), loaded);
}

#[tokio::test]
async fn the_progress_of_an_unfinished_load_is_kept() {
    let log = EventLog::create().await;
    lay_down(&log, &["a".to_owned()], 6000).await;
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("update events set event_type = 'Confiscated' where sequence = 5500")
        .execute(&admin)
        .await
        .unwrap();
    let store = store(&log);
    let ended = store.load::<Account>("a").await.unwrap_err();
    assert!(matches!(ended, LoadError::Undecodable { sequence: 5500, .. }), "{ended}");
    // The events read together with other streams, and five pages.
    snapshot_at(&log, "a", 5201).await;
    // A load that starts from the beginning now fails there.
    sqlx::query("update events set event_type = 'Confiscated' where sequence = 1")
        .execute(&admin)
        .await
        .unwrap();
    sqlx::query("update events set event_type = 'Deposited' where sequence = 5500")
        .execute(&admin)
        .await
        .unwrap();
    assert_eq!(store.load::<Account>("a").await.unwrap().aggregate, laid_down(6000));
}

#[tokio::test]
async fn streams_loaded_together_are_limited_by_size() {
    let log = EventLog::create().await;
    let accounts: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    lay_down(&log, &accounts, 210).await;
    // Names of renamed accounts make their events large: 24 MB in all, of which one query takes 16.
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query(
        "update events set event_type = 'Renamed', event_version = '1', \
                payload = format('{\"Renamed\":{\"from\":\"a\",\"to\":\"%s\"}}', repeat('x', 40000))::json \
          where sequence % 21 = 0",
    )
    .execute(&admin)
    .await
    .unwrap();
    let store = log.store();
    let loads = accounts.iter().map(|id| store.load::<Account>(id));
    for loaded in join_all(loads).await {
        let loaded = loaded.unwrap();
        assert_eq!((loaded.version, loaded.aggregate.name.map(|name| name.len())), (210, Some(40_000)));
    }
}

/// A device with this many reports and no snapshot.
pub(crate) async fn log_with_a_cold_device(reports: i64) -> EventLog {
    let log = EventLog::create().await;
    let store = log.store();
    let mut context = store.load::<Uplinks>(UPLINKS).await.unwrap();
    let mut events = Vec::new();
    for n in 1..=reports {
        let decided = context.aggregate.decide(&command(n)).unwrap();
        for event in &decided {
            context.aggregate.evolve(event);
        }
        events.extend(decided);
    }
    store.append(&mut context, &events, &CommandContext::default()).await.unwrap();
    log
}

/// From now on no fold of the whole stream passes this event.
async fn poison(log: &EventLog, sequence: i64) {
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("update events set event_type = 'Confiscated' where sequence = $1")
        .bind(sequence)
        .execute(&admin)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_next_report_of_a_cold_device_does_not_wait_for_its_fold() {
    let log = log_with_a_cold_device(1300).await;
    poison(&log, 1250).await;
    let restarted = Ingest::new(log.store());
    assert_eq!(ingest(&restarted, 1301).await, Outcome::Accepted { position: 1301 });
    assert_eq!(ingest(&restarted, 1301).await, Outcome::Duplicate { position: 1301 });
    assert_eq!(ingest(&restarted, 1302).await, Outcome::Accepted { position: 1302 });
    assert_eq!(ingest(&restarted, 7).await, Outcome::Duplicate { position: 1302 });
    let requests = sqlx::query_scalar("select count(*) from requests").fetch_one(&log.pool);
    assert_eq!(requests.await.ok(), Some(0_i64), "no request keys are needed");
}

#[tokio::test]
async fn an_older_report_of_a_cold_device_waits_for_its_fold() {
    let log = log_with_a_cold_device(1300).await;
    poison(&log, 1250).await;
    let ended = record(&Ingest::new(log.store()), 0).await.unwrap_err();
    assert!(matches!(ended, IngestError::Load(LoadError::Undecodable { sequence: 1250, .. })), "{ended}");
}

#[tokio::test]
async fn reports_to_a_cold_and_a_warm_process_at_once_are_recorded_once() {
    let log = log_with_a_cold_device(1300).await;
    let warm = Ingest::new(log.store_of(log.second_writer(), Snapshots::off()));
    // An older report loads the stream, which stays in memory.
    ingest(&warm, 0).await;
    for n in 1301..1320 {
        // A new store has nothing in memory, and there is no snapshot.
        let cold = Ingest::new(log.store());
        let outcomes = join_all([&cold, &warm, &cold, &warm].map(|lanes| ingest(lanes, n))).await;
        let accepted = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Accepted { .. })).count();
        assert_eq!((accepted, log.store().version::<Uplinks>(UPLINKS).await.unwrap()), (1, n + 1));
    }
}

#[tokio::test]
async fn a_stream_of_a_thousand_more_events_is_folded_and_kept() {
    let log = log_with_a_cold_device(1200).await;
    let store = store(&log);
    ingest(&Ingest::new(store.clone()), 1201).await;
    assert_eq!(store.memory().size().0, 1);
    snapshot_at(&log, UPLINKS, 1200).await;
}

#[tokio::test]
async fn a_snapshot_of_another_form_or_history_makes_no_report_wait() {
    for event_id in ["event_id", "gen_random_uuid()"] {
        let log = log_with_a_cold_device(1300).await;
        let unusable = format!(
            "insert into snapshots (aggregate_type, aggregate_id, state_version, version, event_id, state) \
             select 'uplinks', aggregate_id, $1, sequence, {event_id}, '{{}}' from events where sequence = 100"
        );
        sqlx::query(&unusable).bind(Uplinks::STATE_VERSION).execute(&log.admin()).await.unwrap();
        poison(&log, 1250).await;
        assert_eq!(ingest(&Ingest::new(log.store()), 1301).await, Outcome::Accepted { position: 1301 });
    }
}

#[tokio::test]
async fn an_undecodable_event_keeps_no_usual_report_from_the_log_unless_it_is_among_the_last() {
    for (poisoned, accepted) in [(100, true), (1250, true), (1290, false)] {
        let log = log_with_a_cold_device(1300).await;
        poison(&log, poisoned).await;
        let outcome = record(&Ingest::new(log.store()), 1301).await;
        assert_eq!(outcome.is_ok(), accepted, "{poisoned}: {outcome:?}");
    }
}

/// A report of one of several devices. The first ones are so long that those of twenty devices exceed what one query loads.
fn long_report(device: usize, n: i64) -> (Report, Vec<u8>) {
    let text = if n <= 210 { "x".repeat(6000) } else { String::new() };
    let body = json!({
        "deviceInfo": {"devEui": format!("58a0cb00000000{device:02}")}, "deduplicationId": format!("id {n}"),
        "time": at(n), "devAddr": "0100a001", "fCnt": n, "data": "AQ==", "object": {"text": text},
    });
    let body = body.to_string().into_bytes();
    (chirpstack::parse(EventKind::Up, &body).unwrap(), body)
}

#[tokio::test]
async fn cold_devices_beyond_the_limit_of_one_query_do_not_wait_for_their_folds() {
    let log = EventLog::create().await;
    let store = log.store();
    for device in 0..20 {
        let id = stream_id(Source::Platform, long_report(device, 1).0.dev_eui);
        let mut context = store.load::<Uplinks>(&id).await.unwrap();
        let mut events = Vec::new();
        for n in 1..=1300 {
            let report = long_report(device, n).0;
            let command = RecordReport { report, at: at(n), look_up: LookUp::NotDone };
            for event in context.aggregate.decide(&command).unwrap() {
                context.aggregate.evolve(&event);
                events.push(event);
            }
        }
        store.append(&mut context, &events, &CommandContext::default()).await.unwrap();
    }
    poison(&log, 1250).await;
    let restarted = Ingest::new(log.store());
    let reports = (0..20).map(|device| record_one(&restarted, long_report(device, 1301), at(1301)));
    for outcome in join_all(reports).await {
        assert!(matches!(outcome, Ok(Outcome::Accepted { .. })), "{outcome:?}");
    }
}

//! Missing snapshots are created in one pass over the log.

use parking_commands::bus::Bus;
use parking_commands::snapshots::{Kind, MissingSnapshots};
use parking_commands::store::CommandContext;
use parking_testkit::EventLog;
use tokio_util::sync::CancellationToken;

use crate::account::{Account, Command};
use crate::support::{eventually, laid_down, lay_down, snapshots_of};

/// The task that a process runs on start.
fn missing(log: &EventLog) -> MissingSnapshots {
    let kinds = vec![Kind::of::<Account>()];
    MissingSnapshots::new(&log.store_of(log.writer.clone(), log.snapshots()), kinds)
}

fn accounts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{n:02}")).collect()
}

fn all_at(names: &[String], version: i64) -> Vec<(String, i64)> {
    names.iter().map(|name| (name.clone(), version)).collect()
}

async fn assert_true(log: &EventLog, names: &[String], deposits: i64) {
    let admin = log.admin();
    // A fold from the beginning now fails.
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("update events set event_type = 'Confiscated' where sequence = 1")
        .execute(&admin)
        .await
        .unwrap();
    for name in names {
        let loaded = log.store().load::<Account>(name).await.unwrap();
        assert_eq!((loaded.version, loaded.aggregate), (deposits, laid_down(deposits)), "{name}");
    }
}

#[tokio::test]
async fn all_long_streams_get_snapshots_in_several_passes() {
    let log = EventLog::create().await;
    let names = accounts(8);
    lay_down(&log, &names, 2500).await;
    // A stream with few events needs none.
    let bus = Bus::<Account>::new(log.store());
    bus.execute("short", &Command::Open("short"), &CommandContext::default()).await.unwrap();
    missing(&log).bounded(3, usize::MAX).run(CancellationToken::new()).await;
    assert_eq!(snapshots_of(&log).await, all_at(&names, 2500));
    assert_true(&log, &names, 2500).await;
}

#[tokio::test]
async fn states_beyond_the_memory_limit_are_created_in_further_passes() {
    let log = EventLog::create().await;
    let names = accounts(5);
    lay_down(&log, &names, 300).await;
    missing(&log).bounded(100, 1).run(CancellationToken::new()).await;
    // Streams that are only slightly ahead are left to their loads.
    let made = snapshots_of(&log).await;
    assert!(made.len() == 5 && made.iter().all(|(_, version)| *version >= 200), "{made:?}");
    assert_true(&log, &names, 300).await;
}

#[tokio::test]
async fn a_stopped_run_continues_where_it_was() {
    let log = EventLog::create().await;
    let names = accounts(6);
    lay_down(&log, &names, 3000).await;
    let stop = CancellationToken::new();
    let first = tokio::spawn(missing(&log).bounded(1, usize::MAX).run(stop.clone()));
    eventually(async || !snapshots_of(&log).await.is_empty()).await;
    stop.cancel();
    first.await.unwrap();
    // The existing snapshots are not created again: their events can no longer be read.
    let made = snapshots_of(&log).await;
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    for (name, version) in &made {
        let gone = "update events set payload = '0' where aggregate_id = $1 and sequence <= $2";
        sqlx::query(gone).bind(name).bind(version).execute(&admin).await.unwrap();
    }
    missing(&log).bounded(1, usize::MAX).run(CancellationToken::new()).await;
    assert_eq!(snapshots_of(&log).await, all_at(&names, 3000));
    assert_true(&log, &names, 3000).await;
}

#[tokio::test]
async fn snapshots_of_another_form_or_history_are_recreated_and_valid_ones_reused() {
    let log = EventLog::create().await;
    let names = accounts(4);
    lay_down(&log, &names, 500).await;
    missing(&log).run(CancellationToken::new()).await;
    let wrongs = [
        "update snapshots set state_version = 1, state = '{}' where aggregate_id = '00'",
        "update snapshots set event_id = gen_random_uuid(), state = '{}' where aggregate_id = '01'",
        "update snapshots set version = 700 where aggregate_id = '02'",
        // A valid snapshot that is far behind.
        "update snapshots s set version = 1, event_id = e.event_id, state = '{\"name\":null,\"cents\":1,\"digest\":1}' \
           from events e where e.aggregate_id = '03' and e.sequence = 1 and s.aggregate_id = '03'",
    ];
    for wrong in wrongs {
        sqlx::query(wrong).execute(&log.admin()).await.unwrap();
    }
    missing(&log).run(CancellationToken::new()).await;
    assert_eq!(snapshots_of(&log).await, all_at(&names, 500));
    assert_true(&log, &names, 500).await;
}

#[tokio::test]
async fn an_undecodable_stream_does_not_block_other_snapshots() {
    let log = EventLog::create().await;
    let names = accounts(3);
    lay_down(&log, &names, 200).await;
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    let poison = "update events set payload = '0' where aggregate_id = '01' and sequence = 120";
    sqlx::query(poison).execute(&admin).await.unwrap();
    missing(&log).run(CancellationToken::new()).await;
    assert_eq!(snapshots_of(&log).await, [("00".to_owned(), 200), ("02".to_owned(), 200)]);
}

#[tokio::test]
async fn an_old_state_that_cannot_be_parsed_is_made_again_from_the_first_event() {
    let log = EventLog::create().await;
    let names = accounts(2);
    lay_down(&log, &names, 300).await;
    missing(&log).run(CancellationToken::new()).await;
    let older = "update snapshots s set version = 100, event_id = e.event_id, state = '{\"cents\":\"many\"}' from events e \
                  where s.aggregate_id = '00' and e.aggregate_id = '00' and e.sequence = 100";
    sqlx::query(older).execute(&log.admin()).await.unwrap();
    sqlx::query("delete from snapshots where aggregate_id = '01'").execute(&log.admin()).await.unwrap();
    missing(&log).bounded(1, usize::MAX).run(CancellationToken::new()).await;
    assert_eq!(snapshots_of(&log).await, all_at(&names, 300));
    assert_true(&log, &names, 300).await;
}

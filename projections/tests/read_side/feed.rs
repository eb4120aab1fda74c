//! The feed: the log in order, whatever other sessions do.

use parking_domain::instant::Instant;
use std::time::Duration;

use futures_util::future::join_all;
use parking_commands::append::Expected;
use parking_projections::engine::feed::{self, RecordedEvent};
use parking_testkit::{EventLog, Role, TestDatabase};
use sqlx::pool::PoolConnection;
use sqlx::{Connection, PgConnection, Postgres};
use tokio::time::timeout;

use crate::support::DEADLINE;

/// Longer than a read takes, shorter than any lock wait.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn connect(log: &EventLog) -> PoolConnection<Postgres> {
    log.pool.acquire().await.unwrap()
}

fn positions(events: &[RecordedEvent]) -> Vec<i64> {
    events.iter().map(|event| event.position).collect()
}

async fn read(connection: &mut PgConnection, after: i64, limit: i64) -> Vec<i64> {
    positions(&timeout(AT_ONCE, feed::read(connection, after, limit)).await.unwrap().unwrap())
}

/// Events of two aggregate types in turn.
async fn mixed(log: &EventLog, events: i64) {
    for n in 0..events {
        let mut append = log.to("a", Expected::Any, &["{}"]);
        append.streams[0].aggregate_type = if n % 3 == 0 { "third" } else { "test" }.into();
        log.writer.append(append).await.unwrap();
    }
}

#[tokio::test]
async fn conformance_25_an_empty_log_reads_as_nothing_and_conformance_42_its_head_is_0() {
    let log = EventLog::create().await;
    let mut connection = connect(&log).await;
    assert_eq!(feed::head(&mut connection).await.unwrap(), 0);
    assert!(read(&mut connection, 0, 10).await.is_empty());
    assert!(read(&mut connection, 100, 10).await.is_empty());
    let page = feed::read_page(&mut connection, 0, 10, &["test"]).await.unwrap();
    assert_eq!((page.events.len(), page.through, page.full), (0, 0, false));
    log.append("a", Expected::Any, &["{}", "{}"]).await.unwrap();
    assert_eq!(feed::head(&mut connection).await.unwrap(), 2);
}

#[tokio::test]
async fn conformance_26_pages_begin_behind_a_position_and_end_at_the_limit() {
    let log = EventLog::create().await;
    log.append("a", Expected::Any, &["{}"; 10]).await.unwrap();
    let mut connection = connect(&log).await;
    for (after, limit, expected) in [
        (0, 10, (1..=10).collect::<Vec<_>>()),
        (0, 11, (1..=10).collect()),
        (0, 9, (1..=9).collect()),
        (0, 1, vec![1]),
        (9, 5, vec![10]),
        (10, 5, vec![]),
        (11, 5, vec![]),
        (4, 3, vec![5, 6, 7]),
        (4, 0, vec![]),
        (0, i64::MAX, (1..=10).collect()),
    ] {
        assert_eq!(read(&mut connection, after, limit).await, expected, "after {after}, {limit} at most");
    }
    for limit in 1..=11 {
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = read(&mut connection, after, limit).await;
            let Some(last) = page.last() else { break };
            after = *last;
            seen.extend(page);
        }
        assert_eq!(seen, (1..=10).collect::<Vec<_>>(), "in pages of {limit}");
    }
}

#[tokio::test]
async fn conformance_27_the_order_is_that_of_positions_even_by_a_seq_scan() {
    let log = EventLog::create().await;
    mixed(&log, 60).await;
    // The first events are now last in the table.
    let admin = log.admin();
    let mut connection = admin.acquire().await.unwrap();
    for sql in [
        "alter table events disable trigger user",
        "update events set body = '', body_encoding = 0 where position <= 20",
        "set enable_indexscan = off",
        "set enable_indexonlyscan = off",
        "set enable_bitmapscan = off",
    ] {
        sqlx::query(sql).execute(&mut *connection).await.unwrap();
    }
    let as_it_lies: Vec<i64> =
        sqlx::query_scalar("select position from events").fetch_all(&mut *connection).await.unwrap();
    assert_ne!(as_it_lies, (1..=60).collect::<Vec<_>>());
    assert_eq!(read(&mut connection, 0, 100).await, (1..=60).collect::<Vec<_>>());
    assert_eq!(read(&mut connection, 5, 10).await, (6..=15).collect::<Vec<_>>());
    let page = feed::read_page(&mut connection, 5, 10, &["third"]).await.unwrap();
    assert_eq!((positions(&page.events), page.through), (vec![7, 10, 13], 15));
}

#[tokio::test]
async fn conformance_28_reading_does_not_wait_for_an_open_append_and_does_not_see_it() {
    let log = EventLog::create().await;
    log.append("a", Expected::Any, &["{}"]).await.unwrap();
    let open = log.open_append("a").await;
    let mut connection = connect(&log).await;
    assert_eq!(read(&mut connection, 0, 10).await, [1]);
    assert_eq!(feed::head(&mut connection).await.unwrap(), 1, "the head is the last readable position");
    open.commit().await.unwrap();
    assert_eq!(read(&mut connection, 0, 10).await, [1, 2]);
}

#[tokio::test]
async fn conformance_35_no_reader_ever_sees_a_position_before_the_one_before_it() {
    const APPENDS: i64 = 150;
    let log = EventLog::create().await;
    let other = log.second_writer();
    let writing = async {
        for round in 0..APPENDS / 10 {
            let appends = (0..10).map(|n| {
                let writer = if n % 2 == 0 { &log.writer } else { &other };
                writer.append(log.to(&format!("stream {}", n % 3), Expected::Any, &["{}"; 3]))
            });
            // Conflicts, refusals and rollbacks in between leave no trace.
            let (done, conflict, refused) = tokio::join!(
                join_all(appends),
                other.append(log.to("a", Expected::Exists, &["{}"])),
                log.append("a", Expected::Any, &["not json"]),
            );
            assert!(done.iter().all(Result::is_ok) && conflict.is_err() && refused.is_err());
            if round % 4 == 0 {
                log.open_append("rolled back").await.rollback().await.unwrap();
            }
        }
    };
    let reading = |limit: i64| {
        let log = &log;
        async move {
            let (mut connection, mut last) = (connect(log).await, 0);
            while last < APPENDS * 3 {
                // Reads without the feed's own gap check.
                let page = feed::read_as_is(&mut connection, last, limit).await.unwrap();
                let head = feed::head(&mut connection).await.unwrap();
                for event in page {
                    assert_eq!(event.position, last + 1);
                    last = event.position;
                }
                assert!(last <= head);
            }
        }
    };
    let readers = join_all([1, 2, 7, 1000].map(reading));
    timeout(DEADLINE, async { tokio::join!(writing, readers) }).await.unwrap();
    log.assert_whole().await;
}

#[tokio::test]
async fn conformance_38_a_slow_transaction_that_began_first_neither_hides_nor_reorders_others() {
    let log = EventLog::create().await;
    // It gets its transaction id before all others, and has written.
    let owner = log.database.pool(Role::Owner);
    sqlx::query("create table slow (n bigint)").execute(&owner).await.unwrap();
    let mut slow = owner.begin().await.unwrap();
    sqlx::query("insert into slow select pg_current_xact_id()::text::bigint")
        .execute(&mut *slow)
        .await
        .unwrap();
    let mut connection = connect(&log).await;
    for n in 1..=5 {
        log.append("a", Expected::Any, &["{}"]).await.unwrap();
        assert_eq!(read(&mut connection, 0, 10).await, (1..=n).collect::<Vec<_>>());
    }
    // An append that starts now gets a later position.
    let append = log.open_append("a").await;
    slow.commit().await.unwrap();
    assert_eq!(read(&mut connection, 0, 10).await, [1, 2, 3, 4, 5]);
    append.commit().await.unwrap();
    let events = feed::read(&mut connection, 0, 10).await.unwrap();
    let sequences: Vec<i64> = events.iter().map(|event| event.sequence).collect();
    assert_eq!((positions(&events), sequences), ((1..=6).collect(), (1..=6).collect()));
}

#[tokio::test]
async fn conformance_39_open_transactions_of_other_databases_and_idle_sessions_stall_no_reader() {
    let log = EventLog::create().await;
    let elsewhere = TestDatabase::create().await;
    let xid = "select pg_current_xact_id()::text";
    let mut sleepers = Vec::new();
    for options in [elsewhere.as_role(Role::Owner), log.database.as_role(Role::Auditor)] {
        let mut sleeper = PgConnection::connect_with(&options).await.unwrap();
        sqlx::query("begin isolation level repeatable read").execute(&mut sleeper).await.unwrap();
        sqlx::query(xid).execute(&mut sleeper).await.unwrap();
        sleepers.push(sleeper);
    }
    let mut connection = connect(&log).await;
    for n in 1..=5 {
        timeout(AT_ONCE, log.append("a", Expected::Any, &["{}"])).await.unwrap().unwrap();
        assert_eq!(read(&mut connection, 0, 10).await, (1..=n).collect::<Vec<_>>());
    }
    for sleeper in &mut sleepers {
        let state: String = sqlx::query_scalar(xid).fetch_one(&mut *sleeper).await.unwrap();
        assert!(!state.is_empty(), "its transaction stayed open");
    }
}

#[tokio::test]
async fn conformance_40_positions_survive_a_dump_and_go_on_without_a_gap() {
    let log = EventLog::create().await;
    mixed(&log, 25).await;
    let moved = log.moved().await;
    let all =
        |events: Vec<RecordedEvent>| events.iter().map(|event| format!("{event:?}")).collect::<Vec<_>>();
    let (mut here, mut there) = (connect(&log).await, connect(&moved).await);
    let before = all(feed::read(&mut here, 0, 100).await.unwrap());
    assert_eq!(all(feed::read(&mut there, 0, 100).await.unwrap()), before);
    assert_eq!(feed::head(&mut there).await.unwrap(), 25);
    let done = moved.append("a", Expected::Version(16), &["{}", "{}"]).await.unwrap();
    assert_eq!((done.first_position, done.last_position), (26, 27));
    assert_eq!(read(&mut there, 20, 100).await, (21..=27).collect::<Vec<_>>());
    moved.assert_whole().await;
}

#[tokio::test]
async fn conformance_41_reads_of_some_streams_keep_the_global_order() {
    let log = EventLog::create().await;
    mixed(&log, 40).await;
    let mut connection = connect(&log).await;
    let all = feed::read(&mut connection, 0, 100).await.unwrap();
    for types in [&["test"][..], &["third"], &["third", "test"], &["nobody's"], &[]] {
        let wanted: Vec<i64> = all
            .iter()
            .filter(|event| types.contains(&event.aggregate_type.as_str()))
            .map(|event| event.position)
            .collect();
        for limit in [1, 2, 3, 7, 39, 40, 100] {
            let (mut seen, mut after) = (Vec::new(), 0);
            loop {
                let page = feed::read_page(&mut connection, after, limit, types).await.unwrap();
                seen.extend(positions(&page.events));
                assert!(page.events.iter().all(|event| (after..=page.through).contains(&event.position)));
                assert_eq!(page.full, page.through - after == limit);
                if page.through == after {
                    break;
                }
                after = page.through;
            }
            assert_eq!((seen, after), (wanted.clone(), 40), "{types:?} in pages of {limit}");
        }
    }
}

#[tokio::test]
async fn a_missing_position_is_an_error_even_if_its_event_is_not_wanted() {
    let log = EventLog::create().await;
    mixed(&log, 10).await;
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("delete from events where position = 5").execute(&admin).await.unwrap();
    let mut connection = connect(&log).await;
    for (after, limit) in [(0, 100), (0, 5), (3, 2), (4, 1), (4, 100)] {
        let gap = feed::read_page(&mut connection, after, limit, &["third"]).await.unwrap_err();
        assert_eq!(gap.to_string(), "position 5 is missing from the log, position 6 follows");
    }
    assert_eq!(feed::read_page(&mut connection, 0, 4, &["third"]).await.unwrap().through, 4);
    assert_eq!(feed::read_page(&mut connection, 5, 100, &["third"]).await.unwrap().through, 10);
}

#[tokio::test]
async fn conformance_43_the_position_at_a_time_is_that_of_the_last_event_recorded_by_then() {
    let log = EventLog::create().await;
    let mut connection = connect(&log).await;
    let now = "select clock_timestamp()";
    let before_all =
        Instant::at_or_before(sqlx::query_scalar(now).fetch_one(&mut *connection).await.unwrap());
    assert_eq!(feed::position_at(&mut connection, before_all).await.unwrap(), 0, "of an empty log");
    for size in [1, 3, 2, 5] {
        log.append("a", Expected::Any, &vec!["{}"; size]).await.unwrap();
    }
    assert_eq!(feed::position_at(&mut connection, before_all).await.unwrap(), 0);
    let after_all = Instant::at_or_before(sqlx::query_scalar(now).fetch_one(&mut *connection).await.unwrap());
    assert_eq!(feed::position_at(&mut connection, after_all).await.unwrap(), 11);
    let events = feed::read(&mut connection, 0, 100).await.unwrap();
    for event in &events {
        let by_then = events.iter().filter(|other| other.recorded_at <= event.recorded_at);
        let expected = by_then.map(|other| other.position).max().unwrap();
        assert_eq!(feed::position_at(&mut connection, event.recorded_at).await.unwrap(), expected);
        let before = events.iter().filter(|other| other.recorded_at < event.recorded_at);
        let expected = before.map(|other| other.position).max().unwrap_or(0);
        let just_before = event.recorded_at - chrono::TimeDelta::microseconds(1);
        assert_eq!(feed::position_at(&mut connection, just_before).await.unwrap(), expected);
    }
}

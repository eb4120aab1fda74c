//! The window on the log's end, filled by reads and by the writer: the same pages as from the log.

use futures_util::future::join_all;
use parking_commands::append::Expected;
use parking_commands::writer::{Tell, Writer};
use parking_domain::stored::Recorded;
use parking_projections::engine::feed::{self, FeedError, Page, RecordedEvent};
use parking_projections::engine::recent::Recent;
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, PgConnection};

async fn connect(log: &EventLog) -> PgConnection {
    PgConnection::connect_with(&log.database.as_role(Role::Projector)).await.unwrap()
}

async fn append(log: &EventLog, count: usize) {
    log.append("a", Expected::Any, &vec!["1"; count]).await.unwrap();
}

fn positions(events: &[RecordedEvent]) -> Vec<i64> {
    events.iter().map(|event| event.position).collect()
}

fn contents(page: Result<Page, FeedError>) -> Result<(Vec<i64>, i64, bool), String> {
    let page = page.map_err(|error| error.to_string())?;
    Ok((positions(&page.events), page.through, page.full))
}

#[tokio::test]
async fn pages_equal_those_read_from_the_log() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    append(&log, 20).await;
    // Forward, back before the window, ahead of it, and beyond the end.
    for (after, limit) in
        [(5, 3), (5, 10), (8, 2), (0, 4), (2, 100), (17, 1), (18, 50), (20, 5), (30, 5), (19, 5)]
    {
        for types in [&["test"][..], &["nobody's"], &[]] {
            let alone = feed::read_page(&mut connection, after, limit, types).await.unwrap();
            // In as many pages as it takes.
            let (mut through, mut events) = (after, Vec::new());
            while through < alone.through {
                let rest = usize::try_from(after + limit - through).unwrap();
                let page = recent.read_page(&mut connection, through, rest, types).await.unwrap();
                assert!(page.through > through, "there is more: {limit} after {after} of {types:?}");
                through = page.through;
                events.extend(page.events);
            }
            assert_eq!(through, alone.through, "{limit} after {after} of {types:?}");
            assert_eq!(positions(&events), positions(&alone.events), "{limit} after {after} of {types:?}");
        }
    }
    append(&log, 5).await;
    let page = recent.read_page(&mut connection, 19, 100, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![20], 20, false)), "events in the window are not read again");
    let page = recent.read_page(&mut connection, 20, 100, &["test"]).await;
    assert_eq!(contents(page), Ok(((21..=25).collect(), 25, false)), "new events are read then");
}

#[tokio::test]
async fn an_event_is_decoded_once_for_all() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    append(&log, 1).await;
    let first = recent.read_page(&mut connection, 0, 10, &["test"]).await.unwrap();
    let second = recent.read_page(&mut connection, 0, 10, &["test"]).await.unwrap();
    assert!(std::ptr::eq(&raw const *first.events[0], &raw const *second.events[0]), "it is the same event");
    recent.forget();
    let third = recent.read_page(&mut connection, 0, 10, &["test"]).await.unwrap();
    assert!(
        !std::ptr::eq(&raw const *first.events[0], &raw const *third.events[0]),
        "after forgetting it is read again"
    );
}

#[tokio::test]
async fn a_missing_position_is_an_error_wherever_memory_ends() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    append(&log, 10).await;
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("delete from events where position = 5").execute(&admin).await.unwrap();
    for _ in 0..2 {
        let page = recent.read_page(&mut connection, 0, 4, &["test"]).await;
        assert_eq!(contents(page), Ok((vec![1, 2, 3, 4], 4, true)));
        let gap = recent.read_page(&mut connection, 4, 4, &["test"]).await;
        let missing = "position 5 is missing from the log, position 6 follows";
        assert_eq!(contents(gap), Err(missing.to_owned()));
    }
}

/// Events at these positions that no log contains.
async fn invented(positions: impl IntoIterator<Item = i64>) -> Vec<Recorded> {
    let log = EventLog::create().await;
    append(&log, 1).await;
    let event = (*feed::read(&mut connect(&log).await, 0, 1).await.unwrap()[0]).clone();
    positions.into_iter().map(|position| Recorded { position, ..event.clone() }).collect()
}

#[tokio::test]
async fn events_offered_by_the_writer_are_not_read() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    recent.offer(invented(1..=3).await);
    recent.offer(invented([4]).await);
    let page = recent.read_page(&mut connection, 0, 3, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![1, 2, 3], 3, true)));
    let page = recent.read_page(&mut connection, 3, 3, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![4], 4, false)));
}

#[tokio::test]
async fn offered_events_count_only_if_they_follow() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    append(&log, 6).await;
    recent.offer(invented(1..=2).await);
    // Position 3 is of another process: events offered after it do not count, and events before it do not count twice.
    recent.offer(invented(4..=5).await);
    recent.offer(invented(1..=2).await);
    let page = recent.read_page(&mut connection, 0, 100, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![1, 2], 2, false)));
    let page = recent.read_page(&mut connection, 2, 100, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![3, 4, 5, 6], 6, false)), "the log is read");
    recent.offer(invented(6..=7).await);
    let page = recent.read_page(&mut connection, 6, 100, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![7], 7, false)), "and offered events count again");
}

#[tokio::test]
async fn a_runner_behind_the_window_reads_for_itself() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    append(&log, 20).await;
    recent.offer(invented(1..=10_000).await);
    let page = recent.read_page(&mut connection, 0, 5, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![1, 2, 3, 4, 5], 5, true)), "the window has lost its beginning");
    let page = recent.read_page(&mut connection, 9_000, 2, &["test"]).await;
    assert_eq!(contents(page), Ok((vec![9_001, 9_002], 9_002, true)), "and has kept its end");
}

#[tokio::test]
async fn runners_of_any_pace_see_every_event_once_from_any_writer() {
    const EVENTS: i64 = 600;
    let log = EventLog::create().await;
    let recent = Recent::default();
    let window = recent.clone();
    let tell: Tell = Box::new(move |appended| window.offer(appended));
    let options = log.database.as_role(Role::Writer);
    let (telling, _task) = Writer::start_telling(options, Some(tell), log.stop.clone());

    let appending = async {
        for round in 0..EVENTS / 6 {
            let stream = (round % 7).to_string();
            let offered = telling.append(log.to(&stream, Expected::Any, &["1", "2", "3"]));
            let not_offered = log.append("other", Expected::Any, &["4", "5", "6"]);
            let (first, second) = tokio::join!(offered, not_offered);
            first.and(second).unwrap();
        }
    };
    let readers = [1, 3, 50, 1000].map(|limit| {
        let (recent, log) = (recent.clone(), &log);
        async move {
            let (mut connection, mut seen, mut after) = (connect(log).await, Vec::new(), 0);
            while after < EVENTS {
                let page = recent.read_page(&mut connection, after, limit, &["test"]).await.unwrap();
                if page.through == 25 {
                    recent.forget();
                }
                after = page.through;
                seen.extend(page.events.iter().map(|event| (**event).clone()));
            }
            seen
        }
    });
    let (seen, ()) = tokio::join!(join_all(readers), appending);
    let all = feed::read(&mut connect(&log).await, 0, EVENTS + 1).await.unwrap();
    let all: Vec<Recorded> = all.iter().map(|event| (**event).clone()).collect();
    for seen in seen {
        assert_eq!(seen, all);
    }
}

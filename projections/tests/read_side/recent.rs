//! The log's end, read together: the same as if each had read it alone.

use parking_commands::append::Expected;
use parking_projections::feed::{self, FeedError, Page};
use parking_projections::recent::Recent;
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, PgConnection};

async fn connect(log: &EventLog) -> PgConnection {
    PgConnection::connect_with(&log.database.as_role(Role::Projector)).await.unwrap()
}

async fn append(log: &EventLog, count: usize) {
    log.append("a", Expected::Any, &vec!["1"; count]).await.unwrap();
}

fn told(page: Result<Page, FeedError>) -> Result<(Vec<i64>, i64, bool), String> {
    let page = page.map_err(|error| error.to_string())?;
    Ok((page.events.iter().map(|event| event.position).collect(), page.through, page.full))
}

#[tokio::test]
async fn pages_are_those_that_each_would_have_read_alone() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    append(&log, 20).await;
    // Forth, back before what is remembered, ahead of it, and behind the end.
    for (after, limit) in
        [(5, 3), (5, 10), (8, 2), (0, 4), (2, 100), (17, 1), (18, 50), (20, 5), (30, 5), (19, 5)]
    {
        for types in [&["test"][..], &["nobody's"], &[]] {
            let alone = feed::read_page(&mut connection, after, i64::try_from(limit).unwrap(), types).await;
            let together = recent.read_page(&mut connection, after, limit, types).await;
            assert_eq!(told(together), told(alone), "{limit} after {after} of {types:?}");
        }
    }
    append(&log, 5).await;
    let page = recent.read_page(&mut connection, 19, 100, &["test"]).await;
    assert_eq!(told(page), Ok(((20..=25).collect(), 25, false)), "what came since is there too");
}

#[tokio::test]
async fn an_event_is_decoded_once_for_all() {
    let log = EventLog::create().await;
    let (mut connection, recent) = (connect(&log).await, Recent::default());
    append(&log, 1).await;
    let first = recent.read_page(&mut connection, 0, 10, &["test"]).await.unwrap();
    let second = recent.read_page(&mut connection, 0, 10, &["test"]).await.unwrap();
    assert!(std::ptr::eq(&raw const *first.events[0], &raw const *second.events[0]), "it is the same event");
    recent.forget().await;
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
        assert_eq!(told(page), Ok((vec![1, 2, 3, 4], 4, true)));
        let gap = recent.read_page(&mut connection, 0, 8, &["test"]).await;
        let missing = "position 5 is missing from the log, position 6 follows";
        assert_eq!(told(gap), Err(missing.to_owned()));
    }
}

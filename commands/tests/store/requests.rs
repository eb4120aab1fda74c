//! Requests: a repeated request with the same key gets the first result and changes nothing.

use futures_util::future::join_all;
use parking_commands::append::{Append, AppendError, Expected, RequestKey};
use parking_commands::bus::ExecuteError;
use parking_commands::writer::Writer;
use parking_domain::aggregate::{Claim, ClaimChange};
use parking_testkit::{EventLog, Role};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::account::{Account, Command};
use crate::bus::{bus, other_bus, plain, request as asking};
use crate::log::{Log, on_both};

const NEW: Expected = Expected::Version(0);

on_both! {
    conformance_14_the_same_request_twice_returns_the_first_result,
    conformance_14_the_same_request_from_another_process_returns_the_first_result,
    conformance_14_fifty_concurrent_copies_of_a_request_happen_once,
    conformance_14_a_failed_request_may_be_repeated,
    conformance_15_the_same_key_with_other_content_is_refused,
    conformance_15_of_concurrent_requests_with_one_key_and_different_contents_one_wins,
    the_same_key_of_another_tenant_is_another_request,
    a_request_without_events_is_remembered,
    a_request_without_events_whose_precondition_fails_may_be_repeated,
    a_request_without_events_among_others_takes_no_position,
}

fn request(key: &str, content: u128) -> RequestKey {
    RequestKey { tenant_id: Uuid::nil(), key: key.into(), fingerprint: Uuid::from_u128(content) }
}

/// An append of two events to one stream and one to another.
fn ask(log: &impl Log, key: &str, content: u128) -> Append {
    let streams = vec![log.part("a", Expected::Any, &["1", "2"]), log.part("b", Expected::Any, &["3"])];
    Append { request: Some(request(key, content)), ..log.over(streams) }
}

async fn conformance_14_the_same_request_twice_returns_the_first_result(log: impl Log) {
    log.append("b", NEW, &["0"]).await.unwrap();
    let first = log.commit(ask(&log, "key", 1)).await.unwrap();
    assert_eq!((first.first_position, first.last_position, &first.versions[..]), (2, 4, &[2, 2][..]));
    assert!(!first.repeated);
    log.append("a", Expected::Version(2), &["4"]).await.unwrap();
    let again = log.commit(ask(&log, "key", 1)).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.first_position, again.last_position, again.versions), (2, 4, first.versions));
    assert_eq!(again.recorded_at, first.recorded_at);
    assert_eq!(log.head().await, 5);
    log.assert_whole().await;
}

async fn conformance_14_the_same_request_from_another_process_returns_the_first_result(log: impl Log) {
    let first = log.commit(ask(&log, "key", 1)).await.unwrap();
    let again = log.commit_elsewhere(ask(&log, "key", 1)).await.unwrap();
    assert_eq!((again.first_position, again.last_position), (first.first_position, first.last_position));
    assert!(again.repeated && !first.repeated);
    assert_eq!(log.head().await, 3);
}

async fn conformance_14_fifty_concurrent_copies_of_a_request_happen_once(log: impl Log) {
    let attempts = (0..50).map(|n| {
        let (append, log) = (ask(&log, "key", 1), &log);
        async move { if n % 2 == 0 { log.commit(append).await } else { log.commit_elsewhere(append).await } }
    });
    let done: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|done| !done.repeated).count(), 1);
    assert!(done.iter().all(|done| (done.first_position, done.last_position) == (1, 3)));
    assert_eq!(log.head().await, 3);
    log.assert_whole().await;
}

async fn conformance_14_a_failed_request_may_be_repeated(log: impl Log) {
    let mut conflicting = ask(&log, "key", 1);
    conflicting.streams[0].expected = Expected::Exists;
    log.commit(conflicting).await.unwrap_err();
    log.append("holder", NEW, &["1"]).await.unwrap();
    let mut refused = ask(&log, "key", 1);
    refused.streams[1].events[0].payload = "not json".into();
    log.commit(refused).await.unwrap_err();
    assert!(!log.commit(ask(&log, "key", 1)).await.unwrap().repeated);
    log.assert_whole().await;
}

async fn conformance_15_the_same_key_with_other_content_is_refused(log: impl Log) {
    log.commit(ask(&log, "key", 1)).await.unwrap();
    let mut other = ask(&log, "key", 2);
    other.streams[0].claims = vec![ClaimChange::Take(Claim { scope: "name".into(), key: "untaken".into() })];
    let reused = Err(AppendError::RequestKeyReused { key: "key".into() });
    assert_eq!(log.commit(other).await, reused);
    assert!(log.claims().await.is_empty(), "nothing of it happens");
    let mut other = ask(&log, "key", 2);
    other.streams[0].expected = Expected::Version(100);
    assert_eq!(log.commit_elsewhere(other).await, reused, "regardless of other errors");
    assert_eq!(log.head().await, 3);
    log.assert_whole().await;
}

async fn conformance_15_of_concurrent_requests_with_one_key_and_different_contents_one_wins(log: impl Log) {
    let attempts = (0..20_u32).map(|n| {
        let (append, log) = (ask(&log, "key", n.into()), &log);
        async move { if n % 2 == 0 { log.commit(append).await } else { log.commit_elsewhere(append).await } }
    });
    let done = join_all(attempts).await;
    let (won, lost): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|lost| matches!(lost, Err(AppendError::RequestKeyReused { .. }))), "{lost:?}");
    assert_eq!(log.head().await, 3);
}

async fn the_same_key_of_another_tenant_is_another_request(log: impl Log) {
    log.commit(ask(&log, "key", 1)).await.unwrap();
    let other = RequestKey { tenant_id: Uuid::from_u128(7), ..request("key", 2) };
    let done = log.commit(Append { request: Some(other), ..ask(&log, "key", 1) }).await.unwrap();
    assert!(!done.repeated);
    assert_eq!(log.head().await, 6);
}

/// A command that was decided on a stream and has no events.
fn without_events(log: &impl Log, expected: Expected, key: &str, content: u128) -> Append {
    Append { request: Some(request(key, content)), ..log.to("a", expected, &[]) }
}

async fn a_request_without_events_is_remembered(log: impl Log) {
    log.append("a", NEW, &["1"]).await.unwrap();
    let first = log.commit(without_events(&log, Expected::Version(1), "key", 1)).await.unwrap();
    assert_eq!((first.first_position, first.last_position, first.repeated), (2, 1, false));
    assert!(first.versions.is_empty());
    log.append("a", Expected::Version(1), &["2"]).await.unwrap();
    for append in [
        without_events(&log, Expected::Version(1), "key", 1),
        // By now the command would change something.
        Append { request: Some(request("key", 1)), ..log.to("a", Expected::Version(2), &["3"]) },
    ] {
        let again = log.commit_elsewhere(append).await.unwrap();
        assert_eq!((again.first_position, again.last_position, again.repeated), (2, 1, true));
    }
    let other = log.commit(without_events(&log, Expected::Version(2), "key", 2)).await;
    assert_eq!(other, Err(AppendError::RequestKeyReused { key: "key".into() }));
    assert_eq!(log.head().await, 2);
    log.assert_whole().await;
}

async fn a_request_without_events_whose_precondition_fails_may_be_repeated(log: impl Log) {
    let outdated = log.commit(without_events(&log, Expected::Exists, "key", 1)).await;
    assert!(matches!(outdated, Err(AppendError::Conflict { .. })), "{outdated:?}");
    log.append("a", NEW, &["1"]).await.unwrap();
    assert!(!log.commit(without_events(&log, Expected::Exists, "key", 1)).await.unwrap().repeated);
    let no_request = log.commit(log.to("a", Expected::Any, &[])).await;
    assert_eq!(no_request, Err(AppendError::Malformed));
    let no_stream = log.commit(Append { request: Some(request("b", 1)), ..log.over(Vec::new()) }).await;
    assert_eq!(no_stream, Err(AppendError::Malformed));
}

async fn a_request_without_events_among_others_takes_no_position(log: impl Log) {
    let keys: Vec<String> = (0..20).map(|n| n.to_string()).collect();
    let appends = keys.iter().map(|key| {
        let append = if key.ends_with('5') {
            without_events(&log, Expected::Any, key, 1)
        } else {
            Append { request: Some(request(key, 1)), ..log.to(key, NEW, &["1"]) }
        };
        log.commit(append)
    });
    join_all(appends).await.into_iter().for_each(|done| assert!(!done.unwrap().repeated));
    assert_eq!(log.head().await, 18);
    log.assert_whole().await;
}

fn asked(log: &EventLog, stream: &str, key: &str) -> Append {
    Append { request: Some(request(key, 1)), ..log.to(stream, Expected::Any, &["1", "2"]) }
}

#[tokio::test]
async fn conformance_14_the_first_result_is_returned_after_a_restart() {
    let log = EventLog::create().await;
    let first = log.writer.append(asked(&log, "a", "key")).await.unwrap();
    log.stop.cancel();
    log.writer.head().wait_for(|_| false).await.unwrap_err();
    assert_eq!(log.writer.append(asked(&log, "a", "key")).await, Err(AppendError::Stopped));
    let (restarted, _task) = Writer::start(log.database.as_role(Role::Writer), CancellationToken::new());
    let again = restarted.append(asked(&log, "a", "key")).await.unwrap();
    assert_eq!((again.first_position, again.recorded_at), (first.first_position, first.recorded_at));
    assert!(again.repeated);
    assert_eq!(log.head().await, 2);
}

#[tokio::test]
async fn conformance_14_requests_of_a_batch_whose_connection_breaks_happen_once() {
    let log = EventLog::create().await;
    let other = log.second_writer();
    for round in 0..10 {
        let keys: Vec<String> = (0..20).map(|n| format!("{round} {n}")).collect();
        // Each is sent by both processes, as by an impatient caller; both lose their connections on the way.
        let here = join_all(keys.iter().map(|key| log.writer.append(asked(&log, key, key))));
        let there = join_all(keys.iter().map(|key| other.append(asked(&log, key, key))));
        let (here, there, _broken) = tokio::join!(here, there, log.terminate(Role::Writer));
        for (key, (here, there)) in keys.iter().zip(here.into_iter().zip(there)) {
            let (here, there) = (here.unwrap(), there.unwrap());
            assert_eq!(here.first_position, there.first_position, "one answer for {key}");
            assert_eq!(log.stored(key).await.len(), 2, "{key} happened once");
        }
    }
    log.assert_whole().await;
}

#[tokio::test]
async fn conformance_14_other_appends_of_a_batch_are_settled_if_a_repeated_requests_result_cannot_be_read() {
    let log = EventLog::create().await;
    let admin = log.admin();
    log.writer.append(asked(&log, "a", "key")).await.unwrap();
    // The batch commits, then the first result cannot be read for a while: the function has rights that its caller
    // lacks.
    sqlx::query("revoke select on events from parking_writer").execute(&admin).await.unwrap();
    let batch = async {
        tokio::join!(
            log.writer.append(asked(&log, "a", "key")),
            log.append("neighbour", NEW, &["1"]),
            log.append("careless", Expected::Any, &["1"]),
        )
    };
    let give_back = async {
        while log.head().await < 4 {
            tokio::task::yield_now().await;
        }
        sqlx::query("grant select on events to parking_writer").execute(&admin).await.unwrap();
    };
    let ((again, neighbour, careless), ()) = tokio::join!(batch, give_back);
    assert!(again.unwrap().repeated);
    assert_eq!(neighbour.unwrap().versions, [1], "it was stored and returns its result");
    assert_eq!(careless.unwrap().versions, [1]);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_command_without_events_gets_its_result_again_when_it_would_change_something() {
    let log = EventLog::create().await;
    let (here, there) = (bus(&log), other_bus(&log));
    here.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let first = here.execute("a", &Command::Rename("A"), &asking("key", 1)).await.unwrap();
    assert_eq!((first.position, first.events.len(), first.repeated), (1, 0, false));
    here.execute("a", &Command::Rename("B"), &plain()).await.unwrap();
    for bus in [&here, &there, &bus(&log)] {
        let again = bus.execute("a", &Command::Rename("A"), &asking("key", 1)).await.unwrap();
        assert_eq!((again.position, again.events.len(), again.repeated), (1, 0, true));
    }
    let name = log.store().load::<Account>("a").await.unwrap().aggregate.name;
    assert_eq!(name.as_deref(), Some("B"));
    let reused = here.execute("a", &Command::Rename("C"), &asking("key", 2)).await.unwrap_err();
    assert!(matches!(reused, ExecuteError::Append(AppendError::RequestKeyReused { .. })), "{reused}");
    assert_eq!(log.head().await, 2);
}

#[tokio::test]
async fn of_a_command_without_events_and_a_change_by_another_process_the_first_counts() {
    let log = EventLog::create().await;
    let (here, there) = (bus(&log), other_bus(&log));
    here.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    for round in 0..20_u128 {
        let (key, back) = (format!("{round}"), format!("back {round}"));
        let (to_a, to_b) = (Command::Rename("A"), Command::Rename("B"));
        let (asked, other) = (asking(&key, round), plain());
        let (nothing, renamed) =
            tokio::join!(here.execute("a", &to_a, &asked), there.execute("a", &to_b, &other));
        let (nothing, renamed) = (nothing.unwrap(), renamed.unwrap());
        // It changed nothing before the other command, or changed the name back after it.
        let name = log.store().load::<Account>("a").await.unwrap().aggregate.name;
        let is_first = nothing.events.is_empty();
        assert_eq!(name.as_deref(), Some(if is_first { "B" } else { "A" }), "round {round}");
        assert!(renamed.position > nothing.position || !is_first, "round {round}");
        here.execute("a", &Command::Rename("A"), &asking(&back, round)).await.unwrap();
    }
}

#[tokio::test]
async fn only_requests_without_events_are_forgotten_and_only_old_ones() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &asking("made", 1)).await.unwrap();
    bus.execute("a", &Command::Rename("A"), &asking("old", 1)).await.unwrap();
    bus.execute("a", &Command::Rename("A"), &asking("new", 1)).await.unwrap();
    let age = "update requests set decided_at = decided_at - interval '91 days' where key = 'old'";
    sqlx::query(age).execute(&log.admin()).await.unwrap();
    let forget = "select forget_requests(clock_timestamp() - interval '90 days', 5000)";
    let projector = log.database.pool(Role::Projector);
    assert_eq!(sqlx::query_scalar::<_, i64>(forget).fetch_one(&projector).await.unwrap(), 1);
    for role in [Role::Writer, Role::Reader, Role::Auditor] {
        let refused = sqlx::query(forget).execute(&log.database.pool(role)).await;
        assert!(refused.is_err(), "{}", role.name());
    }
    for (key, repeated) in [("made", true), ("old", false), ("new", true)] {
        let command = if key == "made" { Command::Open("A") } else { Command::Rename("A") };
        let again = bus.execute("a", &command, &asking(key, 1)).await.unwrap();
        assert_eq!(again.repeated, repeated, "{key}");
    }
}

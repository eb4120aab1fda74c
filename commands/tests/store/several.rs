//! Several commands on one stream as one: decided in order, appended together, with one result.

use futures_util::future::join_all;
use parking_commands::append::AppendError;
use parking_commands::bus::{ExecuteError, Executed};
use parking_testkit::EventLog;

use crate::account::{Account, AccountEvent, Command, Refusal, deposited};
use crate::bus::{bus, other_bus, plain, request};

fn opened() -> AccountEvent {
    AccountEvent::Opened { name: "A".into() }
}

fn refused_at(result: Result<Executed<Account>, ExecuteError<Refusal>>) -> i64 {
    match result {
        Err(ExecuteError::Refused { refusal: Refusal::AccountAlreadyOpen, position }) => position,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn each_is_decided_on_the_state_after_the_previous_ones_and_all_are_appended_together() {
    let log = EventLog::create().await;
    let commands = [Command::Open("A"), Command::Rename("A"), Command::Deposit(vec![5, 7])];
    let done = bus(&log).execute_all("a", &commands, &plain()).await.unwrap();
    assert_eq!(done.events, [opened(), deposited(5), deposited(7)]);
    assert_eq!((done.position, done.version, done.repeated), (3, 3, false));
    let appends = sqlx::query_scalar("select count(distinct append_id) from events");
    let appends: i64 = appends.fetch_one(&log.pool).await.unwrap();
    assert_eq!(appends, 1);
    log.assert_whole().await;
}

#[tokio::test]
async fn one_refusal_refuses_all_and_leaves_nothing_in_memory() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let commands = [Command::Rename("B"), Command::Open("C")];
    assert_eq!(refused_at(bus.execute_all("a", &commands, &plain()).await), 1);
    assert_eq!(log.head().await, 1);
    let done = bus.execute("a", &Command::Rename("B"), &plain()).await.unwrap();
    assert_eq!((done.version, done.events.len()), (2, 1), "it was not renamed before");
}

#[tokio::test]
async fn without_events_they_return_the_streams_position() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    bus.execute("b", &Command::Open("B"), &plain()).await.unwrap();
    for commands in [vec![], vec![Command::Rename("A"), Command::Deposit(Vec::new())]] {
        let done = bus.execute_all("a", &commands, &plain()).await.unwrap();
        assert_eq!((done.position, done.version, done.events), (1, 1, Vec::new()));
    }
    assert_eq!(log.head().await, 2);
}

#[tokio::test]
async fn they_do_not_depend_on_outdated_memory() {
    let log = EventLog::create().await;
    let (bus, other) = (bus(&log), other_bus(&log));
    let deposits = [Command::Deposit(vec![1]), Command::Deposit(vec![2])];
    bus.execute_all("a", &deposits, &plain()).await.unwrap_err();
    other.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let done = bus.execute_all("a", &deposits, &plain()).await.unwrap();
    assert_eq!(done.version, 3, "not refused any more");
    other.execute("a", &Command::Rename("B"), &plain()).await.unwrap();
    let done = bus.execute_all("a", &[Command::Rename("A"), Command::Rename("A")], &plain()).await.unwrap();
    assert_eq!((done.version, done.events.len()), (5, 1), "no longer its name");
    other.execute("a", &Command::Deposit(vec![3]), &plain()).await.unwrap();
    let refused = bus.execute_all("a", &[Command::Deposit(vec![4]), Command::Open("A")], &plain()).await;
    assert_eq!(refused_at(refused), 6, "the position of the other process's event");
}

#[tokio::test]
async fn in_one_process_they_do_not_conflict_and_in_two_they_are_decided_again() {
    let log = EventLog::create().await;
    let (bus, other) = (bus(&log), other_bus(&log));
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let (deposits, plain) = ([Command::Deposit(vec![1]), Command::Deposit(vec![1])], plain());
    let done = join_all((0..20).map(|_| bus.execute_all("a", &deposits, &plain))).await;
    assert!(done.iter().all(Result::is_ok), "{done:?}");
    assert_eq!(log.writer.counts().conflicts(), 0);
    let outdated = other.execute_all("a", &deposits, &plain).await.unwrap();
    assert_eq!(outdated.version, 43);
    let again = bus.execute_all("a", &deposits, &plain).await.unwrap();
    assert_eq!(again.version, 45);
    assert_eq!(log.store().load::<Account>("a").await.unwrap().aggregate.cents, 44);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_result_once_however_often_it_is_sent() {
    let log = EventLog::create().await;
    let buses = [bus(&log), other_bus(&log)];
    let (commands, once) = ([Command::Open("A"), Command::Deposit(vec![5])], request("once", 1));
    let done = join_all((0..20).map(|n| buses[n % 2].execute_all("a", &commands, &once))).await;
    let done: Vec<_> = done.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|done| !done.repeated).count(), 1);
    for done in done {
        assert_eq!((done.position, done.version, done.events), (2, 2, vec![opened(), deposited(5)]));
    }
    let reused = buses[0].execute_all("a", &commands, &request("once", 2)).await;
    assert!(matches!(reused, Err(ExecuteError::Append(AppendError::RequestKeyReused { .. }))), "{reused:?}");
    assert_eq!(log.head().await, 2);
}

#[tokio::test]
async fn a_held_claim_refuses_all_and_the_stream_stays_usable() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    bus.execute("b", &Command::Open("B"), &plain()).await.unwrap();
    let held = bus.execute_all("b", &[Command::Deposit(vec![9]), Command::Rename("A")], &plain()).await;
    assert!(matches!(held, Err(ExecuteError::Append(AppendError::ClaimHeld { .. }))), "{held:?}");
    let done = bus.execute("b", &Command::Deposit(vec![3]), &plain()).await.unwrap();
    assert_eq!(done.version, 2);
    assert_eq!(log.store().load::<Account>("b").await.unwrap().aggregate.cents, 3);
}

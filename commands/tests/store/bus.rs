//! The command bus: load, decide, append, and the behaviour when others are faster.

use std::sync::Arc;

use futures_util::future::join_all;
use parking_commands::append::{AppendError, RequestKey};
use parking_commands::bus::{Bus, ExecuteError};
use parking_commands::metadata::Metadata;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::CommandContext;
use parking_testkit::EventLog;
use uuid::Uuid;

use crate::account::{Account, AccountEvent, Command, Refusal, deposited};

pub(crate) fn bus(log: &EventLog) -> Bus<Account> {
    Bus::new(log.store())
}

/// A bus of another process.
pub(crate) fn other_bus(log: &EventLog) -> Bus<Account> {
    Bus::new(log.store_of(log.second_writer(), Snapshots::off()))
}

pub(crate) fn plain() -> CommandContext {
    CommandContext::default()
}

pub(crate) fn request(key: &str, content: u128) -> CommandContext {
    let request =
        RequestKey { tenant_id: Uuid::nil(), key: key.into(), fingerprint: Uuid::from_u128(content) };
    CommandContext { request: Some(request), ..plain() }
}

#[tokio::test]
async fn a_command_returns_position_version_and_events() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let done = bus.execute("a", &Command::Deposit(vec![5, 7]), &plain()).await.unwrap();
    assert_eq!((done.position, done.version, done.repeated), (3, 3, false));
    assert_eq!(done.events, [deposited(5), deposited(7)]);
    assert_eq!(log.store().load::<Account>("a").await.unwrap().aggregate.cents, 12);
}

#[tokio::test]
async fn conformance_04_a_command_without_events_is_a_no_op_that_returns_the_streams_position() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    bus.execute("b", &Command::Open("B"), &plain()).await.unwrap();
    for bus in [&bus, &other_bus(&log)] {
        for command in [Command::Rename("A"), Command::Deposit(Vec::new())] {
            let done = bus.execute("a", &command, &plain()).await.unwrap();
            assert_eq!((done.position, done.version, done.repeated), (1, 1, false));
            assert_eq!(done.events, []);
        }
    }
    assert_eq!(log.head().await, 2);
}

#[tokio::test]
async fn a_refusal_has_the_position_on_which_it_is_based() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    let refused = bus.execute("a", &Command::Deposit(vec![1]), &plain()).await;
    assert!(
        matches!(refused, Err(ExecuteError::Refused { refusal: Refusal::AccountNotOpen, position: 0 })),
        "{refused:?}"
    );
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let refused = bus.execute("a", &Command::Open("A"), &plain()).await;
    assert!(
        matches!(refused, Err(ExecuteError::Refused { refusal: Refusal::AccountAlreadyOpen, position: 1 })),
        "{refused:?}"
    );
    assert_eq!(log.head().await, 1);
}

#[tokio::test]
async fn conformance_10_conflicting_commands_of_two_processes_are_retried_until_each_succeeds() {
    let log = EventLog::create().await;
    let buses = [bus(&log), other_bus(&log)];
    buses[0].execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let plain = plain();
    let deposit = async |bus: &Bus<Account>| {
        loop {
            match bus.execute("a", &Command::Deposit(vec![1]), &plain).await {
                Ok(done) => return done.version,
                // The other process was faster ten times: a retry is up to the caller.
                Err(ExecuteError::Append(AppendError::Conflict { .. })) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let mut versions: Vec<i64> = join_all((0..40).map(|n| deposit(&buses[n % 2]))).await;
    versions.sort_unstable();
    assert_eq!(versions, (2..=41).collect::<Vec<_>>(), "every version is unique");
    assert_eq!(log.store().load::<Account>("a").await.unwrap().aggregate.cents, 40);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_command_without_events_does_not_depend_on_outdated_memory() {
    let log = EventLog::create().await;
    let (bus, other) = (bus(&log), other_bus(&log));
    bus.execute("a", &Command::Deposit(vec![1]), &plain()).await.unwrap_err();
    other.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    let done = bus.execute("a", &Command::Deposit(vec![1]), &plain()).await.unwrap();
    assert_eq!(done.version, 2, "not refused any more");
    other.execute("a", &Command::Rename("B"), &plain()).await.unwrap();
    let done = bus.execute("a", &Command::Rename("A"), &plain()).await.unwrap();
    assert_eq!((done.version, done.events.len()), (4, 1), "no longer its name");
    let none = bus.execute("a", &Command::Deposit(Vec::new()), &plain()).await.unwrap();
    assert_eq!((none.version, none.position), (4, 4));
}

#[tokio::test]
async fn a_claim_is_refused_with_its_holder_and_the_stream_stays_usable() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    bus.execute("b", &Command::Open("B"), &plain()).await.unwrap();
    let held = bus.execute("b", &Command::Rename("A"), &plain()).await.unwrap_err();
    assert_eq!(held.to_string(), "account name A is taken by account a: choose another");
    bus.execute("b", &Command::Deposit(vec![3]), &plain()).await.unwrap();
    let context = log.store().load::<Account>("b").await.unwrap();
    assert_eq!((context.aggregate.name.as_deref(), context.version), (Some("B"), 2));
    bus.execute("a", &Command::Rename("C"), &plain()).await.unwrap();
    bus.execute("b", &Command::Rename("A"), &plain()).await.unwrap();
}

#[tokio::test]
async fn conformance_14_a_repeated_request_returns_the_first_result() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    let first = bus.execute("a", &Command::Open("A"), &request("open", 1)).await.unwrap();
    bus.execute("a", &Command::Deposit(vec![5]), &request("deposit", 1)).await.unwrap();
    for bus in [&bus, &other_bus(&log)] {
        let again = bus.execute("a", &Command::Open("A"), &request("open", 1)).await.unwrap();
        assert!(again.repeated && !first.repeated);
        assert_eq!((again.position, again.version), (1, 1));
        assert_eq!(again.events, [AccountEvent::Opened { name: "A".into() }]);
        let again = bus.execute("a", &Command::Deposit(vec![5]), &request("deposit", 1)).await.unwrap();
        assert_eq!((again.position, again.version, again.repeated), (2, 2, true));
    }
    assert_eq!(log.head().await, 2);
}

#[tokio::test]
async fn conformance_14_fifty_concurrent_copies_of_a_request_happen_once_with_equal_results() {
    let log = EventLog::create().await;
    let buses = [bus(&log), other_bus(&log)];
    for (key, command) in [("open", Command::Open("A")), ("deposit", Command::Deposit(vec![5, 6]))] {
        let request = request(key, 1);
        let attempts = (0..50).map(|n| buses[n % 2].execute("a", &command, &request));
        let done: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(done.iter().filter(|done| !done.repeated).count(), 1, "{key}");
        let answers = done.iter().map(|done| (done.position, done.version, &done.events));
        assert!(answers.clone().zip(answers.skip(1)).all(|(one, next)| one == next), "{key}: {done:?}");
    }
    assert_eq!(log.head().await, 3);
}

#[tokio::test]
async fn conformance_15_a_request_key_used_with_other_content_is_refused() {
    let log = EventLog::create().await;
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &request("key", 1)).await.unwrap();
    for (id, content) in [("a", 2), ("b", 2)] {
        let reused = bus.execute(id, &Command::Open("B"), &request("key", content)).await;
        assert!(
            matches!(reused, Err(ExecuteError::Append(AppendError::RequestKeyReused { .. }))),
            "{reused:?}"
        );
    }
    assert_eq!(log.head().await, 1);
}

#[tokio::test]
async fn conformance_32_correlation_causation_actor_request_and_tenant_survive() {
    let log = EventLog::create().await;
    let metadata = Metadata {
        actor: Some("user ünï".into()),
        correlation_id: Some("conversation".into()),
        causation_id: Some("event 7".into()),
        request_id: Some("request 9".into()),
        session_id: Some("session 3".into()),
        acting_for: Some("tenant 4".into()),
    };
    let tenant_id = Some(Uuid::from_u128(7));
    let command_context = CommandContext { metadata: metadata.clone(), tenant_id, ..plain() };
    let bus = bus(&log);
    bus.execute("a", &Command::Open("A"), &command_context).await.unwrap();
    bus.execute("a", &Command::Deposit(vec![1, 2]), &command_context).await.unwrap();
    let events = cqrs_es::EventStore::<Account>::load_events(&log.store(), "a").await.unwrap();
    assert_eq!(events.len(), 3);
    for event in events {
        assert_eq!(Metadata::from(event.metadata), metadata, "{}", event.sequence);
    }
    let tenants: Vec<Option<Uuid>> =
        sqlx::query_scalar("select tenant_id from events").fetch_all(&log.pool).await.unwrap();
    assert_eq!(tenants, [tenant_id; 3]);
}

#[tokio::test]
async fn a_dropped_command_leaves_no_wrong_state_in_memory() {
    let log = Arc::new(EventLog::create().await);
    let bus = bus(&log);
    let plain = plain();
    bus.execute("a", &Command::Open("A"), &plain).await.unwrap();
    for n in 0..30 {
        // Cancelled after this many steps: before, during or after it is stored.
        let deposit = Command::Deposit(vec![1]);
        let mut command = Box::pin(bus.execute("a", &deposit, &plain));
        for _ in 0..=n % 4 {
            if futures_util::poll!(&mut command).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(command);
    }
    let done = bus.execute("a", &Command::Deposit(vec![0]), &plain).await.unwrap();
    let stored = log.store().load::<Account>("a").await.unwrap();
    assert_eq!((done.version, done.position), (stored.version, stored.position));
    assert_eq!(stored.aggregate.cents, stored.version - 2, "each deposit once, or not at all");
    log.assert_whole().await;
}

#[tokio::test]
async fn a_repeated_request_gets_its_result_although_the_stream_can_no_longer_be_read() {
    let log = EventLog::create().await;
    let opened = bus(&log).execute("a", &Command::Open("A"), &request("once", 1)).await.unwrap();
    bus(&log).execute("a", &Command::Deposit(vec![5]), &plain()).await.unwrap();
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("update events set event_type = 'Confiscated' where sequence = 2")
        .execute(&admin)
        .await
        .unwrap();
    let again = bus(&log).execute("a", &Command::Open("A"), &request("once", 1)).await.unwrap();
    assert_eq!((again.position, again.repeated, again.events), (opened.position, true, opened.events));
    let other = bus(&log).execute("a", &Command::Open("A"), &request("twice", 1)).await;
    assert!(matches!(other, Err(ExecuteError::Load(_))), "{other:?}");
}

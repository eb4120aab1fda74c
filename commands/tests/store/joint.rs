//! Commands over several streams: all or nothing, restarted when another append was faster, each with one result.

use cqrs_es::Aggregate;
use futures_util::future::join_all;
use parking_commands::append::{AppendError, RequestKey};
use parking_commands::bus::Bus;
use parking_commands::joint::{MultiStreamCommand, UnitOfWork};
use parking_commands::snapshots::Snapshots;
use parking_commands::store::{CommandContext, LoadError};
use parking_testkit::EventLog;
use uuid::Uuid;

use crate::account::{Account, AccountEvent, Command, Refusal, deposited};

/// Moves money, if the balance is sufficient.
struct Transfer {
    from: &'static str,
    to: &'static str,
    cents: i64,
}

#[derive(Debug, PartialEq, thiserror::Error)]
enum TransferError {
    #[error("not enough money")]
    TooLittle,
    #[error(transparent)]
    Account(#[from] Refusal),
    #[error("load: {0}")]
    Load(String),
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl From<LoadError> for TransferError {
    fn from(error: LoadError) -> Self {
        Self::Load(error.to_string())
    }
}

impl MultiStreamCommand for Transfer {
    type Lead = Account;
    type Error = TransferError;

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<AccountEvent>, TransferError> {
        let (from, to) = (work.load::<Account>(self.from).await?, work.load::<Account>(self.to).await?);
        if from.aggregate.cents < self.cents {
            return Err(TransferError::TooLittle);
        }
        let amount = |cents: i64| Command::Deposit(if cents == 0 { Vec::new() } else { vec![cents] });
        work.decide(&from, &amount(-self.cents))?;
        Ok(work.decide(&to, &amount(self.cents))?)
    }
}

/// Deposits a cent for each of the two names that an account holds.
struct Watch;

impl MultiStreamCommand for Watch {
    type Lead = Account;
    type Error = TransferError;

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<AccountEvent>, TransferError> {
        let held = work.holder("account name", "B").await?;
        assert_eq!(held, Some((Account::TYPE.to_owned(), "b".to_owned())));
        assert_eq!(work.holder("account name", "nobody").await?, None);
        let (a, b) = (work.load::<Account>("a").await?, work.load::<Account>("b").await?);
        // Only read, but the append still depends on it.
        work.decide(&a, &Command::Deposit(Vec::new()))?;
        Ok(work.decide(&b, &Command::Deposit(vec![1]))?)
    }
}

fn plain() -> CommandContext {
    CommandContext::default()
}

async fn two_accounts(log: &EventLog) -> Bus<Account> {
    let bus = Bus::new(log.store());
    bus.execute("a", &Command::Open("A"), &plain()).await.unwrap();
    bus.execute("a", &Command::Deposit(vec![100]), &plain()).await.unwrap();
    bus.execute("b", &Command::Open("B"), &plain()).await.unwrap();
    bus
}

async fn cents(log: &EventLog) -> [i64; 2] {
    let store = log.store();
    let a = store.load::<Account>("a").await.unwrap().aggregate.cents;
    [a, store.load::<Account>("b").await.unwrap().aggregate.cents]
}

#[tokio::test]
async fn both_streams_get_their_events_in_one_append_or_neither_does() {
    let log = EventLog::create().await;
    two_accounts(&log).await;
    let store = log.store();
    let done = store.execute(&Transfer { from: "a", to: "b", cents: 30 }, &plain()).await.unwrap();
    assert_eq!((done.position, done.events, done.repeated), (5, vec![deposited(30)], false));
    let refused = store.execute(&Transfer { from: "a", to: "b", cents: 71 }, &plain()).await;
    assert_eq!(refused.unwrap_err(), TransferError::TooLittle);
    let refused = store.execute(&Transfer { from: "a", to: "nowhere", cents: 1 }, &plain()).await;
    assert_eq!(refused.unwrap_err(), TransferError::Account(Refusal::AccountNotOpen));
    assert_eq!(cents(&log).await, [70, 30]);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_command_without_events_appends_nothing() {
    let log = EventLog::create().await;
    two_accounts(&log).await;
    let done = log.store().execute(&Transfer { from: "a", to: "b", cents: 0 }, &plain()).await.unwrap();
    assert_eq!((done.position, done.events), (3, Vec::new()), "the last position of the log");
    assert_eq!(log.head().await, 3);
}

/// Loads an account and decides on nothing.
struct Look;

impl MultiStreamCommand for Look {
    type Lead = Account;
    type Error = TransferError;

    async fn decide(&self, work: &mut UnitOfWork<'_>) -> Result<Vec<AccountEvent>, TransferError> {
        work.load::<Account>("a").await?;
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_command_without_events_is_remembered_by_its_request() {
    let log = EventLog::create().await;
    let bus = two_accounts(&log).await;
    let store = log.store();
    let asked = |key: &str| {
        let request = RequestKey { tenant_id: Uuid::nil(), key: key.into(), fingerprint: Uuid::nil() };
        CommandContext { request: Some(request), ..plain() }
    };
    let nothing = Transfer { from: "a", to: "b", cents: 0 };
    for repeated in [false, true] {
        let done = store.execute(&nothing, &asked("0")).await.unwrap();
        assert_eq!((done.position, done.events, done.repeated), (3, Vec::new(), repeated));
        let done = store.execute(&Look, &asked("1")).await.unwrap();
        assert_eq!((done.position, done.events, done.repeated), (3, Vec::new(), repeated));
    }
    // The same request would move money by now.
    let done = store.execute(&Transfer { from: "a", to: "b", cents: 30 }, &asked("0")).await.unwrap();
    assert!(done.repeated && done.events.is_empty());
    assert_eq!((cents(&log).await, log.head().await), ([100, 0], 3));
    drop(bus);
}

#[tokio::test]
async fn concurrent_transfers_of_two_processes_never_overdraw() {
    let log = EventLog::create().await;
    let bus = two_accounts(&log).await;
    let stores = [log.store(), log.store_of(log.second_writer(), Snapshots::off())];
    let transfer = Transfer { from: "a", to: "b", cents: 30 };
    let command_context = plain();
    let results = join_all((0..8).map(|n| stores[n % 2].execute(&transfer, &command_context))).await;
    let moved = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(moved, 3, "{results:?}");
    assert!(results.iter().filter_map(|r| r.as_ref().err()).all(|error| *error == TransferError::TooLittle));
    assert_eq!(cents(&log).await, [10, 90]);
    // The bus has an outdated stream in memory; its next command detects this.
    let done = bus.execute("a", &Command::Deposit(vec![1]), &plain()).await.unwrap();
    assert_eq!(done.version, 6);
}

#[tokio::test]
async fn a_repeated_request_gets_the_first_result() {
    let log = EventLog::create().await;
    two_accounts(&log).await;
    let request = |content| CommandContext {
        request: Some(RequestKey {
            tenant_id: Uuid::nil(),
            key: "once".into(),
            fingerprint: Uuid::from_u128(content),
        }),
        ..plain()
    };
    let store = log.store();
    let transfer = Transfer { from: "a", to: "b", cents: 60 };
    let first = store.execute(&transfer, &request(1)).await.unwrap();
    let again = store.execute(&transfer, &request(1)).await.unwrap();
    assert_eq!((again.position, again.repeated), (first.position, true));
    assert_eq!(again.events, [deposited(-60), deposited(60)], "the lead's events, of both its streams");
    let reused = store.execute(&transfer, &request(2)).await.unwrap_err();
    assert!(matches!(reused, TransferError::Append(AppendError::RequestKeyReused { .. })), "{reused}");
    assert_eq!(cents(&log).await, [40, 60]);
}

#[tokio::test]
async fn a_stream_decided_on_without_events_is_a_precondition() {
    let log = EventLog::create().await;
    let bus = two_accounts(&log).await;
    let store = log.store();
    let command_context = plain();
    let deposit = Command::Deposit(vec![1]);
    let (watched, deposited) = tokio::join!(
        join_all((0..5).map(|_| store.execute(&Watch, &command_context))),
        join_all((0..5).map(|_| bus.execute("a", &deposit, &command_context))),
    );
    assert!(deposited.iter().all(Result::is_ok), "{deposited:?}");
    assert!(watched.iter().all(Result::is_ok), "{watched:?}");
    assert_eq!(cents(&log).await, [105, 5]);
    log.assert_whole().await;
}

/// Commands in opposite directions would deadlock if each took its streams in the order in which it uses them.
#[tokio::test]
async fn commands_of_one_process_over_the_same_streams_neither_conflict_nor_deadlock() {
    let log = EventLog::create().await;
    two_accounts(&log).await;
    let store = log.store();
    let bus = Bus::<Account>::new(store.clone());
    bus.execute("b", &Command::Deposit(vec![100]), &plain()).await.unwrap();
    let (there, back) =
        (Transfer { from: "a", to: "b", cents: 3 }, Transfer { from: "b", to: "a", cents: 2 });
    let (deposit, command_context) = (Command::Deposit(vec![1]), plain());
    let before = log.writer.counts().conflicts();
    let (moved, deposited) = tokio::join!(
        join_all((0..40).map(|n| store.execute([&there, &back][n % 2], &command_context))),
        join_all((0..40).map(|n| bus.execute(["a", "b"][n % 2], &deposit, &command_context))),
    );
    assert!(moved.iter().all(Result::is_ok), "{moved:?}");
    assert!(deposited.iter().all(Result::is_ok), "{deposited:?}");
    assert_eq!(cents(&log).await, [100, 140]);
    assert_eq!(log.writer.counts().conflicts() - before, 0);
    log.assert_whole().await;
}

#[tokio::test]
async fn a_request_completed_while_it_waited_gets_its_first_result() {
    let log = EventLog::create().await;
    two_accounts(&log).await;
    let store = log.store();
    let request = RequestKey { tenant_id: Uuid::nil(), key: "once".into(), fingerprint: Uuid::from_u128(1) };
    let command_context = CommandContext { request: Some(request), ..plain() };
    // There is money for one.
    let transfer = Transfer { from: "a", to: "b", cents: 100 };
    let done = join_all((0..20).map(|_| store.execute(&transfer, &command_context))).await;
    let positions: Vec<_> = done.iter().map(|done| done.as_ref().unwrap().position).collect();
    assert!(positions.iter().all(|position| *position == positions[0]), "{done:?}");
    assert_eq!(cents(&log).await, [0, 100]);
}

//! Loading streams: unknown, old, long and undecodable ones.

use std::time::Duration;

use cqrs_es::EventStore;
use parking_commands::append::{Append, Expected};
use parking_commands::bus::Bus;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::{CommandContext, LoadError, LogStore};
use parking_domain::aggregate::Decider;
use parking_domain::upcast::Upcasters;
use parking_testkit::{EventLog, Role};
use serde_json::json;
use sqlx::postgres::PgPoolOptions;

use crate::account::{Account, Command, deposited, fold};
use crate::support::conflict;

/// An append of account events in the given forms.
fn account_events(log: &EventLog, id: &str, forms: &[(&str, &str, &str)]) -> Append {
    let mut append = log.to(id, Expected::Any, &vec!["{}"; forms.len()]);
    append.streams[0].aggregate_type = "account".into();
    for (event, (event_type, version, payload)) in append.streams[0].events.iter_mut().zip(forms) {
        (event.event_type, event.event_version) = ((*event_type).into(), (*version).into());
        event.payload = (*payload).into();
    }
    append
}

const DEPOSIT: (&str, &str, &str) = ("Deposited", "3", r#"{"Deposited":{"cents":5,"currency":"EUR"}}"#);

#[tokio::test]
async fn conformance_25_an_unknown_stream_loads_as_one_without_events() {
    let log = EventLog::create().await;
    log.writer.append(account_events(&log, "a", &[DEPOSIT])).await.unwrap();
    let context = log.store().load::<Account>("b").await.unwrap();
    assert_eq!((context.version, context.position, context.aggregate), (0, 0, Account::default()));
    assert!(EventStore::<Account>::load_events(&log.store(), "b").await.unwrap().is_empty());
    let other_type = EventStore::<parking_domain::uplinks::Uplinks>::load_events(&log.store(), "a").await;
    assert!(other_type.unwrap().is_empty(), "a stream is named by type and id");
}

#[tokio::test]
async fn conformance_27_a_stream_is_read_in_order_even_by_a_seq_scan() {
    let log = EventLog::create().await;
    let forms: Vec<String> =
        (1..=50).map(|n| json!({"Deposited": {"cents": n, "currency": "EUR"}}).to_string()).collect();
    let forms: Vec<_> = forms.iter().map(|payload| ("Deposited", "3", payload.as_str())).collect();
    log.writer.append(account_events(&log, "a", &forms)).await.unwrap();
    // The first events are now stored last.
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("update events set body = '', body_encoding = 0 where position <= 20")
        .execute(&admin)
        .await
        .unwrap();
    let no_index =
        [("enable_indexscan", "off"), ("enable_indexonlyscan", "off"), ("enable_bitmapscan", "off")];
    let options = log.database.as_role(Role::Writer).options(no_index);
    let pool = PgPoolOptions::new().connect_lazy_with(options);
    let as_it_lies: Vec<i64> =
        sqlx::query_scalar("select sequence from events").fetch_all(&pool).await.unwrap();
    assert_ne!(as_it_lies, (1..=50).collect::<Vec<_>>());
    let store = LogStore::new(pool, log.writer.clone(), Snapshots::off(), log.ids.clone());
    let expected = fold(&(1..=50).map(deposited).collect::<Vec<_>>());
    assert_eq!(store.load::<Account>("a").await.unwrap().aggregate, expected);
    let events = EventStore::<Account>::load_events(&store, "a").await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn conformance_28_loading_does_not_wait_for_an_uncommitted_append() {
    let log = EventLog::create().await;
    log.append("a", Expected::Any, &["1"]).await.unwrap();
    log.writer.append(account_events(&log, "a", &[DEPOSIT])).await.unwrap();
    let open = log.open_append("a").await;
    let loaded = tokio::time::timeout(Duration::from_secs(5), log.store().load::<Account>("a")).await;
    assert_eq!(loaded.unwrap().unwrap().version, 1);
    assert_eq!(log.stored("a").await.len(), 2, "and does not see it");
    open.rollback().await.unwrap();
}

#[tokio::test]
async fn conformance_29_with_a_snapshot_only_the_events_after_it_are_read() {
    let log = EventLog::create().await;
    let bus = Bus::<Account>::new(log.store_of(log.writer.clone(), log.snapshots()));
    let plain = CommandContext::default();
    bus.execute("a", &Command::Open("A"), &plain).await.unwrap();
    bus.execute("a", &Command::Deposit((1..=119).collect()), &plain).await.unwrap();
    crate::support::snapshot_at(&log, "a", 120).await;
    bus.execute("a", &Command::Deposit(vec![1000]), &plain).await.unwrap();
    let whole = log.store().load::<Account>("a").await.unwrap();
    // A reader of an early event now fails.
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("update events set payload = '0' where sequence = 7").execute(&admin).await.unwrap();
    assert_eq!(log.store().load::<Account>("a").await.unwrap(), whole);
    assert_eq!((whole.version, whole.aggregate.cents), (121, 119 * 60 + 1000));
    sqlx::query("truncate snapshots").execute(&admin).await.unwrap();
    log.store().load::<Account>("a").await.unwrap_err();
}

#[tokio::test]
async fn conformance_30_an_unknown_event_fails_the_load_with_its_type_and_version() {
    let log = EventLog::create().await;
    let unknown = [
        ("type", ("Confiscated", "1", r#"{"Confiscated":{"cents":5}}"#)),
        ("version", ("Deposited", "4", r#"{"Deposited":{"cents":5,"currency":"EUR","fee":1}}"#)),
        ("type in the row", ("Confiscated", "1", DEPOSIT.2)),
        ("payload", ("Deposited", "3", "{}")),
    ];
    for (id, form) in unknown {
        log.writer.append(account_events(&log, id, &[DEPOSIT, form])).await.unwrap();
        let error = log.store().load::<Account>(id).await.unwrap_err();
        assert!(matches!(error, LoadError::Undecodable { sequence: 2, .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.contains(&format!("account {id}")) && message.contains(form.0), "{message}");
        if id == "type" || id == "version" {
            assert!(message.contains(&format!("{} version {}", form.0, form.1)), "{message}");
        }
        EventStore::<Account>::load_events(&log.store(), id).await.unwrap_err();
    }
}

#[tokio::test]
async fn conformance_31_events_of_every_released_form_load_as_current_ones() {
    let log = EventLog::create().await;
    let forms = [
        ("Deposited", "1", r#"{"Deposited":{"amount":2}}"#),
        ("Deposited", "2", r#"{"Deposited":{"cents":30}}"#),
        DEPOSIT,
    ];
    log.writer.append(account_events(&log, "a", &forms)).await.unwrap();
    let expected = fold(&[deposited(200), deposited(30), deposited(5)]);
    for newest_first in [false, true] {
        let upcasters: &'static Upcasters =
            Box::leak(Box::new(Upcasters::new(crate::support::steps(newest_first))));
        let store = log.store().with_upcasters(upcasters);
        assert_eq!(store.load::<Account>("a").await.unwrap().aggregate, expected);
        let events = EventStore::<Account>::load_events(&store, "a").await.unwrap();
        let events: Vec<_> = events.into_iter().map(|event| event.payload).collect();
        assert_eq!(fold(&events), expected);
    }
    log.store().load::<Account>("a").await.expect_err("without the steps the old forms are unknown");
}

#[tokio::test]
async fn conformance_24_sequences_and_positions_beyond_2_to_the_31_work() {
    const EDGE: i64 = 1 << 31;
    let log = EventLog::create().await;
    let admin = log.admin();
    // A stream and a log of two thousand million events, of which only the last is stored.
    let last = sqlx::query(
        "insert into events values ($1, null, 'account', 'a', $1, 'Deposited', '3', $2::json, '{}', \
                                    gen_random_uuid(), gen_random_uuid(), now(), null)",
    );
    last.bind(EDGE - 2).bind(DEPOSIT.2).execute(&admin).await.unwrap();
    for set in [
        "insert into streams values ('account', 'a', $1, $1)",
        "update log_head set position = $1",
        "insert into snapshots select 'account', 'a', 2, $1, event_id, '{\"name\":\"A\",\"cents\":5,\"digest\":0}' from events",
    ] {
        sqlx::query(set).bind(EDGE - 2).execute(&admin).await.unwrap();
    }
    assert_eq!(Account::STATE_VERSION, 2);
    let bus = Bus::<Account>::new(log.store());
    let done = bus.execute("a", &Command::Deposit(vec![1; 5]), &CommandContext::default()).await.unwrap();
    assert_eq!((done.position, done.version), (EDGE + 3, EDGE + 3));
    let context = log.store().load::<Account>("a").await.unwrap();
    assert_eq!((context.version, context.position, context.aggregate.cents), (EDGE + 3, EDGE + 3, 10));
    let sequences: Vec<i64> = log.stored("a").await.into_iter().map(|(_, sequence, _)| sequence).collect();
    assert_eq!(sequences, (EDGE - 2..=EDGE + 3).collect::<Vec<_>>());
    let mut late = account_events(&log, "a", &[DEPOSIT]);
    late.streams[0].expected = Expected::Version(EDGE);
    assert_eq!(conflict(log.writer.append(late).await), EDGE + 3);
}

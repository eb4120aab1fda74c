//! Frequent reads use indexes. The plans are those of the statements that the program prepared.

use cqrs_es::EventStore;
use futures_util::future::try_join_all;
use parking_commands::append::{Expected, RequestKey};
use parking_commands::ingest::Ingest;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::LogStore;
use parking_domain::id::SpaceId;
use parking_projections::engine::feed::{self, StreamPage};
use parking_testkit::{EventLog, Role};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use crate::account::Account;
use crate::aggregates::{ID as UPLINKS, ingest};
use crate::cold::log_with_a_cold_device;
use crate::support::block_on;

/// A log of 5000 events in 100 streams, with current planner statistics.
async fn full_log() -> EventLog {
    let log = unknown_log().await;
    sqlx::query("analyze").execute(&log.admin()).await.unwrap();
    log
}

/// The same log without planner statistics.
async fn unknown_log() -> EventLog {
    let log = EventLog::create().await;
    let payloads = vec!["{}"; 10];
    let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    for _ in 0..5 {
        let appends = names.iter().map(|name| log.append(name, Expected::Any, &payloads));
        try_join_all(appends).await.unwrap();
    }
    let admin = log.admin();
    let snapshots = "insert into snapshots select 'account', n::text, 2, 1, gen_random_uuid(), '{}' from generate_series(1, 2000) n";
    sqlx::query(snapshots).execute(&admin).await.unwrap();
    let requests = "insert into requests select gen_random_uuid(), n::text, gen_random_uuid(), n, n \
                      from generate_series(1, 2000) n";
    sqlx::query(requests).execute(&admin).await.unwrap();
    log
}

/// One connection of the writer, so that its prepared statements can be inspected; its plans do not depend on the
/// parameters.
fn one_connection(log: &EventLog) -> PgPool {
    one_connection_with(log, "force_generic_plan")
}

fn one_connection_with(log: &EventLog, plan_cache_mode: &str) -> PgPool {
    let options = log.database.as_role(Role::Writer).options([("plan_cache_mode", plan_cache_mode)]);
    PgPoolOptions::new().max_connections(1).connect_lazy_with(options)
}

/// The plan of the connection's prepared statement that matches this pattern.
async fn plan(pool: &PgPool, like: &str, parameters: &str) -> Value {
    let prepared = "select name from pg_prepared_statements where statement like $1";
    let names: Vec<String> = sqlx::query_scalar(prepared).bind(like).fetch_all(pool).await.unwrap();
    let [name] = &names[..] else { panic!("one statement like {like}: {names:?}") };
    let explain = format!("explain (format json) execute {name} ({parameters})");
    sqlx::raw_sql(&explain).fetch_one(pool).await.unwrap().get(0)
}

/// Asserts that the plan uses these indexes, in order, and scans no table.
fn assert_indexed(plan: &Value, expected: &[&str]) {
    let mut indexes = Vec::new();
    let mut nodes = vec![&plan[0]["Plan"]];
    while let Some(node) = nodes.pop() {
        nodes.extend(node["Plans"].as_array().into_iter().flatten().rev());
        assert_ne!(node["Node Type"], "Seq Scan", "{plan:#}");
        indexes.extend(node["Index Name"].as_str());
    }
    assert_eq!(indexes, expected, "{plan:#}");
}

#[tokio::test]
async fn the_feed_reads_pages_by_the_index_on_positions() {
    let (known, unknown) = tokio::join!(full_log(), unknown_log());
    for log in [known, unknown] {
        for plan_cache_mode in ["force_generic_plan", "force_custom_plan"] {
            let pool = one_connection_with(&log, plan_cache_mode);
            let mut connection = pool.acquire().await.unwrap();
            assert_eq!(feed::read(&mut connection, 4000, 100).await.unwrap().len(), 100);
            let page = feed::read_page(&mut connection, 4000, 100, &["test"]).await.unwrap();
            assert_eq!((page.events.len(), page.through), (100, 4100));
            drop(connection);
            let all = plan(&pool, "select position%from events where%limit $2", "4000, 100").await;
            assert_indexed(&all, &["events_pkey"]);
            let extent = plan(&pool, "select count(*), max(position)%", "4000, 100").await;
            assert_indexed(&extent, &["events_pkey"]);
            let wanted =
                plan(&pool, "select position%aggregate_type = any($3)%", "4000, 100, '{test}'").await;
            assert_indexed(&wanted, &["events_pkey"]);
        }
    }
}

#[tokio::test]
async fn streams_snapshots_and_requests_are_read_by_their_keys() {
    let log = full_log().await;
    let pool = one_connection(&log);
    let store = LogStore::new(pool.clone(), log.writer.clone(), Snapshots::off(), log.ids.clone());
    EventStore::<Account>::load_events(&store, "7").await.unwrap();
    store.load::<Account>("7").await.unwrap();
    let request = RequestKey { tenant_id: Uuid::nil(), key: "7".into(), fingerprint: Uuid::nil() };
    assert_eq!(store.find_request::<Account>(&request).await.unwrap(), None);
    let stream = plan(&pool, "select position%order by sequence", "'test', '7'").await;
    assert_indexed(&stream, &["events_stream_sequence"]);
    let page = plan(&pool, "select position%order by sequence limit%", "'test', '7', 1, 1000").await;
    assert_indexed(&page, &["events_stream_sequence"]);
    let together = plan(&pool, "select r.place%", "'{account}', '{7}', '{2}', 201").await;
    assert_indexed(&together, &["snapshots_pkey", "events_stream_sequence"]);
    // If streams cannot be loaded together, a snapshot is read separately: the loader's task ends with its runtime.
    let (reads, writer, ids) = (pool.clone(), log.writer.clone(), log.ids.clone());
    let alone = move || block_on(async { LogStore::new(reads, writer, Snapshots::off(), ids) });
    let without_its_tasks = std::thread::spawn(alone).join().unwrap();
    without_its_tasks.load::<Account>("7").await.unwrap();
    let snapshot = plan(&pool, "select s.version%", "'account', '7', 2").await;
    assert_indexed(&snapshot, &["snapshots_pkey", "events_stream_sequence"]);
    let nil = "'00000000-0000-0000-0000-000000000000'";
    let request = plan(&pool, "%from requests%", &format!("{nil}, '7', {nil}")).await;
    assert_indexed(&request, &["requests_pkey"]);
}

#[tokio::test]
async fn streams_loaded_together_are_read_by_their_keys() {
    let log = full_log().await;
    let pool = one_connection(&log);
    let store = LogStore::new(pool.clone(), log.writer.clone(), Snapshots::off(), log.ids.clone());
    store.load::<Account>("7").await.unwrap();
    let loaded =
        plan(&pool, "%unnest%from snapshots%from events%", "'{test,account}', '{7,8}', '{2,2}', 201").await;
    assert_indexed(&loaded, &["snapshots_pkey", "events_stream_sequence"]);
}

#[tokio::test]
async fn the_auditor_reads_a_stream_by_its_index_with_any_statistics() {
    let (known, unknown) = tokio::join!(full_log(), unknown_log());
    for log in [known, unknown] {
        for plan_cache_mode in ["force_generic_plan", "force_custom_plan"] {
            let pool = one_connection_with(&log, plan_cache_mode);
            let mut connection = pool.acquire().await.unwrap();
            let page = StreamPage {
                aggregate_type: "test",
                aggregate_id: "7",
                after_sequence: 10,
                after: 0,
                through: i64::MAX,
                limit: 20,
            };
            let events = feed::read_stream(&mut connection, page).await.unwrap();
            assert_eq!((events.len(), events[0].sequence), (20, 11));
            drop(connection);
            let stream =
                plan(&pool, "select position%order by sequence limit $6", "'test', '7', 10, 0, 99999, 20")
                    .await;
            assert_indexed(&stream, &["events_stream_sequence"]);
        }
    }
}

#[tokio::test]
async fn an_old_reservation_is_found_by_the_index_on_parts_of_spaces_with_any_statistics() {
    let (known, unknown) = tokio::join!(full_log(), unknown_log());
    for log in [known, unknown] {
        for plan_cache_mode in ["force_generic_plan", "force_custom_plan"] {
            let pool = one_connection_with(&log, plan_cache_mode);
            let store = LogStore::new(pool.clone(), log.writer.clone(), Snapshots::off(), log.ids.clone());
            assert_eq!(store.events_of_part(SpaceId::from(Uuid::nil()), Uuid::nil()).await.unwrap(), []);
            let look_up = plan(&pool, "%space_part%", &format!("'7', '{}'", Uuid::nil())).await;
            assert_indexed(&look_up, &["events_of_space_part"]);
        }
    }
}

#[tokio::test]
async fn an_old_report_is_found_by_the_index_on_keys_with_any_statistics() {
    let (known, unknown) = tokio::join!(full_log(), unknown_log());
    for log in [known, unknown] {
        for plan_cache_mode in ["force_generic_plan", "force_custom_plan"] {
            let pool = one_connection_with(&log, plan_cache_mode);
            let store = LogStore::new(pool.clone(), log.writer.clone(), Snapshots::off(), log.ids.clone());
            assert!(!store.holds_report("7", Uuid::nil()).await.unwrap());
            let look_up = plan(&pool, "%report_key%", &format!("'{}', '7'", Uuid::nil())).await;
            assert_indexed(&look_up, &["events_report_key"]);
        }
    }
}

#[tokio::test]
async fn the_last_events_of_a_cold_device_are_read_by_the_indexes_with_any_statistics() {
    let (known, unknown) = tokio::join!(log_with_a_cold_device(1300), log_with_a_cold_device(1300));
    sqlx::query("analyze").execute(&known.admin()).await.unwrap();
    for log in [known, unknown] {
        for (n, plan_cache_mode) in [(1301, "force_generic_plan"), (1302, "force_custom_plan")] {
            let pool = one_connection_with(&log, plan_cache_mode);
            let store = LogStore::new(pool.clone(), log.writer.clone(), Snapshots::off(), log.ids.clone());
            ingest(&Ingest::new(store), n).await;
            let parameters = format!("'{}', '{UPLINKS}', 'uplinks', 32", Uuid::nil());
            let last = plan(&pool, "select exists (select from%) as is_recorded%", &parameters).await;
            assert_indexed(&last, &["events_report_key", "events_stream_sequence"]);
        }
    }
}

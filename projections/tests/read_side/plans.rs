//! A page after a row costs the same at any depth without filters: an index leads to it. Tables of 100,000 rows.

use parking_projections::devices::uplinks::read::{self as uplinks, Received};
use parking_projections::engine::reader::{Reader, Reading};
use parking_projections::engine::seek::{RowPosition, Start};
use parking_projections::occupancy::space_history::read as history;
use parking_projections::registry::activity::read::{self as activity, Filter};
use parking_testkit::estate::Estate;
use parking_testkit::{EventLog, Role};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// Of a tenant with a thousand sites, a hundred spaces and devices, and of a smaller tenant.
const ROWS: &str = "
    create temp table n as
      select n, ('aaaaaaaa-0000-4000-8000-' || lpad((n % 1000)::text, 12, '0'))::uuid as site_id,
                ('aaaaaaaa-0000-4000-8000-' || lpad((100 + n % 100)::text, 12, '0'))::uuid as space_id,
             case when n % 50 = 0 then 'b' else 'a' end as mark, '2026-01-01'::timestamptz + n * interval '1 minute' as at
        from generate_series(1, 100000) n;
    alter table n add tenant_id uuid;
    update n set tenant_id = (repeat(mark, 8) || '-0000-4000-8000-000000000000')::uuid;
    insert into projections.activity (position, tenant_id, at, actor, kind, stream_type, stream_id, site_id, space_id, dev_eui, summary)
      select n, tenant_id, at, 'system', 'SpaceUpdated', 'space', space_id::text, site_id, space_id,
             'aaaaaaaa' || lpad((n % 100)::text, 8, '0'), '{}' from n;
    insert into projections.uplinks (position, tenant_id, dev_eui, received_at, heard_at, f_port, session, standing, occupancy)
      select n, tenant_id, 'aaaaaaaa' || lpad((n % 2)::text, 8, '0'), at, at, 1, 1, 'in_order', 'vacant' from n;
    insert into projections.space_history (position, ordinal, space_id, tenant_id, site_id, at, recorded_at, cause)
      select n / 2, n % 2, ('aaaaaaaa-0000-4000-8000-' || lpad((n % 4 / 2)::text, 12, '0'))::uuid, tenant_id, site_id, at, at,
             '\"policy\"' from n;
    drop table n;
    analyze";

/// The most pages of 8 KiB that one page of a list may touch: its rows, their spaces, and the way down the indexes.
const MOST_BUFFERS: u64 = 200;

/// The blocks that the prepared statement on this table touches with these parameters.
async fn buffers(reading: &mut Reading, table: &str, parameters: &str) -> (u64, Value) {
    let prepared =
        "select name from pg_prepared_statements where statement like $1 and statement like '%order by%'";
    let like = format!("% from {table} %");
    let names: Vec<String> = sqlx::query_scalar(prepared).bind(like).fetch_all(&mut **reading).await.unwrap();
    let [name] = &names[..] else { panic!("one statement on {table}: {names:?}") };
    let explain = format!("explain (analyze, buffers, format json) execute {name} ({parameters})");
    let plan: Value = sqlx::Row::get(&sqlx::raw_sql(&explain).fetch_one(&mut **reading).await.unwrap(), 0);
    let touched = |name: &str| plan[0]["Plan"][name].as_u64().unwrap();
    (touched("Shared Hit Blocks") + touched("Shared Read Blocks"), plan)
}

/// A new connection, so that it has no other prepared statements; its plans do not depend on the parameters.
fn pool(log: &EventLog) -> PgPool {
    let options = log.database.as_role(Role::Reader).options([("plan_cache_mode", "force_generic_plan")]);
    PgPoolOptions::new().max_connections(1).connect_lazy_with(options)
}

#[tokio::test]
async fn a_page_after_a_row_costs_the_same_at_any_depth() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    sqlx::raw_sql(ROWS).execute(&log.admin()).await.unwrap();
    let reading = async || Reader::new(pool(&log)).of(estate.tenant()).await.unwrap();
    let deep = Start::After(RowPosition { position: 50_000, ordinal: 0 });

    let site = Filter { site_id: Some(estate.id(3)), ..Filter::default() };
    let space = Filter { space_id: Some(estate.id(103)), ..Filter::default() };
    let device = Filter { dev_eui: Some(estate.eui(3)), ..Filter::default() };
    for (filter, value) in [
        (Filter::default(), String::new()),
        (site, format!("'{}', ", estate.id(3))),
        (space, format!("'{}', ", estate.id(103))),
        (device, format!("'{}', ", estate.eui(3))),
    ] {
        let mut reading = reading().await;
        let rows = activity::list(&mut reading, &filter, 41, deep).await.unwrap();
        assert_eq!(rows.len(), 41);
        let (touched, plan) = buffers(&mut reading, "activity", &format!("{value}50000, 41, 0")).await;
        assert!(touched < MOST_BUFFERS, "{filter:?}: {touched} blocks: {plan:#}");
    }

    let mut of_device = reading().await;
    let rows = uplinks::list(&mut of_device, estate.eui(1), Received::default(), 41, deep).await.unwrap();
    assert_eq!(rows.len(), 41);
    let parameters = format!("'{}', 50000, 41, 0", estate.eui(1));
    let (touched, plan) = buffers(&mut of_device, "uplinks", &parameters).await;
    assert!(touched < MOST_BUFFERS, "{touched} blocks: {plan:#}");

    let mut of_space = reading().await;
    let deep = Start::After(RowPosition { position: 25_000, ordinal: 0 });
    let rows = history::list(&mut of_space, estate.id(1), 41, deep).await.unwrap();
    assert_eq!(rows.len(), 41);
    let parameters = format!("'{}', 25000, 0, 41, 0", estate.id(1));
    let (touched, plan) = buffers(&mut of_space, "space_history", &parameters).await;
    assert!(touched < MOST_BUFFERS, "{touched} blocks: {plan:#}");
}

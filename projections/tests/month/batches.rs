//! Tests that rows do not depend on how events are batched, nor on how often a projection loses its memory.

use parking_projections::engine::feed;
use parking_projections::engine::install::Installed;
use parking_projections::engine::projection::Projection;
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, Executor, PgConnection};

/// Batches between two losses of memory: rarely for small batches, because each loss folds the log again.
const KEPT_FOR: usize = 150;

/// Folds the log in batches of this size into temporary tables and compares them with the live rows.
pub(crate) async fn assert_same_in_batches_of<P: Projection>(log: &EventLog, size: i64) {
    let mut auditor = PgConnection::connect_with(&log.database.as_role(Role::Auditor)).await.unwrap();
    let installed = Installed::of::<P>();
    auditor.execute("set search_path to pg_temp, public").await.unwrap();
    installed.create(&mut auditor).await.unwrap();
    // A projection reads these when its memory is loaded again.
    for table in ["dead_letters", "skipped_events", "held_streams"] {
        let copy = format!("create temporary table {table} as table projections.{table}");
        auditor.execute(&*copy).await.unwrap();
    }
    let (mut projection, mut position, mut batches, head) = (P::default(), 0, 0_usize, log.head().await);
    while position < head {
        let page = feed::read_page(&mut auditor, position, size, P::STREAMS).await.unwrap();
        projection.apply(&mut auditor, &page.events).await.unwrap();
        position = page.through;
        batches += 1;
        if batches.is_multiple_of(KEPT_FOR) {
            projection = P::default();
        }
    }
    for table in installed.compared() {
        let (rows, differing): (i64, i64) = sqlx::query_as(&format!(
            "with live as (select t::text as row from projections.{table} t), \
                  anew as (select t::text as row from pg_temp.{table} t), \
                  differing as ((select row from live except all select row from anew) \
                      union all (select row from anew except all select row from live)) \
             select (select count(*) from live), (select count(*) from differing)"
        ))
        .fetch_one(&mut auditor)
        .await
        .unwrap();
        assert_eq!(differing, 0, "{table} in batches of {size}: {differing} of {rows} rows");
        // These plans have no display policies and no orphans, and at their end no arrival is pending.
        let may_be_empty = ["arrivals", "display_policies", "orphan_devices"];
        assert!(rows > 0 || may_be_empty.contains(&table), "{table} is empty");
    }
}

//! Rebuilds: the live rows serve meanwhile, and are corrected whole or not at all.

use std::future::Future;
use std::pin::pin;
use std::task::Poll as Step;

use parking_commands::append::Expected;
use parking_projections::devices::Fleet;
use parking_projections::engine::rebuild::{RebuildError, Rebuilt, rebuild};
use parking_projections::occupancy::{Occupancies, changes};
use parking_projections::registry::Registry;
use parking_testkit::estate::Estate;
use parking_testkit::{EventLog, Role};
use sqlx::Executor;
use sqlx::postgres::PgListener;

use crate::diary::clear_away;
use crate::support::{Running, catch_up};

fn rebuilding(log: &EventLog) -> impl Future<Output = Result<Rebuilt, RebuildError>> + Send + use<> {
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    async move { rebuild::<Registry>(&owner, &projector, |_, _| {}).await }
}

fn different(rebuilt: &Rebuilt) -> i64 {
    rebuilt.tables.iter().map(|table| table.different).sum()
}

async fn names(log: &EventLog) -> Vec<String> {
    let names = "select distinct definition ->> 'name' from projections.spaces order by 1";
    sqlx::query_scalar(names).fetch_all(&log.admin()).await.unwrap()
}

async fn generations(log: &EventLog) -> Vec<(String, i32, i64)> {
    let all = "select projection, generation, position from projections.checkpoints order by 1";
    sqlx::query_as(all).fetch_all(&log.admin()).await.unwrap()
}

/// A site with spaces, all of whose live rows are wrong in the same way.
async fn spoilt(log: &EventLog, estate: &Estate<'_>) {
    let site = estate.site(1, 0).await;
    for n in 2..40 {
        estate.space(n, site, 1).await;
    }
    catch_up::<Registry>(log).await;
    let spoil = "update projections.spaces set definition = jsonb_set(definition::jsonb, '{name}', '\"wrong\"')::json";
    sqlx::query(spoil).execute(&log.admin()).await.unwrap();
    assert_eq!(names(log).await, ["wrong"]);
}

#[tokio::test]
async fn conformance_65_66_live_rows_serve_during_a_rebuild_that_includes_events_appended_meanwhile() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let running = Running::start::<Registry>(&log);
    let rebuilding = tokio::spawn(rebuilding(&log));
    let mut n = 1;
    while n < 20 || !rebuilding.is_finished() {
        n += 1;
        estate.space(n, site, 1).await;
        running.wait_for(log.head().await).await;
        let spaces = "select count(*) from projections.spaces";
        let spaces: i64 = sqlx::query_scalar(spaces).fetch_one(&log.pool).await.unwrap();
        assert_eq!(spaces, i64::from(n) - 1, "the live rows go on");
    }
    let rebuilt = rebuilding.await.unwrap().unwrap();
    assert_eq!(different(&rebuilt), 0);
    let spaces = rebuilt.tables.iter().find(|table| table.table == "spaces").unwrap();
    assert!(spaces.live == spaces.other && spaces.other > 0, "{spaces:?}");
    running.stop().await;
}

#[tokio::test]
async fn conformance_67_interrupted_at_any_point_a_rebuild_goes_on_and_ends_right() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    spoilt(&log, &estate).await;
    let (mut steps, mut interrupted) = (1, 0);
    let rebuilt = loop {
        let mut left = steps;
        let mut run = pin!(rebuilding(&log));
        let ended = std::future::poll_fn(|context| match run.as_mut().poll(context) {
            Step::Ready(result) => Step::Ready(Some(result)),
            Step::Pending if left == 0 => Step::Ready(None),
            Step::Pending => {
                left -= 1;
                Step::Pending
            }
        })
        .await;
        match ended {
            Some(Ok(rebuilt)) => break rebuilt,
            // The connection of the interrupted one may still hold its lock.
            Some(Err(RebuildError::Busy(_) | RebuildError::InTheWay { .. } | RebuildError::Locked(_))) => {}
            Some(Err(error)) => panic!("{error}"),
            None => {
                interrupted += 1;
                steps += 1;
                assert!([1, 38].contains(&names(&log).await.len()), "corrected whole or not at all");
            }
        }
    };
    assert!(interrupted > 3, "interrupted {interrupted} times");
    assert_eq!(names(&log).await.len(), 38);
    assert_eq!(rebuilt.position, log.head().await);
    assert_eq!(different(&rebuilding(&log).await.unwrap()), 0);
}

#[tokio::test]
async fn new_rows_whose_checkpoint_a_crash_of_the_database_has_emptied_are_made_anew() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    spoilt(&log, &estate).await;
    let admin = log.admin();
    let mut writer = admin.begin().await.unwrap();
    writer.execute("lock table projections.spaces in row exclusive mode").await.unwrap();
    let rows_are_new = async {
        let query = "select position from rebuild.checkpoints where projection = 'registry'";
        // The table does not exist until the rebuild has created it.
        while sqlx::query_scalar::<_, i64>(query).fetch_one(&admin).await.unwrap_or_default() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        done = rebuilding(&log) => panic!("the lock must block it: {done:?}"),
        () = rows_are_new => {}
    }
    drop(writer);
    clear_away(&log).await;
    let logged = "select relname::text from pg_class where relnamespace = 'rebuild'::regnamespace \
                     and relkind in ('r', 'i') and relpersistence <> 'u'";
    let logged: Vec<String> = sqlx::query_scalar(logged).fetch_all(&admin).await.unwrap();
    assert_eq!(logged, [""; 0], "a crash empties all tables of new rows");
    sqlx::query("truncate rebuild.checkpoints").execute(&admin).await.unwrap();
    assert_eq!(different(&rebuilding(&log).await.unwrap()), 2 * 38);
    assert_eq!(names(&log).await.len(), 38);
}

#[tokio::test]
async fn conformance_68_69_a_rebuild_changes_no_other_projection_appends_nothing_and_announces_nothing() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    spoilt(&log, &estate).await;
    catch_up::<Fleet>(&log).await;
    catch_up::<Occupancies>(&log).await;
    let (before, head) = (generations(&log).await, log.head().await);
    let mut listener = PgListener::connect_with(&log.admin()).await.unwrap();
    listener.listen_all([changes::CHANNEL, "events_appended"]).await.unwrap();

    assert!(different(&rebuilding(&log).await.unwrap()) > 0);
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    rebuild::<Occupancies>(&owner, &projector, |_, _| {}).await.unwrap();

    assert_eq!(log.head().await, head);
    let after = generations(&log).await;
    assert_eq!(after[0], before[0], "fleet is as it was");
    assert!(after.iter().zip(&before).all(|(after, before)| after.2 == before.2), "all are where they were");
    sqlx::query("select pg_notify('events_appended', 'the test')").execute(&log.admin()).await.unwrap();
    assert_eq!(listener.recv().await.unwrap().payload(), "the test", "nothing was announced before");
}

#[tokio::test]
async fn conformance_70_a_reader_sees_all_rows_before_the_correction_or_all_after_it() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    spoilt(&log, &estate).await;
    let mut rebuilding = Box::pin(rebuilding(&log));
    let (mut looks, mut done) = (0, false);
    while !done {
        done =
            std::future::poll_fn(|context| Step::Ready(rebuilding.as_mut().poll(context).is_ready())).await;
        let seen = names(&log).await;
        assert!(seen == ["wrong"] || (seen.len() == 38 && !seen.contains(&"wrong".to_owned())), "{seen:?}");
        looks += 1;
    }
    assert!(looks > 3, "it was looked at meanwhile");
    assert_eq!(names(&log).await.len(), 38);
}

#[tokio::test]
async fn conformance_71_a_log_without_wanted_events_is_rebuilt_to_its_end_without_rows() {
    let log = EventLog::create().await;
    log.append("a", Expected::Any, &["1"; 50]).await.unwrap();
    catch_up::<Registry>(&log).await;
    let rebuilt = rebuilding(&log).await.unwrap();
    assert_eq!(rebuilt.position, log.head().await);
    assert!(rebuilt.tables.iter().all(|table| (table.live, table.other) == (0, 0)), "{rebuilt:?}");
}

#[tokio::test]
async fn conformance_72_of_two_rebuilds_at_once_one_does_it() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    spoilt(&log, &estate).await;
    let results = tokio::join!(rebuilding(&log), rebuilding(&log));
    assert!(results.0.is_ok() || results.1.is_ok(), "{results:?}");
    for result in [results.0, results.1] {
        match result {
            Ok(_) | Err(RebuildError::Busy(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(names(&log).await.len(), 38);
}

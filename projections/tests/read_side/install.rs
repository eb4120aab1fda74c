//! Installation: which tables are made anew, and which are left alone.

use parking_projections::list;
use parking_projections::registry::Registry;
use parking_testkit::estate::Estate;
use parking_testkit::{EventLog, Role};
use sqlx::Executor;

use crate::support::catch_up;

async fn install(log: &EventLog) {
    let mut owner = log.database.pool(Role::Owner).acquire().await.unwrap();
    list::install(&mut owner).await.unwrap();
}

async fn sites(log: &EventLog) -> i64 {
    sqlx::query_scalar("select count(*) from projections.sites").fetch_one(&log.admin()).await.unwrap()
}

async fn checkpoints(log: &EventLog) -> Vec<String> {
    let all = "select projection from projections.checkpoints order by 1";
    sqlx::query_scalar(all).fetch_all(&log.admin()).await.unwrap()
}

/// A log whose registry has a row.
async fn filled() -> EventLog {
    let log = EventLog::create().await;
    Estate::new(&log, 'a').site(1, 0).await;
    catch_up::<Registry>(&log).await;
    assert_eq!(sites(&log).await, 1);
    log
}

#[tokio::test]
async fn a_second_installation_changes_nothing() {
    let log = filled().await;
    install(&log).await;
    assert_eq!((sites(&log).await, checkpoints(&log).await), (1, vec!["registry".to_owned()]));
}

#[tokio::test]
async fn tables_that_another_version_filled_are_made_anew_also_beside_a_checkpoint_of_this_one() {
    for change in [
        "update projections.checkpoints set version = version - 1",
        "insert into projections.checkpoints (projection, version) select projection, version - 1 from projections.checkpoints",
    ] {
        let log = filled().await;
        log.admin().execute(change).await.unwrap();
        install(&log).await;
        assert_eq!((sites(&log).await, checkpoints(&log).await), (0, vec![]), "{change}");
        catch_up::<Registry>(&log).await;
        assert_eq!(sites(&log).await, 1, "filled from the start of the log");
    }
}

#[tokio::test]
async fn a_projection_that_left_the_list_is_forgotten_and_one_with_a_new_name_fills_its_tables() {
    let log = filled().await;
    log.admin().execute("update projections.checkpoints set projection = 'register'").await.unwrap();
    install(&log).await;
    assert_eq!((sites(&log).await, checkpoints(&log).await), (0, vec![]));
    catch_up::<Registry>(&log).await;
    assert_eq!((sites(&log).await, checkpoints(&log).await), (1, vec!["registry".to_owned()]));
}

//! Owners and servers that die: no data is lost and no manual repair is needed.

use parking_database::{ClusterError, LocalCluster};
use rustix::process::{Signal, kill_process};
use sqlx::{ConnectOptions, Executor};

use crate::{Home, admin, eventually, text};

#[tokio::test]
async fn a_second_owner_is_refused() {
    let home = Home::new();
    let cluster = home.start().await;
    let refusal = LocalCluster::start(home.options()).await.err().unwrap();
    assert!(matches!(refusal, ClusterError::InUse { .. }));
    assert_eq!(
        refusal.to_string(),
        format!(
            "another parking process runs the database in {}; stop it or set PARKING_DATA_DIR",
            home.0.path().display()
        )
    );
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_server_without_an_owner_is_adopted_and_can_be_stopped() {
    let home = Home::new();
    drop(home.start().await);
    let orphan = home.pid();

    let cluster = home.start().await;
    assert_eq!(home.pid(), orphan);
    cluster.stop().await.unwrap();
    assert_eq!(home.layout().postmaster_pid(), None);
}

#[tokio::test]
async fn a_dead_server_is_restarted_with_its_data() {
    let home = Home::new();
    let cluster = home.start().await;
    kill_and_await_recovery(&home, &cluster).await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_dead_adopted_server_is_restarted_with_its_data() {
    let home = Home::new();
    drop(home.start().await);
    let cluster = home.start().await;
    kill_and_await_recovery(&home, &cluster).await;
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn the_remains_of_a_killed_server_do_not_block_the_next() {
    let home = Home::new();
    drop(home.start().await);
    kill_process(home.pid(), Signal::KILL).unwrap();

    let cluster = home.start().await;
    assert_eq!(text(&mut admin(&cluster).await, "select 'here'").await, "here");
    cluster.stop().await.unwrap();
}

async fn kill_and_await_recovery(home: &Home, cluster: &LocalCluster) {
    admin(cluster).await.execute("create table kept as select 42 as answer").await.unwrap();
    let killed = home.pid();
    kill_process(killed, Signal::KILL).unwrap();

    let mut connection = eventually("the server comes back", async || {
        let connection = cluster.admin_options().connect().await.ok()?;
        (home.layout().postmaster_pid()? != killed).then_some(connection)
    })
    .await;
    assert_eq!(text(&mut connection, "select answer::text from kept").await, "42");
}

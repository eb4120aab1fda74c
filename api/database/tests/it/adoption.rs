//! Owners and servers that die: no data is lost and no manual repair is needed.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::time::Duration;

use parking_database::{ClusterError, ClusterOptions, LocalCluster};
use rustix::process::{Signal, kill_process};
use sqlx::{ConnectOptions, Executor};
use tokio::time::timeout;

use crate::{Home, admin, eventually, may_act_as_root, text};

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

/// An earlier release let everybody in who reached the socket.
#[tokio::test]
async fn a_server_left_running_with_other_rules_is_replaced() {
    let home = Home::new();
    let rules = home.0.path().join("trust.conf");
    fs::write(&rules, "local all all trust\n").unwrap();
    let settings = vec![("hba_file".to_owned(), rules.display().to_string())];
    drop(LocalCluster::start(ClusterOptions { settings, ..home.options() }).await.unwrap());
    let orphan = home.pid();

    let cluster = home.start().await;
    assert_ne!(home.pid(), orphan);
    let methods = "select string_agg(distinct auth_method, ' ' order by auth_method) from pg_hba_file_rules";
    assert_eq!(text(&mut admin(&cluster).await, methods).await, "peer reject");
    cluster.stop().await.unwrap();
}

/// An earlier release did not know all roles.
#[tokio::test]
async fn an_adopted_server_knows_this_releases_roles() {
    let home = Home::new();
    let cluster = home.start().await;
    let mut connection = admin(&cluster).await;
    connection.execute("create role parking_reader login").await.unwrap();
    let map = home.layout().directory().join("pg_ident.conf");
    let known = fs::read_to_string(&map).unwrap();
    fs::write(&map, known.replace("parking_reader", "parking_writer")).unwrap();
    connection.execute("select pg_reload_conf()").await.unwrap();
    let reader = cluster.admin_options().username("parking_reader");
    eventually("the reader is refused", async || reader.connect().await.err()).await;
    drop(cluster);
    let orphan = home.pid();

    let cluster = home.start().await;
    assert_eq!(home.pid(), orphan);
    reader.connect().await.unwrap();
    cluster.stop().await.unwrap();
}

/// It does not say so to the session that asks it to read them.
#[tokio::test]
async fn a_server_that_cannot_read_its_settings_is_replaced() {
    let home = Home::new();
    drop(home.start().await);
    let settings = home.layout().data().join("postgresql.conf");
    let good = fs::read_to_string(&settings).unwrap();
    OpenOptions::new().append(true).open(&settings).unwrap().write_all(b"a line too many\n").unwrap();
    let started = timeout(Duration::from_secs(60), LocalCluster::start(home.options())).await;
    let refusal = started.expect("it ends").err().unwrap();
    assert!(
        matches!(&refusal, ClusterError::Ended { tail, .. } if tail.contains("postgresql.conf")),
        "{refusal}"
    );
    fs::write(&settings, good).unwrap();
    home.start().await.stop().await.unwrap();
}

/// The server's user writes the file, and root would end the process that it names.
#[tokio::test]
async fn a_process_of_another_user_is_not_taken_for_the_server() {
    if !may_act_as_root("only root runs the server as another user") {
        return;
    }
    let home = Home::new();
    drop(home.start().await);
    let file = home.layout().data().join("postmaster.pid");
    let before = fs::read_to_string(&file).unwrap();
    let (_, rest) = before.split_once('\n').unwrap();
    fs::write(&file, format!("{}\n{rest}", std::process::id())).unwrap();
    let refusal = LocalCluster::start(home.options()).await.err().unwrap();
    assert!(matches!(refusal, ClusterError::ForeignProcess { .. }), "{refusal}");
    fs::write(&file, before).unwrap();
    home.start().await.stop().await.unwrap();
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

//! Starting, stopping, and the server's properties.

use parking_database::LocalCluster;
use parking_database::cluster::Answer;
use sqlx::{Connection, Executor};

use crate::{Home, admin, text};

#[tokio::test]
async fn a_second_start_finds_the_data_of_the_first() {
    let home = Home::new();

    let cluster = home.start().await;
    let mut connection = admin(&cluster).await;
    connection.execute("create table kept as select 42 as answer").await.unwrap();
    connection.close().await.unwrap();
    cluster.stop().await.unwrap();
    assert_eq!(home.layout().answer().await, Answer::Nobody);

    let cluster = home.start().await;
    assert_eq!(text(&mut admin(&cluster).await, "select answer::text from kept").await, "42");
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn the_server_is_durable_checked_and_private() {
    let home = Home::new();
    let mut options = home.options();
    options.settings.push(("work_mem".into(), "5MB".into()));
    let cluster = LocalCluster::start(options).await.unwrap();

    let mut connection = admin(&cluster).await;
    for (setting, value) in [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
        ("jit", "off"),
        ("work_mem", "5MB"),
    ] {
        assert_eq!(text(&mut connection, &format!("show {setting}")).await, value, "{setting}");
    }
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn open_connections_do_not_block_a_stop() {
    let home = Home::new();
    let cluster = home.start().await;
    let _busy = admin(&cluster).await;
    cluster.stop().await.unwrap();
    assert_eq!(home.layout().answer().await, Answer::Nobody);
}

#[tokio::test]
async fn another_process_may_attach_while_the_server_runs() {
    let home = Home::new();
    let cluster = home.start().await;
    let options = LocalCluster::attach(home.0.path()).await.unwrap();
    assert_eq!(options.get_socket(), cluster.admin_options().get_socket());
    cluster.stop().await.unwrap();

    let refusal = LocalCluster::attach(home.0.path()).await.unwrap_err().to_string();
    assert!(refusal.starts_with("no database runs in /"), "{refusal}");
}

#[tokio::test]
async fn the_url_leads_to_the_same_server() {
    let home = Home::new();
    let cluster = home.start().await;
    let url = cluster.layout().url("postgres", "postgres");
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    assert_eq!(text(&mut connection, "select current_user::text").await, "postgres");
    cluster.stop().await.unwrap();
}

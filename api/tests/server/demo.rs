//! `parking up --demo`: a simulated car park, which is the same at the next start.

use parking_testkit::TestDatabase;
use sqlx::{ConnectOptions, Executor};
use tokio::time::timeout;

use crate::support::{PATIENCE, TestServer, UPLINK, eventually, parking};
use crate::uplinks::uplink;

async fn demo(database: &TestDatabase, seed: &str) -> TestServer {
    let mut command = parking(&["up", "--demo", "--demo-speed", "3600", "--demo-seed", seed]);
    TestServer::launch(command.env("DATABASE_URL", database.url(None))).await
}

/// The number of spaces and of occupied spaces, once some are occupied.
async fn occupied(server: &TestServer) -> (i64, i64) {
    eventually("cars come", async || {
        let stats = server.client.ask("GET", "/api/v6/spaces/stats", None).await.ok();
        let count = |name: &str| stats[name].as_i64().unwrap();
        (count("occupied") > 2).then(|| (count("total_spaces"), count("occupied")))
    })
    .await
}

#[tokio::test]
async fn cars_come_and_go_and_a_restart_keeps_the_car_park() {
    let database = TestDatabase::create().await;
    let server = demo(&database, "1").await;
    assert_eq!(occupied(&server).await.0, 24);
    eventually("somebody books", async || {
        let booked = server.client.ask("GET", "/api/v6/reservations", None).await.ok();
        (booked["total"].as_i64().unwrap() > 0).then_some(())
    })
    .await;
    // The codes that V6's pages can edit.
    let spaces = server.client.ask("GET", "/api/v6/spaces", None).await.ok();
    let codes = spaces["items"].as_array().unwrap().iter().map(|space| space["code"].as_str().unwrap());
    assert!(codes.clone().any(|code| code == "H01"), "{spaces}");
    assert!(codes.flat_map(str::chars).all(|c| c.is_ascii_alphanumeric()), "{spaces}");
    assert!(!server.log().contains("did not take"), "everything that is sent is accepted");
    assert_eq!(server.terminate().await.code(), Some(0));

    let server = demo(&database, "2").await;
    assert_eq!(occupied(&server).await.0, 24);
    let devices = server.client.ask("GET", "/api/v6/devices?page_size=100", None).await.ok();
    assert_eq!(devices["total"], 26);
    assert!(!server.log().contains("did not take"), "everything that is sent is accepted");
}

#[tokio::test]
async fn a_database_that_holds_anything_else_is_refused() {
    let database = TestDatabase::create().await;
    // What every installation starts with is nothing of the user's.
    assert!(TestServer::start(&database).await.terminate().await.success());
    let empty = TestServer::launch(parking(&["up", "--demo"]).env("DATABASE_URL", database.url(None))).await;
    assert!(empty.terminate().await.success());

    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    server.client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
    assert!(server.terminate().await.success());
    // A start would make it again.
    let mut admin = database.database().admin.connect().await.unwrap();
    admin.execute("drop index projections.devices_of_space").await.unwrap();
    refused(&database).await;
    let made = "select to_regclass('projections.devices_of_space') is not null";
    let is_changed: bool = sqlx::query_scalar(made).fetch_one(&mut admin).await.unwrap();
    assert!(!is_changed, "the database is refused before anything in it is changed");
    let server = TestServer::start(&database).await;
    let spaces = server.client.ask("GET", "/api/v6/spaces", None).await.ok();
    assert_eq!(spaces["total"], 0);
}

#[tokio::test]
async fn a_database_of_another_program_is_refused_and_not_taken_over() {
    let database = TestDatabase::create().await;
    let mut admin = database.database().admin.connect().await.unwrap();
    let mut change = async |sql: &str| {
        admin.execute(sql).await.unwrap();
    };
    // The platform's, without an event, and a table of another program.
    change("create table public.invoices (number int)").await;
    refused(&database).await;
    change("drop table public.invoices; create schema shop; create table shop.invoices (number int)").await;
    refused(&database).await;
    // Another program's alone.
    for schema in ["projections", "operator", "ops"] {
        change(&format!("drop schema if exists {schema} cascade")).await;
    }
    change("drop schema public cascade; create schema public").await;
    refused(&database).await;
    let made =
        "select to_regnamespace('projections') is not null or to_regclass('public.events') is not null";
    let is_changed: bool = sqlx::query_scalar(made).fetch_one(&mut admin).await.unwrap();
    assert!(!is_changed, "the database is refused before anything in it is changed");
}

async fn refused(database: &TestDatabase) {
    let mut command = parking(&["up", "--demo"]);
    let output = timeout(PATIENCE, command.env("DATABASE_URL", database.url(None)).output());
    let output = output.await.expect("it ends").unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        !output.status.success() && message.contains("--demo is refused: this database holds data"),
        "{message}"
    );
}

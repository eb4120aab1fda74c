//! Conditions that keep the server from starting. Each is reported in one line before anything is changed.

use std::process::Output;

use parking_testkit::TestDatabase;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{PATIENCE, TestServer, parking};

/// The error message of a command that must fail.
pub(crate) async fn failure(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, command.output()).await.expect("it ends by itself").unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(stdout.is_empty());
    String::from_utf8(stderr).unwrap()
}

#[tokio::test]
async fn data_is_only_served_on_loopback() {
    let database = TestDatabase::create().await;
    let mut command = parking(&["up"]);
    command
        .env("PARKING_LISTEN", "0.0.0.0:0")
        .env("PARKING_INSECURE_HTTP", "true")
        .env("CHIRPSTACK_WEBHOOK_SECRET", "correct-horse-battery-staple");
    let server = TestServer::launch(command.env("DATABASE_URL", database.url(None))).await;
    server.client.get("/api/v6/orphan-devices").await.problem(404, "not_found");
    assert_eq!(server.client.get("/health").await.status, 200);
}

#[tokio::test]
async fn a_secret_that_is_not_a_header_value() {
    let mut command = parking(&["up"]);
    let error = failure(command.env("CHIRPSTACK_WEBHOOK_SECRET", "hunter2\n")).await;
    assert!(error.contains("white space") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_secret_that_can_be_guessed() {
    let home = TempDir::new().unwrap();
    let directory = home.path().join("data");
    for secret in ["x", "fifteen letters"] {
        let mut command = parking(&["up"]);
        command.env("CHIRPSTACK_WEBHOOK_SECRET", secret).env("PARKING_DATA_DIR", &directory);
        let error = failure(&mut command).await;
        assert!(error.contains("CHIRPSTACK_WEBHOOK_SECRET") && error.contains("16 characters"), "{error}");
        assert!(!error.contains(secret) || secret == "x", "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_secret_of_sixteen_characters_is_long_enough() {
    let database = TestDatabase::create().await;
    let server = TestServer::with_secret(&database, "sixteen letters!").await;
    assert_eq!(server.client.get("/health").await.status, 200);
}

#[tokio::test]
async fn listening_beyond_loopback_without_a_secret() {
    let home = TempDir::new().unwrap();
    let directory = home.path().join("data");
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8000"] {
        for secret in [None, Some("")] {
            let mut command = parking(&["up"]);
            command.env("PARKING_LISTEN", listen).env("PARKING_DATA_DIR", &directory);
            if let Some(secret) = secret {
                command.env("CHIRPSTACK_WEBHOOK_SECRET", secret);
            }
            let error = failure(&mut command).await;
            assert!(error.contains("CHIRPSTACK_WEBHOOK_SECRET"), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let home = TempDir::new().unwrap();
    let directory = home.path().join("data");
    let mut command = parking(&["up"]);
    command.env("PARKING_LISTEN", server.client.address()).env("PARKING_DATA_DIR", &directory);
    let error = failure(&mut command).await;
    assert!(error.contains("cannot listen on") && error.contains("PARKING_LISTEN"), "{error}");
    assert!(!directory.exists());
}

#[tokio::test]
async fn a_missing_database() {
    let nowhere = "postgres://parking:correct-horse@127.0.0.1:1/parking";
    let error = failure(parking(&["up"]).env("DATABASE_URL", nowhere)).await;
    assert!(error.contains("cannot connect to the database") && error.contains("DATABASE_URL"), "{error}");
    assert!(!error.contains("correct-horse"), "{error}");
    let nonsense = "mysql//parking:correct-horse@here";
    let error = failure(parking(&["up"]).env("DATABASE_URL", nonsense)).await;
    assert!(error.contains("DATABASE_URL is not a PostgreSQL URL"), "{error}");
    assert!(!error.contains("correct-horse"), "{error}");
}

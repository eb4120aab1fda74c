//! The first admin, and the way back in from the host.

use std::process::Stdio;

use parking_testkit::TestDatabase;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use super::people::{PASSWORD, Person, ROOT, join, login, start, with_logins};
use crate::support::{PATIENCE, TestServer, parking, program};

/// A generated password is printed, not logged, and changed before anything else.
#[tokio::test]
async fn a_lost_password_is_replaced_on_the_host() {
    let database = TestDatabase::create().await;
    let server = start(&database).await;
    let client = &server.client;
    let mut reset = program(&["admin", "reset", ROOT]);
    let output = reset.env("DATABASE_URL", database.url(None)).stderr(Stdio::piped()).output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed} {}", String::from_utf8_lossy(&output.stderr));
    let password = printed.lines().next().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains(password));

    let body = json!({"email": ROOT, "password": password});
    let answer = client.ask("POST", "/api/auth/login", body).await.ok();
    assert_eq!(answer["user"]["must_change_password"], true);
    let root = Person::of(&answer);
    root.ask(client, "GET", "/api/v6/jobs", None).await.problem(403, "password_change_required");
    let switch = json!({"tenant_slug": "default"});
    let answer = root.ask(client, "POST", "/api/auth/switch-tenant", switch).await;
    answer.problem(403, "password_change_required");
    assert_eq!(root.ask(client, "GET", "/api/auth/me", None).await.status, 200);
    let change = json!({"current_password": password, "new_password": "staple the battery"});
    root.ask(client, "POST", "/api/auth/change-password", change).await.ok();
    assert_eq!(root.ask(client, "GET", "/api/v6/jobs", None).await.status, 200);
    let wrong = json!({"current_password": "x", "new_password": "another battery"});
    let answer = root.ask(client, "POST", "/api/auth/change-password", wrong).await;
    answer.problem(403, "password_wrong");
    assert!(!server.log().contains(password));
}

/// An open server needs no login, but takes one.
#[tokio::test]
async fn an_open_server_serves_without_a_login_and_with_one() {
    let database = TestDatabase::create().await;
    drop(start(&database).await);
    let server = TestServer::launch(parking(&["up"]).env("DATABASE_URL", database.url(None))).await;
    let client = &server.client;
    assert_eq!(client.ask("GET", "/api/v6/sites", None).await.status, 200);
    client.ask("GET", "/api/v6/users", None).await.problem(401, "credential_missing");
    client.ask("GET", "/api/auth/me", None).await.problem(401, "credential_missing");
    let root = super::people::login(client, ROOT, Some("default")).await;
    assert_eq!(root.ask(client, "GET", "/api/v6/users", None).await.ok()["total"], 1);
    let garbage = [("authorization", "Bearer a.b.c")];
    client.ask_with("GET", "/api/v6/sites", &garbage, None).await.problem(401, "token_invalid");
    let elsewhere = [("x-tenant-slug", "platform")];
    client.ask_with("GET", "/api/v6/sites", &elsewhere, None).await.problem(403, "not_member");
    // As the quickstart sends it where no token is set.
    let empty = [("authorization", "Bearer")];
    assert_eq!(client.ask_with("GET", "/api/v6/sites", &empty, None).await.status, 200);
}

/// Prometheus has a token of its own, because logins end.
#[tokio::test]
async fn a_scraper_reads_the_metrics_with_a_token_of_its_own() {
    let database = TestDatabase::create().await;
    let mut command = super::people::with_logins(&database);
    let server = TestServer::launch(command.env("PARKING_METRICS_TOKEN", "sixteen-letters!")).await;
    let get = async |token: &str| {
        server.client.ask_with("GET", "/metrics", &[("authorization", token)], None).await
    };
    assert_eq!(get("Bearer sixteen-letters!").await.status, 200);
    get("Bearer sixteen-letters?").await.problem(401, "token_invalid");
    server.client.ask("GET", "/metrics", None).await.problem(401, "credential_missing");
    let bearer = [("authorization", "Bearer sixteen-letters!")];
    let answer = server.client.ask_with("GET", "/api/v6/sites", &bearer, None).await;
    answer.problem(401, "token_invalid");
}

#[tokio::test]
async fn where_nobody_registers_users_come_by_invitation() {
    let database = TestDatabase::create().await;
    let server = TestServer::launch(with_logins(&database).args(["--no-registration"])).await;
    let client = &server.client;
    let body = json!({
        "email": "ann@example.com", "password": PASSWORD, "username": "Ann", "tenant_name": "Quayside", "tenant_slug": "quay",
    });
    client.ask("POST", "/api/auth/register", body).await.problem(403, "registration_closed");
    let root = login(client, ROOT, Some("default")).await;
    join(client, &root, "ann@example.com", "viewer").await;
}

/// The shell executes what `./parking login` prints.
#[tokio::test]
async fn of_an_answer_the_shell_gets_nothing_but_a_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let body = r#"{"access_token":"x;echo INJECTED >&2"}"#;
        let answer =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        while let Ok((mut stream, _)) = listener.accept().await {
            let _read = stream.read(&mut [0; 4096]).await;
            let _sent = stream.write_all(answer.as_bytes()).await;
        }
    });
    let mut login = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../parking"));
    login.arg("login").env("PARKING_URL", url).env("PARKING_EMAIL", ROOT).env("PARKING_PASSWORD", PASSWORD);
    let output = timeout(PATIENCE, login.output()).await.expect("it ends").unwrap();
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("INJECTED"), "the answer is shown: {output:?}");
}

//! The health checks say whether an append would be committed now.

use parking_testkit::{Role, TestDatabase};
use serde_json::Value;
use sqlx::{ConnectOptions, Executor, PgConnection, PgPool};

use crate::log::Log;
use crate::private_cluster::Home;
use crate::support::{Answer, Client, TestServer, UPLINK, eventually};
use crate::uplinks::uplink;

const CHECKS: [(&str, &str); 2] = [("/webhooks/health", "unhealthy"), ("/health/ready", "not_ready")];

fn commit(answer: &Answer) -> Value {
    let json = answer.json();
    let checks = json["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == "commit").expect("it is shown").clone()
}

async fn healthy(client: &Client) {
    for (path, _) in CHECKS {
        let answer = eventually("appends are committed", async || {
            let answer = client.get(path).await;
            (answer.status == 200).then_some(answer)
        })
        .await;
        let commit = commit(&answer);
        assert_eq!(commit["status"], "ok", "{answer:?}");
        assert!(commit["age_seconds"].as_f64().is_some_and(|age| (0.0..10.0).contains(&age)), "{answer:?}");
    }
    assert_eq!(health(client).await, ("healthy".into(), "ok".into()));
}

/// The status and the reason by `/health`, which answers 200 as long as the database answers.
async fn health(client: &Client) -> (String, String) {
    let health = client.get("/health").await.ok();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!(health["checks"]["database"], "ok");
    let dashboard = client.get("/api/v6/dashboard/data").await.ok();
    assert_eq!(dashboard["system_health"]["status"], health["status"]);
    (text(&health["status"]), text(&health["checks"]["commit"]))
}

async fn unhealthy(client: &Client, reason: &str) {
    for (path, code) in CHECKS {
        let answer = eventually("the health says that nothing is committed", async || {
            let answer = client.get(path).await;
            (answer.status == 503).then_some(answer)
        })
        .await;
        assert_eq!(answer.code().as_deref(), Some(code), "{answer:?}");
        let (json, commit) = (answer.json(), commit(&answer));
        assert!(json["detail"].as_str().unwrap().contains(reason), "{answer:?}");
        assert_eq!((&commit["status"], &commit["reason"]), (&"failed".into(), &reason.into()), "{answer:?}");
        assert!(commit["age_seconds"].is_f64(), "{answer:?}");
    }
    let degraded = ("degraded".to_owned(), format!("nothing can be recorded: {reason}"));
    assert_eq!(health(client).await, degraded);
}

#[tokio::test]
async fn a_stuck_writer_is_unhealthy() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    healthy(&server.client).await;
    let mut other = database.database().admin.connect().await.unwrap();
    for lock in ["select from log_head for update", "lock table events in share mode"] {
        other.execute(&*format!("begin; {lock}")).await.unwrap();
        unhealthy(&server.client, "appends wait for a lock that another session holds").await;
        // The process itself is well, and a restart would not help.
        assert_eq!(server.client.get("/health/live").await.status, 200);
        other.execute("rollback").await.unwrap();
        healthy(&server.client).await;
    }
    assert_eq!(Log::of(&database).size().await, 0, "a check appends nothing");
    server.client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
}

#[tokio::test]
async fn a_read_only_server_is_unhealthy() {
    let home = Home::new();
    let server = home.up().await;
    healthy(&server.client).await;
    let mut admin = home.admin().await;
    let read_only = async |admin: &mut PgConnection, value: &str| {
        let sql = format!("alter system set default_transaction_read_only = {value}");
        admin.execute("set default_transaction_read_only = off").await.unwrap();
        admin.execute(&*sql).await.unwrap();
        admin.execute("select pg_reload_conf()").await.unwrap();
    };
    read_only(&mut admin, "on").await;
    unhealthy(&server.client, "the database is read-only").await;
    read_only(&mut admin, "off").await;
    healthy(&server.client).await;
    assert!(server.terminate().await.success());
}

/// A full disk refuses to make a file longer. What is overwritten in place would not notice.
#[tokio::test]
async fn each_probe_needs_room_on_the_disk_and_the_file_stays_small() {
    let database = TestDatabase::create().await;
    let writer = database.pool(Role::Writer);
    let admin = PgPool::connect_with(database.database().admin.clone()).await.unwrap();
    let size = async || -> i64 {
        let size = sqlx::query_scalar("select pg_relation_size('ops.commit_probe')").fetch_one(&admin);
        size.await.unwrap()
    };
    let probe = async || {
        sqlx::query("select probe_commit()").execute(&writer).await.unwrap();
    };
    let (mut before, mut emptied) = (size().await, 0);
    for _ in 0..300 {
        probe().await;
        let after = size().await;
        assert!(after > before || before > 1024 * 1024, "{before} {after}");
        emptied += usize::from(after < before);
        before = after;
    }
    assert_eq!(emptied, 2);

    // A backup reads the table for hours: the probe goes on, and makes the file longer meanwhile.
    let mut backup = admin.begin().await.unwrap();
    backup.execute("lock table ops.commit_probe in access share mode").await.unwrap();
    for _ in 0..140 {
        probe().await;
    }
    assert!(size().await > 1024 * 1024);
    backup.rollback().await.unwrap();
    probe().await;
    assert!(size().await < 16 * 1024);
    for role in [Role::Reader, Role::Projector, Role::Auditor] {
        assert!(
            sqlx::query("select probe_commit()").execute(&database.pool(role)).await.is_err(),
            "{role:?}"
        );
    }
}

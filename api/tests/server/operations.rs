//! Operations: health checks, metrics and jobs.

use parking_testkit::{Role, TestDatabase};
use serde_json::Value;

use crate::support::{TestServer, UPLINK, eventually};

/// The check with this name.
fn check<'a>(answer: &'a Value, name: &str) -> &'a Value {
    let checks = answer["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn health_checks_report_live_and_ready_and_name_failures() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let live = server.client.get("/health/live").await;
    assert_eq!((live.status, &live.json()["status"]), (200, &"live".into()));
    let ready = eventually("it is ready", async || {
        let answer = server.client.get("/health/ready").await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(ready["status"], "ready");
    let names = ["writer", "database", "projection fleet", "projection registry", "projection occupancy"];
    for name in names {
        assert_eq!(check(&ready, name)["status"], "ok", "{name}");
    }

    sqlx::query("update projections.checkpoints set status = 'stopped' where projection = 'fleet'")
        .execute(&database.pool(Role::Projector))
        .await
        .unwrap();
    let answer = server.client.get("/health/ready").await;
    let json = answer.json();
    assert_eq!((answer.status, &json["code"]), (503, &"not_ready".into()), "{answer:?}");
    let failed = check(&json, "projection fleet");
    assert!(failed["reason"].as_str().unwrap().starts_with("it stopped after position"), "{failed}");
    assert!(json["detail"].as_str().unwrap().contains("projection fleet"), "{json}");
    assert_eq!(check(&json, "projection registry")["status"], "ok");
    assert_eq!(server.client.get("/health/live").await.status, 200, "it need not be started again");
}

/// The value of a sample, by name with labels.
fn sample(text: &str, name: &str) -> Option<f64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap())
}

#[tokio::test]
async fn metrics_count_reports_and_show_the_progress_of_the_read_models() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let uplink = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples/uplink.json")).unwrap();
    let position = server.client.post(UPLINK, uplink.clone()).await.accepted();
    server.client.post(UPLINK, uplink).await.duplicate();
    server.client.post(UPLINK, "{").await.problem(400, "malformed_json");
    server.client.get("/nowhere/7f").await.problem(404, "not_found");
    server.client.get(&format!("/api/v6/orphan-devices?min_position={position}")).await;
    let answer = server.client.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = &answer.body;
    for (name, expected) in [
        ("parking_webhook_reports_total{outcome=\"accepted\"}", 1.0),
        ("parking_webhook_reports_total{outcome=\"duplicate\"}", 1.0),
        ("parking_webhook_reports_total{outcome=\"refused\"}", 1.0),
        ("parking_refusals_total{code=\"malformed_json\"}", 1.0),
        ("parking_http_requests_total{method=\"POST\",route=\"/api/v1/uplink\",status=\"200\"}", 2.0),
        ("parking_http_requests_total{method=\"POST\",route=\"/api/v1/uplink\",status=\"400\"}", 1.0),
        ("parking_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"}", 1.0),
        ("parking_http_request_duration_seconds_count{route=\"/api/v1/uplink\"}", 3.0),
        ("parking_projection_running{projection=\"fleet\"}", 1.0),
        ("parking_projection_dead_letters{projection=\"fleet\"}", 0.0),
        ("parking_projection_lag_events{projection=\"fleet\"}", 0.0),
    ] {
        assert_eq!(sample(text, name), Some(expected), "{name} in\n{text}");
    }
    #[expect(clippy::cast_precision_loss, reason = "a short log")]
    let position = position as f64;
    assert!(sample(text, "parking_log_head").unwrap() >= position);
    assert!(sample(text, "parking_appends_total").unwrap() >= 1.0);
    assert!(sample(text, "parking_append_batches_total").unwrap() >= 1.0);
    assert!(text.ends_with("# EOF\n"), "{text}");
}

#[tokio::test]
async fn metrics_are_served_in_the_text_format_that_the_scraper_accepts() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    client.post(UPLINK, "{").await.problem(400, "malformed_json");
    let answer = client.get_with("/metrics", &[("accept", "text/plain")]).await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.body.contains("# TYPE parking_refusals_total counter\n"), "{}", answer.body);
    assert!(answer.body.contains("\nparking_refusals_total{code=\"malformed_json\"} 1\n"), "{}", answer.body);
    assert!(!answer.body.contains("# EOF") && answer.body.ends_with('\n'));
    let answer = client.get_with("/metrics", &[("accept", "*/*")]).await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
}

#[tokio::test]
async fn one_of_two_servers_runs_the_jobs_and_the_other_takes_over() {
    let database = TestDatabase::create().await;
    let servers = [TestServer::start(&database).await, TestServer::start(&database).await];
    let pool = database.pool(Role::Writer);
    let ended = async |job: &str| -> Vec<String> {
        sqlx::query_scalar("select outcome from ops.job_runs where job = $1 and finished_at is not null")
            .bind(job)
            .fetch_all(&pool)
            .await
            .unwrap()
    };
    for job in ["expire_reservations", "cleanup_readings"] {
        eventually("it ran", async || (!ended(job).await.is_empty()).then_some(())).await;
        assert_eq!(ended(job).await, ["succeeded"], "{job}");
    }
    let leads = |server: &TestServer| server.log().contains("this process leads");
    let [first, second] = servers;
    let (leader, other) = if leads(&first) { (first, second) } else { (second, first) };
    assert!(leads(&leader) && !leads(&other));
    assert!(leader.terminate().await.success());
    eventually("the other one leads", async || leads(&other).then_some(())).await;
}

#[tokio::test]
async fn a_job_runs_on_request_and_shows_its_result() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let jobs = client.ask("GET", "/api/v6/jobs", None).await.ok();
    let names: Vec<_> = jobs["jobs"].as_array().unwrap().iter().map(|job| job["name"].clone()).collect();
    assert_eq!(names, ["expire_reservations", "cleanup_readings"]);
    assert_eq!(jobs["jobs"][0]["interval_seconds"], 60);

    let runs = "/api/v6/jobs/cleanup_readings/runs";
    let run = eventually("nobody else runs it", async || {
        let answer = client.ask("POST", "/api/v6/jobs/cleanup_readings/run", None).await;
        (answer.status == 202).then(|| answer.json())
    })
    .await;
    let done = eventually("it ends", async || {
        let listed = client.ask("GET", runs, None).await.ok();
        let found =
            listed["runs"].as_array().unwrap().iter().find(|done| done["id"] == run["run_id"]).cloned();
        found.filter(|done| !done["finished_at"].is_null())
    })
    .await;
    assert_eq!((&done["outcome"], &done["trigger"]), (&"succeeded".into(), &"request".into()), "{done}");
    let standing = client.ask("GET", "/api/v6/jobs/cleanup_readings", None).await.ok();
    assert_eq!(standing["running"], false);
    client.ask("POST", "/api/v6/jobs/tidy_up/run", None).await.problem(404, "job_not_found");
}

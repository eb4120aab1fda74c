//! Sites and their spaces over HTTP: created, updated, read and deleted.

use parking_testkit::TestDatabase;
use serde_json::json;

use crate::support::{Client, TestServer};

#[tokio::test]
async fn a_site_with_spaces_from_creation_to_archive() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let site = json!({"name": "Harbour", "slug": "harbour", "timezone": "Europe/Paris", "latitude": 43.3, "longitude": 5.4});
    let made = client.ask("POST", "/api/v6/sites", site.clone()).await;
    assert_eq!(made.status, 201);
    let site_id = made.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.ok()["space_count"], 0);
    client.ask("POST", "/api/v6/sites", site).await.problem(409, "site_name_taken");

    let spaces = format!("/api/v6/sites/{site_id}/spaces");
    let space = client.ask("POST", &spaces, json!({"code": "A-1", "floor": "1"})).await;
    let space_id = space.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!((&space.ok()["site_id"], &space.ok()["name"]), (&json!(site_id), &json!("A-1")));
    client.ask("POST", &spaces, json!({"code": "A-1"})).await.problem(409, "space_code_taken");
    let listed = client.ask("GET", "/api/v6/sites?include_stats=yes", None).await.ok();
    let harbour = listed["sites"].as_array().unwrap().iter().find(|site| site["id"] == site_id.as_str());
    assert_eq!(harbour.unwrap()["space_count"], 1);

    let path = format!("/api/v6/spaces/{space_id}");
    let changed = client.ask("PATCH", &path, json!({"status": "occupied", "zone": "B"})).await.ok();
    assert_eq!(
        (&changed["status"], &changed["zone"], &changed["floor"]),
        (&json!("occupied"), &json!("B"), &json!("1"))
    );
    let filled = client.ask("GET", &format!("/api/v6/sites/{site_id}/occupancy"), None).await.ok();
    assert_eq!((&filled["occupied"], &filled["occupancy_rate"]), (&json!(1), &json!(100.0)));
    client.ask("DELETE", &format!("/api/v6/sites/{site_id}"), None).await.problem(409, "site_not_empty");

    let gone = client.ask("DELETE", &path, None).await.ok();
    assert_eq!((&gone["success"], &gone["space_code"]), (&json!(true), &json!("A-1")));
    client.ask("GET", &path, None).await.problem(404, "space_not_found");
    client.ask("DELETE", &path, None).await.problem(404, "space_not_found");
    let gone = client.ask("DELETE", &format!("/api/v6/sites/{site_id}"), None).await.ok();
    assert_eq!(gone["name"], "Harbour");
}

#[tokio::test]
async fn the_last_site_is_not_deleted_and_spaces_always_have_one() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let default = "/api/v6/sites/00000000-0000-0000-0000-000000000001";
    client.ask("DELETE", default, None).await.problem(409, "last_site");
    let made = client.ask("POST", "/api/v6/sites", json!({"name": "Harbour", "slug": "harbour"})).await.ok();
    client.ask("DELETE", default, None).await.ok();
    let space = client.ask("POST", "/api/v6/spaces", json!({"code": "A-1"})).await.ok();
    assert_eq!(space["site_id"], made["id"]);
    client.ask("DELETE", &format!("/api/v6/spaces/{}", space["id"].as_str().unwrap()), None).await.ok();
    let harbour = format!("/api/v6/sites/{}", made["id"].as_str().unwrap());
    client.ask("DELETE", &harbour, None).await.problem(409, "last_site");
    client.ask("POST", "/api/v6/spaces", json!({"code": "A-1"})).await.ok();
}

#[tokio::test]
async fn of_two_sites_that_are_deleted_at_once_one_remains() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut last = "00000000-0000-0000-0000-000000000001".to_owned();
    for round in 0..10 {
        let site = json!({"name": format!("Site {round}"), "slug": format!("site-{round}")});
        let made = client.ask("POST", "/api/v6/sites", site).await.ok()["id"].as_str().unwrap().to_owned();
        let delete = async |id: &str| client.ask("DELETE", &format!("/api/v6/sites/{id}"), None).await;
        let (one, other) = tokio::join!(delete(&last), delete(&made));
        match (one.status, other.status) {
            (200, 409) => last = made,
            (409, 200) => {}
            statuses => panic!("round {round}: {statuses:?}"),
        }
        assert_eq!(client.ask("GET", "/api/v6/sites", None).await.ok()["total"], 1, "round {round}");
    }
}

#[tokio::test]
async fn disabled_spaces_are_not_available() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    client.ask("POST", "/api/v6/spaces", json!({"code": "A-1", "status": "free"})).await.ok();
    let disabled = json!({"code": "A-2", "status": "free", "enabled": false});
    client.ask("POST", "/api/v6/spaces", disabled).await.ok();
    let site = "/api/v6/sites/00000000-0000-0000-0000-000000000001";
    for path in ["/api/v6/spaces/stats", "/api/v6/spaces/stats/occupancy", &format!("{site}/occupancy")] {
        let counts = client.ask("GET", path, None).await.ok();
        assert_eq!((&counts["free"], &counts["available"]), (&json!(2), &json!(1)), "{path}");
    }
    let all = client.ask("GET", "/api/v6/sites/occupancy/all", None).await.ok();
    assert_eq!(all[0]["available"], 1);
    let dashboard = client.ask("GET", "/api/v6/dashboard/data", None).await.ok();
    assert_eq!(dashboard["spaces"]["available"], 1);
    let past = format!("{site}/occupancy?as_of={}", past_position(client).await);
    assert_eq!(client.ask("GET", &past, None).await.ok()["available"], 1);
}

/// The position that the read models have reached.
async fn past_position(client: &Client) -> String {
    client.ask("GET", "/api/v6/orphan-devices", None).await.header("x-position").to_owned()
}

#[tokio::test]
async fn a_repeated_command_with_the_same_key_is_executed_once() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let key = [("idempotency-key", "first")];
    let body = json!({"code": "A-1", "status": "maintenance"});
    let first = client.ask_with("POST", "/api/v6/spaces", &key, body.clone()).await;
    let again = client.ask_with("POST", "/api/v6/spaces", &key, body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!((first.ok(), first.header("x-position")), (again.ok(), again.header("x-position")));
    let other = client.ask_with("POST", "/api/v6/spaces", &key, json!({"code": "A-2"})).await;
    other.problem(409, "request_key_reused");
    assert_eq!(client.ask("GET", "/api/v6/spaces", None).await.ok()["total"], 1);

    let path = format!("/api/v6/spaces/{}", first.ok()["id"].as_str().unwrap());
    let change = json!({"name": "Corner", "status": "free"});
    for _ in 0..2 {
        let key = [("idempotency-key", "second")];
        let changed = client.ask_with("PUT", &path, &key, change.clone()).await.ok();
        assert_eq!((&changed["name"], &changed["status"]), (&json!("Corner"), &json!("free")));
    }
    assert_eq!(client.ask("GET", &format!("{path}/history"), None).await.ok()["total"], 3);
}

#[tokio::test]
async fn invalid_requests_are_refused_with_a_reason() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for (path, code) in [
        ("/api/v6/spaces/7", "parameter_invalid"),
        ("/api/v6/spaces?site_id=7", "parameter_invalid"),
        ("/api/v6/spaces?page=0", "parameter_invalid"),
        ("/api/v6/spaces?page_size=501", "parameter_invalid"),
        ("/api/v6/sites?include_stats=perhaps", "parameter_invalid"),
        ("/api/v6/spaces?min_position=900", "position_unknown"),
        ("/api/v6/sites/00000000-0000-0000-0000-000000000001/occupancy?as_of=900", "position_unknown"),
    ] {
        client.ask("GET", path, None).await.problem(422, code);
    }
    for body in
        [json!([]), json!(7), json!({"code": 7}), json!({"code": "A", "auto_release_minutes": "soon"})]
    {
        client.ask("POST", "/api/v6/spaces", body).await.problem(422, "body_invalid");
    }
    client.ask("POST", "/api/v6/spaces", json!({})).await.problem(422, "code_invalid");
    client.ask("POST", "/api/v6/spaces", None).await.problem(422, "body_invalid");
    client.post("/api/v6/spaces", "{").await.problem(400, "malformed_json");
    let text = [("content-type", "text/plain")];
    client.post_with("/api/v6/spaces", &text, "code=A").await.problem(415, "unsupported_media_type");
    client.ask("GET", "/api/v6/spaces/?page=undefined&current_state=null", None).await.ok();
    client.get("/api/v6/nothing").await.problem(404, "not_found");
    client.post("/api/v6/spaces/stats", "{}").await.problem(405, "method_not_allowed");
}

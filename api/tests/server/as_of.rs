//! `as_of` over HTTP: everything in an answer is as of one moment of the log.

use parking_testkit::{Role, TestDatabase};
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::support::{Answer, Client, TestServer, UPLINK, parking};
use crate::uplinks::{dev_eui, uplink};

/// The site that a tenant begins with.
const SITE: &str = "/api/v6/sites/00000000-0000-0000-0000-000000000001";

fn position(answer: &Answer) -> i64 {
    answer.header("x-position").parse().unwrap()
}

/// Executes a command; returns its position.
async fn done(client: &Client, method: &str, path: &str, body: Value) -> i64 {
    let answer = client.ask(method, path, body).await;
    answer.ok();
    position(&answer)
}

async fn as_of(client: &Client, path: &str, moment: impl ToString) -> Answer {
    client.ask("GET", &format!("{path}?as_of={}", moment.to_string()), None).await
}

/// A reading of device 1.
async fn reading(client: &Client, f_cnt: u32, occupied: bool) -> i64 {
    let mut uplink = uplink(1, f_cnt);
    uplink["data"] = json!(if occupied { "Afs4AAAxEQA=" } else { "APs4AAAxEQA=" });
    client.post(UPLINK, uplink.to_string()).await.accepted()
}

#[tokio::test]
async fn before_any_sensor_a_space_shows_none_and_its_name_of_then() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let made = client.ask("POST", "/api/v6/spaces", json!({"code": "A-1"})).await;
    let before = position(&made);
    let path = format!("/api/v6/spaces/{}", made.ok()["id"].as_str().unwrap());
    let sensor = device(client, 1, "sensor").await;
    let assigned =
        done(client, "POST", &format!("{path}/assign-sensor?sensor_eui={}", dev_eui(1)), Value::Null).await;
    reading(client, 0, true).await;
    done(client, "PATCH", &path, json!({"name": "Corner", "floor": "2"})).await;
    done(client, "PATCH", SITE, json!({"name": "Harbour"})).await;

    let then = as_of(client, &path, before).await.ok();
    for name in ["sensor_eui", "sensor_device_id", "sensor_state", "floor"] {
        assert_eq!(then[name], Value::Null, "{name}: {then}");
    }
    assert_eq!((&then["name"], &then["current_state"]), (&json!("A-1"), &json!("unknown")));
    assert_eq!(then["updated_at"], then["created_at"]);
    assert_ne!(then["site_name"], "Harbour");
    assert_eq!(then["as_of_position"], before);
    let with_sensor = as_of(client, &path, assigned).await.ok();
    assert_eq!(with_sensor["sensor_device_id"], json!(sensor));
    assert_eq!(with_sensor["sensor_state"], "unknown");
    let now = client.ask("GET", &path, None).await.ok();
    assert_eq!((&now["sensor_state"], &now["site_name"]), (&json!("occupied"), &json!("Harbour")));
    assert!(now.get("as_of_position").is_none() && now.get("recorded_at").is_none());
}

#[tokio::test]
async fn a_space_and_a_site_that_ended_answer_as_they_were() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let site = client.ask("POST", "/api/v6/sites", json!({"name": "Harbour", "slug": "harbour"})).await;
    let founded = position(&site);
    let site = format!("/api/v6/sites/{}", site.ok()["id"].as_str().unwrap());
    let made = client.ask("POST", &format!("{site}/spaces"), json!({"code": "A-1"})).await;
    let path = format!("/api/v6/spaces/{}", made.ok()["id"].as_str().unwrap());
    let before = as_of(client, &path, position(&made)).await.ok();
    let occupancy = as_of(client, &format!("{site}/occupancy"), position(&made)).await.ok();
    assert_eq!((&occupancy["total"], &occupancy["site_name"]), (&json!(1), &json!("Harbour")));
    let deleted = done(client, "DELETE", &path, Value::Null).await;
    let archived = done(client, "DELETE", &site, Value::Null).await;

    assert_eq!(as_of(client, &path, position(&made)).await.ok(), before);
    assert_eq!(as_of(client, &format!("{site}/occupancy"), position(&made)).await.ok(), occupancy);
    let site = format!("{site}/occupancy");
    for (path, moment, code, reason) in [
        (&path, position(&made) - 10, "space_not_found", "the space did not exist yet"),
        (&path, deleted, "space_not_found", "the space had ended"),
        (&site, founded - 1, "site_not_found", "the site did not exist yet"),
        (&site, archived, "site_not_found", "the site had ended"),
    ] {
        let absent = as_of(client, path, moment.max(0)).await;
        absent.problem(404, code);
        assert!(absent.json()["detail"].as_str().unwrap().contains(reason), "{absent:?}");
    }
    client.ask("GET", &path, None).await.problem(404, "space_not_found");
    let never = "/api/v6/spaces/00000000-0000-4000-8000-000000000009";
    as_of(client, never, deleted).await.problem(404, "space_not_found");
}

/// What a space and its site answered at each position, and how they answer as of then.
async fn assert_as_answered(
    client: &Client,
    answered: &[(i64, [Value; 2])],
    paths: &[String; 2],
    when: &str,
) {
    for (position, answers) in answered {
        for (path, answer) in paths.iter().zip(answers) {
            let mut then = as_of(client, path, position).await.ok();
            for name in ["as_of_position", "recorded_at"] {
                let moment = then[name].to_string().replace('"', "");
                assert_eq!(as_of(client, path, moment).await.ok(), then, "{when}: by {name}");
            }
            let object = then.as_object_mut().unwrap();
            assert!(object.remove("as_of_position").unwrap().as_i64() <= Some(*position));
            assert!(object.remove("recorded_at").is_some());
            assert_eq!(then, *answer, "{when}: {path} as of {position}");
        }
    }
}

#[tokio::test]
async fn an_answer_as_of_a_moment_is_the_answer_of_that_moment() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let path = format!("/api/v6/spaces/{id}");
    let paths = [path.clone(), format!("{SITE}/occupancy")];
    device(client, 1, "sensor").await;
    device(client, 2, "display").await;
    let assign = |kind: &str, n| format!("{path}/assign-{kind}?{kind}_eui={}", dev_eui(n));
    let unassign = |kind: &str| format!("{path}/unassign-{kind}");
    let state = format!("{path}/state");
    let commands = [
        ("PUT", path.clone(), json!({"name": "Corner", "status": "occupied"})),
        ("POST", assign("sensor", 1), Value::Null),
        ("POST", assign("display", 2), Value::Null),
        ("PUT", state.clone(), json!({"status": "maintenance"})),
        ("PATCH", path.clone(), json!({"enabled": false, "metadata": {"pallet": 4}})),
        ("PUT", state.clone(), json!({"status": "unknown"})),
        ("PATCH", SITE.to_owned(), json!({"name": "Harbour", "slug": "harbour"})),
        ("DELETE", unassign("sensor"), Value::Null),
        ("POST", "/api/v6/spaces".to_owned(), json!({"code": "A-2", "status": "free"})),
        ("PATCH", path.clone(), json!({"code": "B-1"})),
        ("POST", assign("sensor", 1), Value::Null),
    ];
    let mut answered = Vec::new();
    for (f_cnt, (method, command, body)) in (1..).zip(commands) {
        done(client, method, &command, body).await;
        let at = reading(client, f_cnt, f_cnt % 2 == 0).await;
        let now = async |path: &str| client.ask("GET", &format!("{path}?min_position={at}"), None).await.ok();
        answered.push((at, [now(&paths[0]).await, now(&paths[1]).await]));
    }
    assert_as_answered(client, &answered, &paths, "at once").await;
    done(client, "DELETE", &path, Value::Null).await;
    assert_as_answered(client, &answered, &paths, "after the deletion").await;
    for projection in ["fleet", "registry", "occupancy"] {
        let mut rebuild = parking(&["rebuild", projection]);
        let output = rebuild.env("DATABASE_URL", database.url(None)).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_as_answered(client, &answered, &paths, "after a rebuild").await;
}

#[tokio::test]
async fn a_read_of_the_present_refuses_as_of() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    for path in [
        "/api/v6/spaces".to_owned(),
        format!("{SITE}/spaces"),
        SITE.to_owned(),
        format!("/api/v6/spaces/{id}/history"),
        "/api/v6/devices".to_owned(),
        "/api/v6/reservations".to_owned(),
        "/api/v6/dashboard/data".to_owned(),
    ] {
        as_of(client, &path, 1).await.problem(422, "parameter_invalid");
        client.ask("GET", &format!("{path}?as_of=null"), None).await.ok();
    }
}

#[tokio::test]
async fn the_time_of_an_event_is_never_in_the_future() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let id = space(client, "A-1").await;
    let path = format!("/api/v6/spaces/{id}");
    // The clock was set back: the last event has a later time than the clock.
    let owner = database.pool(Role::Owner);
    sqlx::query("update log_head set recorded_at = now() + interval '1 hour'").execute(&owner).await.unwrap();
    let renamed = done(client, "PATCH", &path, json!({"name": "Corner"})).await;
    let then = as_of(client, &path, renamed).await.ok();
    let again = as_of(client, &path, then["recorded_at"].as_str().unwrap()).await.ok();
    assert_eq!((&again, &again["name"]), (&then, &json!("Corner")));
    as_of(client, &path, "2999-01-01T00:00:00Z").await.problem(422, "parameter_invalid");
    as_of(client, &path, 9_000_000_000_i64).await.problem(422, "position_unknown");
    for invalid in ["-1", "soon", "1.5"] {
        as_of(client, &path, invalid).await.problem(422, "parameter_invalid");
    }
}

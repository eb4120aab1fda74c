//! Concurrent commands on several streams: they queue in the process, and each response is correct.

use std::collections::HashSet;

use futures_util::future::{join, join_all};
use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::random::Random;
use crate::support::{Answer, Client, TestServer};

const SPACES: &str = "/api/v6/spaces";

#[tokio::test]
async fn sixteen_and_sixty_four_concurrent_spaces_on_one_site_are_all_created() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for count in [16, 64] {
        let made = (0..count).map(|n| client.ask("POST", SPACES, json!({"code": format!("{count}-{n}")})));
        for answer in join_all(made).await {
            assert_eq!(answer.status, 201, "{answer:?}");
        }
    }
    assert_eq!(client.ask("GET", SPACES, None).await.ok()["total"], 80);
}

#[tokio::test]
async fn concurrent_deletions_of_a_space_with_one_key_all_succeed() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let path = format!("{SPACES}/{}", space(client, "A-1").await);
    let key = [("idempotency-key", "end-it")];
    let ended = join_all((0..20).map(|_| client.ask_with("DELETE", &path, &key, None))).await;
    for answer in &ended {
        assert_eq!((answer.status, &answer.body), (200, &ended[0].body), "{answer:?}");
    }
    client.ask("DELETE", &path, None).await.problem(404, "space_not_found");
}

/// In either order, the space is deleted and the device is unassigned. Half of the rounds race within one process, half
/// between two processes.
#[tokio::test]
async fn a_space_deleted_during_an_assignment_leaves_the_device_unassigned() {
    let database = TestDatabase::create().await;
    let servers = [TestServer::start(&database).await, TestServer::start(&database).await];
    let [one, other] = servers.each_ref().map(|server| &server.client);
    for n in 0..120 {
        let (space, device) = (space(one, &format!("A-{n}")).await, device(one, n, "sensor").await);
        let (space_path, device_path) = (format!("{SPACES}/{space}"), format!("/api/v6/devices/{device}"));
        let assigning = if n % 2 == 0 { one } else { other };
        let (ended, assigned) = join(
            one.ask("DELETE", &space_path, None),
            assigning.ask("POST", &format!("{device_path}/assign"), json!({"space_id": space})),
        )
        .await;
        assert_eq!(ended.status, 200, "{ended:?}");
        if assigned.status != 200 {
            assigned.problem(404, "space_not_found");
        }
        let shown = format!("{device_path}?min_position={}", ended.header("x-position"));
        assert_eq!(one.ask("GET", &shown, None).await.ok()["space_id"], Value::Null, "{assigned:?}");
    }
}

#[tokio::test]
async fn concurrent_commands_on_one_site_get_correct_responses_and_none_is_busy() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    storm(&[&server.client], |answer| panic!("not true: {answer:?}")).await;
}

/// Two processes may repeatedly conflict with each other, so `busy` is a possible response.
#[tokio::test]
async fn concurrent_commands_from_two_processes_leave_the_site_consistent() {
    let database = TestDatabase::create().await;
    let servers = [TestServer::start(&database).await, TestServer::start(&database).await];
    storm(&servers.each_ref().map(|server| &server.client), |answer| answer.problem(503, "busy")).await;
}

const SPACES_AT_FIRST: usize = 6;
const DEVICES: usize = 6;

/// Four rounds of sixty-four concurrent commands. Afterwards the remaining spaces can be deleted, and the site archived.
async fn storm(clients: &[&Client], otherwise: impl Fn(&Answer)) {
    let site = clients[0].ask("POST", "/api/v6/sites", json!({"name": "Storm", "slug": "storm"})).await.ok();
    let site = site["id"].as_str().unwrap();
    let mut devices = Vec::new();
    for n in 0..6 {
        devices.push(device(clients[0], n, "sensor").await);
    }
    let mut random = Random::seeded();
    for round in 0..4 {
        let mut spaces = Vec::new();
        for n in 0..SPACES_AT_FIRST {
            let body = json!({"code": format!("{round}-{n}"), "site_id": site});
            let made = clients[0].ask("POST", SPACES, body).await.ok();
            spaces.push(made["id"].as_str().unwrap().to_owned());
        }
        let drawn: Vec<[usize; 4]> =
            (0..64).map(|_| [6, SPACES_AT_FIRST, DEVICES, 40].map(|n| random.below(n))).collect();
        let (spaces, devices) = (&spaces, &devices);
        let commands = drawn.into_iter().enumerate().map(async |(n, [kind, space, device, code])| {
            let command = Command { kind, space: &spaces[space], device: &devices[device], code };
            let answer = command.ask(clients[n % clients.len()], site).await;
            if !command.may_answer(&answer) {
                otherwise(&answer);
            }
        });
        join_all(commands).await;
    }
    assert_whole(clients[0], site).await;
}

/// One of the concurrent commands. There are few spaces and devices, so that they conflict.
struct Command<'a> {
    kind: usize,
    space: &'a str,
    device: &'a str,
    code: usize,
}

impl Command<'_> {
    async fn ask(&self, client: &Client, site: &str) -> Answer {
        let Self { kind, space, device, code } = self;
        let (path, own_code) = (format!("{SPACES}/{space}"), json!({"code": format!("N-{code}")}));
        match kind {
            0 | 1 => client.ask("POST", &format!("/api/v6/sites/{site}/spaces"), own_code).await,
            2 => client.ask("DELETE", &path, None).await,
            3 => {
                let body = json!({"space_id": space, "replace": code % 2 == 0});
                client.ask("POST", &format!("/api/v6/devices/{device}/assign"), body).await
            }
            4 => client.ask("PUT", &path, own_code).await,
            _ => {
                let body = json!({"name": format!("Storm {code}")});
                client.ask("PATCH", &format!("/api/v6/sites/{site}"), body).await
            }
        }
    }

    /// Whether the response can be correct.
    fn may_answer(&self, answer: &Answer) -> bool {
        let code = if answer.status < 300 { Value::Null } else { answer.json()["code"].clone() };
        let refusals: &[&str] = match self.kind {
            0 | 1 => &["space_code_taken"],
            2 => &["space_not_found"],
            3 => &["space_not_found", "place_taken", "device_already_assigned"],
            4 => &["space_not_found", "space_code_taken"],
            _ => &[],
        };
        code.as_str().is_none_or(|code| refusals.contains(&code))
    }
}

/// Codes are unique, no device is assigned to a deleted space, and the site has exactly the listed spaces.
async fn assert_whole(client: &Client, site: &str) {
    let list = client.ask("GET", &format!("/api/v6/sites/{site}/spaces?page_size=500"), None).await.ok();
    let text = |item: &Value, name: &str| item[name].as_str().map(str::to_owned);
    let spaces: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|item| text(item, "id").unwrap()).collect();
    let codes: HashSet<_> = list["items"].as_array().unwrap().iter().map(|item| text(item, "code")).collect();
    assert!(codes.len() == spaces.len() && spaces.len() > 10, "{list}");
    let listed = client.ask("GET", "/api/v6/devices?page_size=100", None).await.ok();
    let stands_at: Vec<_> =
        listed["items"].as_array().unwrap().iter().filter_map(|item| text(item, "space_id")).collect();
    assert!(stands_at.iter().all(|space| spaces.contains(space)), "{stands_at:?}");
    assert_eq!(stands_at.iter().collect::<HashSet<_>>().len(), stands_at.len(), "{stands_at:?}");
    for space in spaces {
        client.ask("DELETE", &format!("{SPACES}/{space}"), None).await.ok();
    }
    client.ask("DELETE", &format!("/api/v6/sites/{site}"), None).await.ok();
}

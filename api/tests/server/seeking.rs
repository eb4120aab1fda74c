//! Lists that are read from page to page with `after` while rows are added.

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::devices::{device, space};
use crate::support::{Client, TestServer, UPLINK};
use crate::uplinks::uplink;

/// The number of rows in each list before it is read.
const ROWS: u32 = 250;

/// A space with a sensor: every step adds an entry of activity, a change of the space and an uplink.
struct Place<'a> {
    client: &'a Client,
    space: String,
    sensor: String,
    steps: u32,
}

impl Place<'_> {
    async fn step(&mut self) {
        let state = if self.steps.is_multiple_of(2) { "occupied" } else { "free" };
        let path = format!("/api/v6/spaces/{}/state?new_state={state}", self.space);
        self.client.ask("PUT", &path, None).await.ok();
        self.client.post(UPLINK, uplink(1, self.steps).to_string()).await.accepted();
        self.steps += 1;
    }

    /// Waits until the lists contain all steps so far.
    async fn settle(&mut self) {
        let position = self.client.post(UPLINK, uplink(1, self.steps).to_string()).await.accepted();
        self.client.ask("GET", &format!("/api/v6/spaces?min_position={position}"), None).await.ok();
        self.steps += 1;
    }

    /// The three lists.
    fn lists(&self) -> [String; 3] {
        let (space, sensor) = (&self.space, &self.sensor);
        [
            format!("/api/v6/activity?kind=StateSetByHand&space_id={space}"),
            format!("/api/v6/spaces/{space}/history?"),
            format!("/api/v6/devices/{sensor}/uplinks?"),
        ]
    }
}

/// A space with a sensor and rows in all lists.
async fn place(client: &Client, rows: u32) -> Place<'_> {
    let (space, sensor) = (space(client, "A-1").await, device(client, 1, "sensor").await);
    let mut place = Place { client, space, sensor, steps: 0 };
    for _ in 0..rows {
        place.step().await;
    }
    place.settle().await;
    place
}

/// The places of a page's rows, and the cursor of the next page.
fn rows(page: &Value) -> (Vec<(i64, i64)>, Option<String>) {
    let place = |item: &Value| (item["position"].as_i64().unwrap(), item["ordinal"].as_i64().unwrap_or(0));
    let items = page["items"].as_array().unwrap().iter().map(place).collect();
    (items, page["next_after"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn every_row_is_read_once_while_rows_are_added() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let mut place = place(client, ROWS).await;
    for list in place.lists() {
        place.settle().await;
        let all = client.ask("GET", &format!("{list}&page_size=500"), None).await.ok();
        let (all, none) = rows(&all);
        assert!(all.len() >= ROWS as usize && none.is_none(), "{list}: {}", all.len());

        let mut walked = Vec::new();
        let mut page = client.ask("GET", &format!("{list}&page_size=20"), None).await.ok();
        assert_eq!((&page["total"], &page["page"]), (&json!(all.len()), &json!(1)), "{list}");
        loop {
            let (items, next) = rows(&page);
            walked.extend(items);
            let Some(next) = next else { break };
            place.step().await;
            page = client.ask("GET", &format!("{list}&page_size=20&after={next}"), None).await.ok();
            let counts =
                ["total", "count", "page", "total_pages", "pages"].map(|name| page.get(name).cloned());
            assert_eq!(counts, [const { Some(Value::Null) }; 5], "{list}: nothing is counted");
            assert_eq!(page["page_size"], 20, "{list}");
        }
        assert_eq!(walked, all, "{list}");
    }
}

#[tokio::test]
async fn a_cursor_follows_any_page_and_the_last_page_has_none() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let place = place(client, 5).await;
    let [activity, ..] = place.lists();
    let get = async |query: &str| client.ask("GET", &format!("{activity}&{query}"), None).await.ok();
    let (all, _) = rows(&get("").await);
    assert_eq!(all.len(), 5);
    let (second, next) = rows(&get("page=2&page_size=2").await);
    assert_eq!(second, all[2..4]);
    let (last, end) = rows(&get(&format!("page_size=2&after={}", next.unwrap())).await);
    assert_eq!((last, end), (all[4..].to_vec(), None));
    let (whole, end) = rows(&get("page_size=5").await);
    assert_eq!((whole.len(), end), (5, None), "a full last page has no next one");
    let (beyond, end) = rows(&get("page=9").await);
    assert_eq!((beyond.len(), end), (0, None));
}

#[tokio::test]
async fn a_malformed_cursor_and_one_with_a_page_number_are_refused() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let place = place(client, 1).await;
    for list in place.lists() {
        let refused = [
            ("after=x", "next_after"),
            ("after=7", "next_after"),
            ("after=-7.0", "next_after"),
            ("after=7.0'%20or%201=1", "next_after"),
            ("after=7.0&page=1", "exclude each other"),
            ("after=7.0&page_size=501", "page_size"),
        ];
        for (query, detail) in refused {
            let answer = client.ask("GET", &format!("{list}&{query}"), None).await;
            answer.problem(422, "parameter_invalid");
            assert!(answer.body.contains(detail), "{list} {query}: {}", answer.body);
        }
        let first = client.ask("GET", &format!("{list}&after="), None).await.ok();
        assert_eq!(first["page"], 1, "{list}: an empty value counts as absent");
        client.ask("GET", &format!("{list}&after=1.0"), None).await.ok();
    }
    let unknown = "/api/v6/spaces/00000000-0000-4000-8000-000000000009/history?after=1.0";
    client.ask("GET", unknown, None).await.problem(404, "space_not_found");
    let beyond = "/api/v6/activity?after=7fffffff.0";
    client.ask("GET", beyond, None).await.problem(422, "position_unknown");
}

//! Poison events with the real server: how they are reported, who is affected, and how operators skip them.

use std::os::unix::process::ExitStatusExt;
use std::process::Output;
use std::sync::Arc;

use parking_commands::append::{Append, Expected, NewEvent, StreamAppend};
use parking_commands::writer::Writer;
use parking_domain::id::TenantId;
use parking_projections::engine::diff::diff;
use parking_projections::engine::projection::Projection;
use parking_projections::engine::reader::Reader;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_testkit::{Counter, Role, TestDatabase};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::reservations::{RESERVATIONS, booking, space};
use crate::support::{Client, TestServer, eventually, parking};

const SPACES: &str = "/api/v6/spaces";

/// The default tenant, and another tenant.
const OURS: TenantId = TenantId::DEFAULT;
const THEIRS: Uuid = Uuid::from_u128(0xb);

/// A separate writer that appends undecodable events to the log.
pub(crate) struct Poisoner {
    writer: Writer,
    ids: Arc<Counter>,
    stop: CancellationToken,
}

impl Poisoner {
    pub(crate) fn of(database: &TestDatabase) -> Self {
        let stop = CancellationToken::new();
        let (writer, _task) = Writer::start(database.as_role(Role::Writer), stop.clone());
        Self { writer, ids: Arc::new(Counter::new(0x70_6f)), stop }
    }

    /// Appends an event; returns its position.
    pub(crate) async fn write(
        &self,
        stream: (&str, &str),
        tenant_id: Option<Uuid>,
        event: (&str, &str),
    ) -> i64 {
        let (event_type, payload) = event;
        let event = NewEvent { tenant_id, event_type: event_type.into(), ..self.ids.event(payload) };
        let stream = StreamAppend {
            aggregate_type: stream.0.into(),
            aggregate_id: stream.1.into(),
            expected: Expected::Any,
            events: vec![event],
            claims: Vec::new(),
        };
        let append: Append = self.ids.over(vec![stream]);
        self.writer.append(append).await.unwrap().last_position
    }

    /// Appends an undecodable event of a space; returns its position.
    async fn spoil(&self, space: &Value, tenant_id: TenantId) -> i64 {
        self.write(("space", space["id"].as_str().unwrap()), Some(tenant_id.uuid()), ("SpaceUpdated", "{}"))
            .await
    }
}

impl Drop for Poisoner {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn run(database: &TestDatabase, arguments: &[&str]) -> Output {
    parking(arguments).env("DATABASE_URL", database.url(None)).output().await.unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn is_clean<P: Projection>(database: &TestDatabase) -> bool {
    let mut auditor = database.pool(Role::Auditor).acquire().await.unwrap();
    let found = diff::<P>(&mut auditor, |_, _| {}).await.unwrap().unwrap();
    assert!(found.tables.iter().all(|table| table.different == 0), "{found:?}");
    found.is_clean()
}

/// Waits until the registry and the occupancies have reached a position.
async fn shown(database: &TestDatabase, position: i64) {
    let auditor = database.pool(Role::Auditor);
    eventually("the projections come to the position", async || {
        let behind: i64 = sqlx::query_scalar(
            "select count(*) from projections.checkpoints where position < $1 and status = 'running'",
        )
        .bind(position)
        .fetch_one(&auditor)
        .await
        .unwrap();
        (behind == 0).then_some(())
    })
    .await;
}

fn skip<'a>(position: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["projection", "skip", "--position", position, "--reason", "written by hand"], more].concat()
}

#[tokio::test]
async fn one_tenants_poison_is_reported_affects_no_other_tenant_and_can_be_skipped() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = &server.client;
    let (spoiled, sound) = (space(client, "A-1").await, space(client, "A-2").await);
    let poisoner = Poisoner::of(&database);
    let position = poisoner.spoil(&spoiled, OURS).await;
    // Another tenant's site, after the poison.
    let created = json!({"SiteCreated": {"tenant_id": THEIRS, "name": "Theirs", "slug": "theirs",
        "definition": {"timezone": "UTC"}, "at": "2026-01-01T00:00:00Z", "by": "system"}});
    let site = ("site", "00000000-0000-4000-8000-00000000000b");
    let behind = poisoner.write(site, Some(THEIRS), ("SiteCreated", &created.to_string())).await;
    shown(&database, behind).await;

    // Reads of our tenant would be wrong, so they are refused; commands are still executed.
    let path = format!("{SPACES}?min_position={behind}");
    let refused = client.ask("GET", &path, None).await;
    refused.problem(503, "projection_stopped");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("registry") && detail.contains(&format!("position {position}")), "{detail}");
    let booked = client.ask("POST", RESERVATIONS, booking(&sound, 8, 10)).await;
    assert_eq!(booked.status, 201, "{booked:?}");
    // Also where no row is found: the booking may be what is missing.
    let unknown = format!("{RESERVATIONS}/018f3a54-6c1e-7000-8000-0000000000ff");
    for path in [format!("{RESERVATIONS}?space_id={}", sound["id"].as_str().unwrap()), unknown.clone()] {
        client.ask("GET", &path, None).await.problem(503, "projection_stopped");
    }
    client.ask("POST", &format!("{unknown}/cancel"), None).await.problem(503, "projection_stopped");
    // Reads of the other tenant succeed.
    let mut reading = Reader::new(database.pool(Role::Reader)).of(THEIRS.into()).await.unwrap();
    let theirs: Vec<String> =
        sqlx::query_scalar("select slug from sites").fetch_all(&mut *reading).await.unwrap();
    assert_eq!(theirs, ["theirs"]);
    drop(reading);

    // All tools report it.
    let ready = client.get("/health/ready").await;
    assert_eq!(ready.status, 200, "{ready:?}");
    assert!(ready.body.contains(&format!("cannot take these positions: {position}")), "{ready:?}");
    let metrics = client.get("/metrics").await.body;
    assert!(metrics.contains("parking_projection_held_tenants{projection=\"registry\"} 1"), "{metrics}");
    let status = run(&database, &["projection", "status"]).await;
    assert_eq!(status.status.code(), Some(1));
    assert!(text(&status).contains(&format!("it cannot take position {position}")), "{}", text(&status));
    assert!(!is_clean::<Registry>(&database).await && !is_clean::<Occupancies>(&database).await);
    for again in [["rebuild", "registry"].as_slice(), &["projection", "retry", "occupancy"]] {
        let again = run(&database, again).await;
        assert_eq!(again.status.code(), Some(1), "{}", text(&again));
        assert!(text(&again).contains(&format!("it cannot take position {position}")), "{}", text(&again));
    }

    let n = position.to_string();
    for (wrong, why) in [
        (skip(&n, &["fleet"]), "no projection stands before"),
        (skip("2", &["registry"]), "no projection stands before"),
        (skip("9999", &[]), "the log has no position 9999"),
        (skip("2", &["--undecodable"]), "can be read"),
    ] {
        let refused = run(&database, &wrong).await;
        assert!(!refused.status.success() && text(&refused).contains(why), "{}", text(&refused));
    }
    let skipped = run(&database, &skip(&n, &["--undecodable"])).await;
    assert_eq!(skipped.status.code(), Some(0), "{}", text(&skipped));
    let listed = client.ask("GET", SPACES, None).await.ok();
    assert_eq!(
        listed["total"].as_u64().or(listed.as_array().map(|all| all.len() as u64)),
        Some(2),
        "{listed}"
    );

    // The skipped event may have been a booking: the space accepts no other booking. Its neighbour does.
    let damaged = client.ask("POST", RESERVATIONS, booking(&spoiled, 8, 10)).await;
    damaged.problem(409, "stream_damaged");
    assert_eq!(client.ask("POST", RESERVATIONS, booking(&sound, 11, 12)).await.status, 201);
    let ready = client.get("/health/ready").await;
    assert!(ready.body.contains(&format!("events are skipped: {position}")), "{ready:?}");
    let metrics = client.get("/metrics").await.body;
    assert!(metrics.contains("parking_projection_skipped_events{projection=\"registry\"} 1"), "{metrics}");
    let status = run(&database, &["projection", "status"]).await;
    assert_eq!(status.status.code(), Some(0), "{}", text(&status));
    assert!(text(&status).contains(&format!("skipped position {position}: written by hand")));

    // The same log yields the same rows: in the audit, after a rebuild, and after a restart.
    assert_eq!(server.terminate().await.code(), Some(0));
    let server = TestServer::start(&database).await;
    assert!(is_clean::<Registry>(&database).await && is_clean::<Occupancies>(&database).await);
    let rebuilt = run(&database, &["rebuild"]).await;
    assert_eq!(rebuilt.status.code(), Some(0), "{}", text(&rebuilt));
    assert!(!text(&rebuilt).contains("differ"), "{}", text(&rebuilt));
    server.client.ask("POST", RESERVATIONS, booking(&spoiled, 8, 10)).await.problem(409, "stream_damaged");
    assert_eq!(server.client.ask("GET", SPACES, None).await.status, 200);
}

#[tokio::test]
async fn a_stopped_projection_is_reported_by_every_tool_and_continues_after_a_skip() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    space(&server.client, "A-1").await;
    let poisoner = Poisoner::of(&database);
    // An event without a tenant, not of the network: the tenants of its rows are unknown.
    let position = poisoner.write(("site", "odd"), None, ("SiteUpdated", "{}")).await;
    let auditor = database.pool(Role::Auditor);
    eventually("the projections stop", async || {
        let stopped =
            "select count(*) from projections.checkpoints where status = 'stopped' and stopped_at = $1";
        let stopped: i64 = sqlx::query_scalar(stopped).bind(position).fetch_one(&auditor).await.unwrap();
        (stopped == 2).then_some(())
    })
    .await;
    let ready = server.client.get("/health/ready").await;
    assert_eq!(ready.status, 503);
    assert!(ready.body.contains(&format!("before position {position} that it cannot take")), "{ready:?}");
    assert!(!is_clean::<Registry>(&database).await);
    for fails in
        [["rebuild", "registry"].as_slice(), &["projection", "status"], &["projection", "retry", "registry"]]
    {
        let output = run(&database, fails).await;
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains(&format!("position {position}")), "{}", text(&output));
    }
    let n = position.to_string();
    let skipped = run(&database, &skip(&n, &["--undecodable"])).await;
    assert_eq!(skipped.status.code(), Some(0), "{}", text(&skipped));
    let made = space(&server.client, "A-2").await;
    let listed = server.client.ask("GET", &format!("{SPACES}/{}", made["id"].as_str().unwrap()), None).await;
    assert_eq!(listed.status, 200);
    eventually("it is ready", async || {
        (server.client.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    assert!(is_clean::<Registry>(&database).await && is_clean::<Occupancies>(&database).await);
}

/// The steps of a skip at which the process may die.
const STEPS: [&str; 11] = [
    "skip.checked",
    "append.queued",
    "append.batched",
    "append.committed",
    "append.answered",
    "skip.written",
    "projection.read",
    "projection.applied",
    "projection.moved",
    "projection.committed",
    "skip.settled",
];

#[tokio::test]
async fn a_killed_skip_is_finished_by_the_same_command() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let poisoner = Poisoner::of(&database);
    for (n, step) in STEPS.into_iter().enumerate() {
        let spoiled = space(&server.client, &format!("K-{n}")).await;
        let position = poisoner.spoil(&spoiled, OURS).await;
        shown(&database, position).await;
        let position = position.to_string();
        let skip = skip(&position, &["--undecodable"]);
        let mut killed = parking(&skip);
        killed.env("DATABASE_URL", database.url(None)).env("PARKING_FAILPOINT", format!("{step}:1"));
        let killed = killed.output().await.unwrap();
        assert_eq!(killed.status.signal(), Some(9), "{step}: {}", text(&killed));
        // Until the skip is finished, no tool reports success.
        if step != "skip.settled" {
            assert_eq!(run(&database, &["projection", "status"]).await.status.code(), Some(1), "{step}");
        }
        let finished = run(&database, &skip).await;
        assert_eq!(finished.status.code(), Some(0), "{step}: {}", text(&finished));
        assert_eq!(run(&database, &["projection", "status"]).await.status.code(), Some(0), "{step}");
        shows(&server.client, n + 1).await;
        assert!(is_clean::<Registry>(&database).await && is_clean::<Occupancies>(&database).await, "{step}");
        let bookable = server.client.ask("POST", RESERVATIONS, booking(&spoiled, 8, 10)).await;
        bookable.problem(409, "stream_damaged");
    }
}

async fn shows(client: &Client, spaces: usize) {
    let listed = client.ask("GET", SPACES, None).await.ok();
    let all =
        listed.as_array().or_else(|| listed["spaces"].as_array()).or_else(|| listed["items"].as_array());
    assert_eq!(all.map(Vec::len), Some(spaces), "{listed}");
}

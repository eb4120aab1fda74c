//! The checks after all requests.

use parking_projections::devices::Fleet;
use parking_projections::engine::diff::diff;
use parking_projections::engine::feed;
use parking_projections::engine::projection::Projection;
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_testkit::{Role, TestDatabase};
use serde_json::Value;
use sqlx::PgConnection;

use super::draw::Draw;
use super::operations::Operation;
use crate::log::{FOUNDATION, Log};
use crate::support::{Client, TestServer, eventually};

/// How often a comparison is repeated if the server appended events in between.
const ATTEMPTS: usize = 10;

/// Every projection runs and has ignored no event, and no event was refused merely because it could not be read back.
pub(crate) async fn nothing_is_stuck(database: &TestDatabase, server: &TestServer) {
    let head = head(database).await;
    let path = format!("/api/v6/spaces?min_position={head}");
    eventually("the read models have come to the end", async || {
        (server.client.get(&path).await.status == 200).then_some(())
    })
    .await;
    eventually("every projection runs", async || {
        (server.client.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    let letters: Vec<String> =
        sqlx::query_scalar("select projection || ' ' || position from projections.dead_letters")
            .fetch_all(&database.pool(Role::Auditor))
            .await
            .unwrap();
    assert_eq!(letters, [""; 0], "no event was ignored");
    for word in ["panicked", "could not be read back", "the database refused the event"] {
        assert!(!server.log().contains(word), "the server's log holds: {word}");
    }
}

/// The log is complete and every event decodes. The rows of the projections match the log.
pub(crate) async fn the_auditor_finds_nothing(database: &TestDatabase) {
    let events = Log::of(database).size().await;
    assert!(events > 100, "{events} events");
    let mut connection = database.pool(Role::Auditor).acquire().await.unwrap();
    let mut after = 0;
    loop {
        let page = feed::read_as_is(&mut connection, after, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        for event in &page {
            event.decode().unwrap_or_else(|error| panic!("position {}: {error}", event.position));
        }
    }
    no_difference::<Fleet>(&mut connection).await;
    no_difference::<Registry>(&mut connection).await;
    no_difference::<Occupancies>(&mut connection).await;
}

async fn no_difference<P: Projection>(connection: &mut PgConnection) {
    let difference = diff::<P>(connection, |_, _| {}).await.unwrap().expect("it has run");
    for table in difference.tables {
        assert_eq!(table.different, 0, "{table}: {:?}", table.examples);
    }
}

/// The reads whose responses do not depend on the time: the lists, and each known resource.
pub(super) fn reads(draw: &Draw, operations: &[Operation]) -> Vec<String> {
    let about_now = ["health", "jobs", "dashboard"];
    let reading = operations.iter().filter(|one| one.method == "GET" && !about_now.contains(&&*one.tag));
    reading
        .flat_map(|operation| {
            let mut paths = vec![operation.path.clone()];
            for field in operation.parameters.iter().filter(|field| field.place == "path") {
                let place = format!("{{{}}}", field.name);
                let known = draw.known(&field.name);
                paths =
                    paths.iter().flat_map(|path| known.iter().map(|id| path.replace(&place, id))).collect();
            }
            paths
        })
        .collect()
}

/// Kills and restarts the server: every read gives the same response. Repeated if events were appended in between.
pub(super) async fn a_restart_changes_nothing(
    database: &TestDatabase,
    mut server: TestServer,
    reads: &[String],
) {
    assert!(reads.len() > 30, "{reads:?}");
    for _ in 0..ATTEMPTS {
        let before = (head(database).await, answers(&server.client, reads, database).await);
        server.kill().await;
        server = TestServer::start(database).await;
        let after = (answers(&server.client, reads, database).await, head(database).await);
        if before.0 == after.1 {
            for ((path, before), after) in reads.iter().zip(before.1).zip(after.0) {
                assert_eq!(before, after, "{path}");
            }
            return nothing_is_stuck(database, &server).await;
        }
    }
    panic!("the log never came to rest");
}

async fn answers(client: &Client, reads: &[String], database: &TestDatabase) -> Vec<(u16, Value)> {
    let position = head(database).await;
    let mut answers = Vec::with_capacity(reads.len());
    for path in reads {
        let path = format!("{path}?min_position={position}");
        let answer = eventually("the read models have come to the end", async || {
            let answer = client.get(&path).await;
            (answer.status != 503).then_some(answer)
        })
        .await;
        assert!(answer.status < 500, "{path}: {answer:.2000?}");
        let mut shown: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        for name in ["timestamp", "request_id"] {
            forget(&mut shown, name);
        }
        answers.push((answer.status, shown));
    }
    answers
}

/// Removes the values that depend on the time or the request.
fn forget(value: &mut Value, name: &str) {
    if let Value::Object(fields) = value {
        fields.remove(name);
    }
}

async fn head(database: &TestDatabase) -> i64 {
    let head =
        sqlx::query_scalar("select position from log_head").fetch_one(&database.pool(Role::Auditor)).await;
    let head: i64 = head.unwrap();
    assert!(head >= FOUNDATION);
    head
}

//! Bookings, sensors and overrides against a simple model of the rules (decision 0042), with several clients at a time.
//!
//! In the first test each client works on spaces and sensors of its own, so that its model predicts every response; all of them
//! share the server, the log and the projections. In the second all work on one space, and only what never happens is checked.
//! `TEST_SEED` sets the seed, `TEST_MODEL` the number of operations.

mod bay;
mod crowd;
mod driver;

use futures_util::future::join_all;
use parking_testkit::{Role, TestDatabase};
use serde_json::json;

use crate::any_input::checks;
use crate::devices;
use crate::random::Random;
use crate::support::TestServer;
use crowd::{Guest, Place};
use driver::Driver;

const OPERATIONS: usize = 600;
const CLIENTS: usize = 4;

/// The operations of all clients on one space.
const CROWDED: usize = 300;

/// The operations of a client on one set of spaces. Few enough that the windows of the bookings outlast them.
const ROUND: usize = 50;

#[tokio::test]
async fn bookings_sensors_and_overrides_agree_with_the_model() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let operations = std::env::var("TEST_MODEL").map_or(OPERATIONS, |count| count.parse().unwrap());
    let mut random = Random::seeded();
    for round in 0..operations.div_ceil(CLIENTS * ROUND) {
        let drivers = (0..CLIENTS).map(|client| {
            let number = round * CLIENTS + client;
            let random = random.fork();
            let (client, database) = (server.client.clone(), &database);
            async move {
                let mut driver = Driver::start(client, number, random).await;
                for _ in 0..ROUND {
                    driver.step().await;
                }
                driver.compare(database).await;
            }
        });
        join_all(drivers.collect::<Vec<_>>()).await;
    }
    checks::nothing_is_stuck(&database, &server).await;
    checks::the_auditor_finds_nothing(&database).await;
}

#[tokio::test]
async fn several_clients_at_one_space_never_make_what_must_not_be() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let operations = std::env::var("TEST_MODEL").map_or(CROWDED, |count| count.parse().unwrap());
    let mut random = Random::seeded();
    let space = devices::space(&server.client, "M-1").await;
    let mut sensors = Vec::new();
    for number in 0..CLIENTS {
        let number = u32::try_from(number).unwrap();
        sensors.push((devices::device(&server.client, number, "sensor").await, number));
    }
    let policy = async |readings: u8| {
        let body = json!({"name": format!("Readings {readings}"), "debounce_readings": readings});
        let policy = server.client.ask("POST", "/api/v6/display-policies", body).await.ok();
        policy["id"].as_str().unwrap().to_owned()
    };
    let place = Place { space, sensors, policies: [policy(1).await, policy(2).await] };
    let guests = (0..CLIENTS).map(|number| {
        let mut guest = Guest::new(server.client.clone(), random.fork(), number, place.clone());
        async move {
            for _ in 0..operations / CLIENTS {
                guest.step().await;
            }
        }
    });
    join_all(guests.collect::<Vec<_>>()).await;
    checks::nothing_is_stuck(&database, &server).await;
    let pool = database.pool(Role::Auditor);
    for (what, query) in crowd::NEVER {
        let found: Vec<String> =
            sqlx::query_scalar(&format!("{} {query}", crowd::EVENTS)).fetch_all(&pool).await.unwrap();
        assert_eq!(found, [""; 0], "{what}");
    }
    checks::the_auditor_finds_nothing(&database).await;
}

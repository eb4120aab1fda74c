//! Bookings, sensors and overrides against a simple model of the rules (decision 0042), with several clients at a time.
//!
//! Each client works on spaces and sensors of its own, so that its model predicts every response; all of them share the server,
//! the log and the projections. `TEST_SEED` sets the seed, `TEST_MODEL` the number of operations.

mod bay;
mod driver;

use futures_util::future::join_all;
use parking_testkit::TestDatabase;

use crate::any_input::checks;
use crate::random::Random;
use crate::support::TestServer;
use driver::Driver;

const OPERATIONS: usize = 600;
const CLIENTS: usize = 4;

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

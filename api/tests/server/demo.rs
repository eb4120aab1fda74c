//! `parking up --demo`: a simulated car park, which is the same at the next start.

use parking_testkit::TestDatabase;

use crate::support::{TestServer, eventually, parking};

async fn demo(database: &TestDatabase, seed: &str) -> TestServer {
    let mut command = parking(&["up", "--demo", "--demo-speed", "3600", "--demo-seed", seed]);
    TestServer::launch(command.env("DATABASE_URL", database.url(None))).await
}

/// The number of spaces and of occupied spaces, once some are occupied.
async fn occupied(server: &TestServer) -> (i64, i64) {
    eventually("cars come", async || {
        let stats = server.client.ask("GET", "/api/v6/spaces/stats", None).await.ok();
        let count = |name: &str| stats[name].as_i64().unwrap();
        (count("occupied") > 2).then(|| (count("total_spaces"), count("occupied")))
    })
    .await
}

#[tokio::test]
async fn cars_come_and_go_and_a_restart_keeps_the_car_park() {
    let database = TestDatabase::create().await;
    let server = demo(&database, "1").await;
    assert_eq!(occupied(&server).await.0, 24);
    eventually("somebody books", async || {
        let booked = server.client.ask("GET", "/api/v6/reservations", None).await.ok();
        (booked["total"].as_i64().unwrap() > 0).then_some(())
    })
    .await;
    assert!(!server.log().contains("did not take"), "everything that is sent is accepted");
    assert_eq!(server.terminate().await.code(), Some(0));

    let server = demo(&database, "2").await;
    assert_eq!(occupied(&server).await.0, 24);
    let devices = server.client.ask("GET", "/api/v6/devices?page_size=100", None).await.ok();
    assert_eq!(devices["total"], 26);
    assert!(!server.log().contains("did not take"), "everything that is sent is accepted");
}

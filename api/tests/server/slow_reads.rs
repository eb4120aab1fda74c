//! A read that takes the database too long is cancelled with a reason.

use parking_testkit::TestDatabase;
use sqlx::{ConnectOptions, Connection, Executor};

use crate::devices::space;
use crate::support::TestServer;

#[tokio::test]
async fn a_slow_read_is_cancelled_and_the_next_one_succeeds() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    space(client, "A-1").await;
    let mut admin = database.database().admin.connect().await.unwrap();
    let mut maintenance = admin.begin().await.unwrap();
    maintenance.execute("lock table projections.spaces in access exclusive mode").await.unwrap();
    client.ask("GET", "/api/v6/spaces", None).await.problem(503, "too_slow");
    maintenance.rollback().await.unwrap();
    assert_eq!(client.ask("GET", "/api/v6/spaces", None).await.ok()["total"], 1);
}

//! A read that the database does not answer in time ends, and says what can be done.

use parking_testkit::TestDatabase;
use sqlx::{ConnectOptions, Connection, Executor};

use crate::devices::space;
use crate::support::TestServer;

#[tokio::test]
async fn a_read_that_takes_too_long_is_cut_off_and_the_next_one_is_answered() {
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

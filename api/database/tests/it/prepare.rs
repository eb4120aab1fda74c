//! Preparing an empty server.

use parking_database::{Role, prepare};
use parking_domain::log::FORMAT;
use sqlx::ConnectOptions;

use crate::{Home, text};

#[tokio::test]
async fn prepare_creates_the_database_and_can_be_repeated_and_concurrent() {
    let home = Home::new();
    let cluster = home.start().await;
    let database = cluster.database();
    let (first, second, third) = tokio::join!(prepare(&database), prepare(&database), prepare(&database));
    first.and(second).and(third).unwrap();
    prepare(&database).await.unwrap();

    let mut owner = database.as_role(Role::Owner).connect().await.unwrap();
    assert_eq!(text(&mut owner, "select current_database()::text").await, "parking");
    // domain/src/log.rs has the format of a log that this build makes; only the migration cannot read it there.
    let format: i16 = sqlx::query_scalar("select format from log_head").fetch_one(&mut owner).await.unwrap();
    assert_eq!(format, FORMAT, "write the format of domain/src/log.rs into migrations/0001_event_log.sql");
    let owners =
        "select string_agg(distinct tableowner::text, ' ') from pg_tables where schemaname = 'public'";
    assert_eq!(text(&mut owner, owners).await, "parking_owner");
    cluster.stop().await.unwrap();
}

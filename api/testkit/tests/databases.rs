//! What tests can rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use parking_database::{Database, Logins};
use parking_testkit::{Role, TestDatabase};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

#[tokio::test]
async fn every_test_has_a_database_of_its_own() {
    let (one, other) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    one.pool(Role::Owner).execute("create table mine (id int)").await.unwrap();
    let refusal = other.pool(Role::Owner).execute("select from mine").await.unwrap_err();
    assert_eq!(refusal.as_database_error().unwrap().code().unwrap(), "42P01");
}

#[tokio::test]
async fn it_is_owned_and_guarded_as_in_production() {
    let database = TestDatabase::create().await;
    for role in Role::ALL {
        let mut connection = database.as_role(role).connect().await.unwrap();
        assert_eq!(text(&mut connection, "select session_user::text").await, role.name());
        let made = connection.execute(&*format!("create table {}_s (id int)", role.name())).await;
        assert_eq!(made.is_ok(), role == Role::Owner, "{role:?}");
    }
    let public = "select has_database_privilege(0::oid, current_database(), 'connect')::text";
    assert_eq!(text(&mut database.database().admin.connect().await.unwrap(), public).await, "false");
}

#[tokio::test]
async fn commits_are_synchronous_but_do_not_wait_for_the_disk() {
    let database = TestDatabase::create().await;
    let mut connection = database.as_role(Role::Writer).connect().await.unwrap();
    assert_eq!(text(&mut connection, "show synchronous_commit").await, "on");
    assert_eq!(text(&mut connection, "show fsync").await, "off");
}

#[tokio::test]
async fn the_url_leads_another_process_to_it() {
    let database = TestDatabase::create().await;
    let mut reader = PgConnection::connect(&database.url(Some(Role::Reader))).await.unwrap();
    assert_eq!(text(&mut reader, "select current_user::text").await, "parking_reader");

    let server = Database { admin: database.url(None).parse().unwrap(), logins: Logins::ByName };
    let mut writer = server.as_role(Role::Writer).connect().await.unwrap();
    assert_eq!(text(&mut writer, "select current_user::text").await, "parking_writer");
    assert_eq!(
        text(&mut writer, "select current_database()::text").await,
        database.database().admin.get_database().unwrap()
    );
}

#[tokio::test]
async fn a_database_is_dropped_with_its_value_despite_open_connections() {
    let database = TestDatabase::create().await;
    let watcher = TestDatabase::create().await;
    let name = database.database().admin.get_database().unwrap().to_owned();
    let pool = database.pool(Role::Reader);
    let _open = pool.acquire().await.unwrap();
    drop(database);

    let count = format!("select count(*)::text from pg_database where datname = '{name}'");
    assert_eq!(text(&mut watcher.as_role(Role::Reader).connect().await.unwrap(), &count).await, "0");
}

async fn text(connection: &mut PgConnection, sql: &str) -> String {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

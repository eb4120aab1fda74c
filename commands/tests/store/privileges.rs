//! History cannot be changed: not through privileges, and not by privileged roles.

use std::borrow::Cow;

use parking_commands::append::Expected;
use parking_testkit::{EventLog, Role};

const CHANGES: [&str; 4] = [
    "update events set event_type = 'x'",
    "delete from events",
    "truncate events",
    "truncate events, streams cascade",
];

#[tokio::test]
async fn conformance_21_update_delete_and_truncate_are_refused_for_every_role() {
    let log = EventLog::create().await;
    log.append("a", Expected::Any, &["{}"]).await.unwrap();
    let admin = sqlx::PgPool::connect_with(log.database.database().admin.clone()).await.unwrap();
    for change in CHANGES {
        for role in Role::ALL {
            let refused = sqlx::query(change).execute(&log.database.pool(role)).await.unwrap_err();
            let code = refused.as_database_error().and_then(|e| e.code().map(Cow::into_owned));
            assert_eq!(code.as_deref(), Some("42501"), "{} may not: {change}", role.name());
        }
        assert!(sqlx::query(change).execute(&admin).await.is_err(), "nor the superuser: {change}");
    }
    assert_eq!(log.stored("a").await.len(), 1);
}

#[tokio::test]
async fn no_role_inserts_directly_and_only_the_writer_may_call_the_function() {
    let log = EventLog::create().await;
    let insert = "insert into events values (1, null, 'a', 'a', 1, 'x', '1', '{}', '{}', gen_random_uuid(), \
                                             gen_random_uuid(), now(), null)";
    let call = format!("select * from append_events({})", ["'{}'"; 22].join(", "));
    let raise = "update log_head set position = 10";
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Owner) {
        let pool = log.database.pool(role);
        assert!(sqlx::query(insert).execute(&pool).await.is_err(), "{} may not insert", role.name());
        assert!(sqlx::query(raise).execute(&pool).await.is_err(), "{} may not move the head", role.name());
        let called = sqlx::query(&call).execute(&pool).await;
        assert_eq!(called.is_ok(), role == Role::Writer, "{}: {called:?}", role.name());
    }
}

#[tokio::test]
async fn dictionaries_are_readable_by_roles_that_read_all_bodies_and_never_changed() {
    let log = EventLog::started().await;
    for role in Role::ALL {
        let read = sqlx::query("select * from log_dictionaries").execute(&log.database.pool(role)).await;
        let may = matches!(role, Role::Owner | Role::Writer | Role::Auditor);
        assert_eq!(read.is_ok(), may, "{}: {read:?}", role.name());
        for change in ["update log_dictionaries set number = 2", "delete from log_dictionaries"] {
            let changed = sqlx::query(change).execute(&log.database.pool(role)).await;
            assert!(changed.is_err(), "{} may not: {change}", role.name());
        }
    }
}

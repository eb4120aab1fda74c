//! History cannot be changed: not by privilege, and not by those who have it.

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
async fn nobody_inserts_past_the_function_and_only_the_writer_may_call_it() {
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

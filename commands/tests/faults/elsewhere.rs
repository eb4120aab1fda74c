//! Other sessions in the same server do not interfere: transactions left open, here and in another database.

use parking_commands::append::Expected;
use parking_projections::engine::feed;
use parking_testkit::{EventLog, TestDatabase};
use sqlx::PgPool;

async fn admin(database: &TestDatabase) -> PgPool {
    PgPool::connect_with(database.database().admin.clone()).await.unwrap()
}

#[tokio::test]
async fn idle_transactions_here_and_elsewhere_block_neither_appends_nor_readers() {
    let (log, other) = (EventLog::create().await, TestDatabase::create().await);
    let mut here = admin(&log.database).await.begin().await.unwrap();
    let mut elsewhere = admin(&other).await.begin().await.unwrap();
    // Both have written, so they hold transaction numbers older than all later ones.
    for transaction in [&mut here, &mut elsewhere] {
        sqlx::query("create table left_open ()").execute(&mut **transaction).await.unwrap();
    }
    for n in 1..=50 {
        let done = log.append("a", Expected::Any, &["{}"]).await.unwrap();
        let mut reader = log.pool.acquire().await.unwrap();
        let seen = feed::read(&mut reader, n - 1, 10).await.unwrap();
        assert_eq!(seen.len(), 1, "what was acknowledged is seen at once");
        assert_eq!(seen[0].position, done.last_position);
    }
    here.rollback().await.unwrap();
    elsewhere.rollback().await.unwrap();
}

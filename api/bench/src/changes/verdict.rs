//! What the other process saw: how late, and whether it saw each change once.

use std::time::Duration;

use parking_database::{Database, Role};
use sqlx::ConnectOptions;
use tokio::time::{Instant, sleep};

use crate::BenchError;
use crate::report::say;

/// How long the follower may take to catch up at the end.
const REST: Duration = Duration::from_secs(30);

/// Prints how long after their recording changes were seen.
pub(super) async fn lateness(database: &Database, when: &str) -> Result<(), BenchError> {
    let mut connection = database.as_role(Role::Auditor).connect().await?;
    let (seen, p50, p99, worst): (i64, Option<f64>, Option<f64>, Option<f64>) = sqlx::query_as(
        "select count(*), percentile_cont(0.5) within group (order by late), \
                percentile_cont(0.99) within group (order by late), max(late) \
           from (select extract(epoch from s.seen_at - c.recorded_at)::float8 * 1000 as late \
                   from projections.seen s join projections.changes c using (position, ordinal)) l",
    )
    .fetch_one(&mut connection)
    .await?;
    let [p50, p99, worst] = [p50, p99, worst].map(Option::unwrap_or_default);
    say(format_args!(
        "{when}: {seen} changes seen, {p50:.1} ms after their recording at p50, {p99:.1} at p99, {worst:.1} at worst"
    ));
    Ok(())
}

/// Fails if a change was missed or seen twice.
pub(super) async fn complete(database: &Database, sent: u64, kills: u32) -> Result<(), BenchError> {
    let mut connection = database.as_role(Role::Auditor).connect().await?;
    let asked = Instant::now();
    let (missed, twice, seen) = loop {
        let found: (i64, i64, i64) = sqlx::query_as(
            "select (select count(*) from projections.changes c \
                      where c.position > (select min(position) from projections.seen) \
                        and not exists (select from projections.seen s \
                                         where (s.position, s.ordinal) = (c.position, c.ordinal))), \
                    (select count(*) - count(distinct (position, ordinal)) from projections.seen), \
                    (select count(*) from projections.seen)",
        )
        .fetch_one(&mut connection)
        .await?;
        if found.0 == 0 || asked.elapsed() > REST {
            break found;
        }
        sleep(Duration::from_millis(200)).await;
    };
    lateness(database, "with the kills").await?;
    say(format_args!(
        "{sent} reports acknowledged, {kills} kills: {seen} changes seen, {missed} missed, {twice} twice"
    ));
    if missed + twice > 0 || seen == 0 {
        return Err("changes were missed or seen twice, or none was seen".into());
    }
    Ok(())
}

//! The checkpoint: a projection's position, and that its rows match it.

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll as Step;
use std::time::Duration;

use chrono::{DateTime, Utc};
use parking_commands::append::Expected;
use parking_projections::engine::feed::{self, RecordedEvent};
use parking_projections::engine::projection::{ApplyError, Poison, Projection, Tables};
use parking_projections::engine::runner::Runner;
use parking_testkit::{EventLog, Role};
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::diary::{
    Stopping, append, append_elsewhere, assert_atomic, checkpoint, clear_away, diary, log_with_diary,
};
use crate::support::{DEADLINE, Running};

#[tokio::test]
async fn conformance_44_the_position_of_an_append_lets_a_read_see_that_append_and_all_before() {
    let log = log_with_diary().await;
    let running = Running::start::<Stopping>(&log);
    let not_yet = log.head().await + 1;
    assert!(!running.progress.wait_for(not_yet, Duration::from_millis(50)).await, "never before the append");
    for _ in 0..20 {
        let token = append(&log, &["1", "2", "3"]).await;
        running.wait_for(token).await;
        assert_eq!(
            diary(&log).await,
            (1..=token).collect::<Vec<_>>(),
            "this append and all before it, and no more"
        );
    }
    running.stop().await;
}

#[tokio::test]
async fn conformance_45_a_projection_starts_from_the_beginning_or_behind_the_position_it_is_given() {
    let log = log_with_diary().await;
    append(&log, &["1"; 10]).await;
    let running = Running::start::<Stopping>(&log);
    running.wait_for(10).await;
    running.stop().await;
    assert_eq!(diary(&log).await, (1..=10).collect::<Vec<_>>());

    let owner = log.database.pool(Role::Owner);
    for (start, expected) in [(7, vec![8, 9, 10, 11]), (11, vec![12]), (0, (1..=13).collect())] {
        clear_away(&log).await;
        sqlx::query("truncate projections.diary").execute(&owner).await.unwrap();
        sqlx::query("update projections.checkpoints set position = $1")
            .bind(start)
            .execute(&owner)
            .await
            .unwrap();
        let running = Running::start::<Stopping>(&log);
        running.wait_for(append(&log, &["1"]).await).await;
        running.stop().await;
        assert_eq!(diary(&log).await, expected, "behind {start}");
    }
}

#[tokio::test]
async fn conformance_47_killed_at_any_step_the_rows_are_those_of_the_checkpoint() {
    let log = log_with_diary().await;
    let (mut moved, mut last) = (0, 0);
    for steps in 1..=70 {
        // More than one page, so that the kill can hit reading ahead, writing and committing.
        last = append(&log, &["1"; 30]).await;
        let (_nobody_wakes, woken) = watch::channel(());
        let (runner, progress) = Runner::<Stopping>::new(log.database.as_role(Role::Projector), woken);
        let mut left = steps;
        let mut run = pin!(runner.run(CancellationToken::new()));
        let killed = std::future::poll_fn(|context| {
            if left == 0 {
                return Step::Ready(());
            }
            left -= 1;
            run.as_mut().poll(context)
        });
        // Caught up: no more steps to take.
        tokio::select! {
            () = killed => {}
            _ = progress.wait_for(last, DEADLINE) => {}
        }
        assert_atomic(&log).await;
        clear_away(&log).await;
        let position = assert_atomic(&log).await;
        moved += usize::from(position == last);
    }
    assert!((5..70).contains(&moved), "killed before, while and after: {moved}");
    let running = Running::start::<Stopping>(&log);
    running.wait_for(last).await;
    assert_eq!(assert_atomic(&log).await, last);
    running.stop().await;
}

#[tokio::test]
async fn conformance_47_readers_see_rows_and_checkpoint_of_one_moment_while_connections_break() {
    let log = log_with_diary().await;
    let running = Running::start::<Stopping>(&log);
    let mut last = 0;
    for _ in 0..15 {
        for _ in 0..5 {
            last = append(&log, &["1", "2", "3"]).await;
            assert_atomic(&log).await;
        }
        let (_broken, _seen) = tokio::join!(log.terminate(Role::Projector), assert_atomic(&log));
    }
    running.wait_for(last).await;
    assert_eq!(assert_atomic(&log).await, last);
    running.stop().await;
}

/// The most events that [`Slow`] received at once.
static WIDEST: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct Slow;

impl Projection for Slow {
    const NAME: &'static str = "slow";
    const VERSION: i32 = 1;
    const TABLES: &'static [Tables] = &[];
    const STREAMS: &'static [&'static str] = &["test"];
    const POISON: Poison = Poison::Stop;

    async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> Result<(), ApplyError> {
        WIDEST.fetch_max(events.len(), Ordering::Relaxed);
        // Waits while the test holds the table.
        sqlx::query("insert into projections.diary values (0)").execute(connection).await?;
        Ok(())
    }
}

#[tokio::test]
async fn conformance_50_a_slow_projection_is_given_bounded_slices_however_far_it_is_behind() {
    let log = log_with_diary().await;
    let owner = log.database.pool(Role::Owner);
    let mut holder = owner.begin().await.unwrap();
    sqlx::query("lock table projections.diary in share mode").execute(&mut *holder).await.unwrap();
    append(&log, &["1"; 10]).await;
    let running = Running::start::<Slow>(&log);
    let mut last = 0;
    for _ in 0..10 {
        last = append(&log, &["1"; 450]).await;
    }
    assert_eq!(running.progress.position(), 0, "it makes no progress");
    holder.rollback().await.unwrap();
    running.wait_for(last).await;
    running.stop().await;
    let widest = WIDEST.load(Ordering::Relaxed);
    assert!((100..=1000).contains(&widest), "together, and never more than a page: {widest}");
}

#[tokio::test]
async fn conformance_58_events_that_a_projection_does_not_want_move_its_checkpoint() {
    let log = log_with_diary().await;
    append_elsewhere(&log, &["1"; 7]).await;
    let running = Running::start::<Stopping>(&log);
    running.wait_for(7).await;
    append(&log, &["1", "2"]).await;
    for _ in 0..5 {
        append_elsewhere(&log, &["1"; 300]).await;
    }
    let last = append_elsewhere(&log, &["\"poison\""; 3]).await;
    running.wait_for(last).await;
    assert_eq!(diary(&log).await, [8, 9]);
    assert_eq!(checkpoint(&log).await, (last, "running".into(), None));
    assert_eq!(lag(&log).await, (0, true));
    running.stop().await;
}

#[tokio::test]
async fn conformance_59_the_time_of_the_checkpoint_moves_with_it() {
    let log = log_with_diary().await;
    let running = Running::start::<Stopping>(&log);
    let mut before: Option<DateTime<Utc>> = None;
    for n in 0..6 {
        let last = if n % 2 == 0 { append(&log, &["1"]).await } else { append_elsewhere(&log, &["1"]).await };
        running.wait_for(last).await;
        let now: DateTime<Utc> = sqlx::query_scalar("select updated_at from projections.checkpoints")
            .fetch_one(&log.pool)
            .await
            .unwrap();
        assert!(before.is_none_or(|before| before < now), "{before:?} {now}");
        before = Some(now);
    }
    running.stop().await;
}

/// The lag in events, and whether its age is null.
async fn lag(log: &EventLog) -> (i64, bool) {
    sqlx::query_as("select lag_events, lag_age is null from operator.projection_lag")
        .fetch_one(&log.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn conformance_60_the_lag_is_exactly_what_was_not_yet_taken() {
    let log = log_with_diary().await;
    let last = append(&log, &["1"; 5]).await;
    let running = Running::start::<Stopping>(&log);
    running.wait_for(last).await;
    assert_eq!(lag(&log).await, (0, true));
    running.stop().await;
    for n in 1..=3 {
        // Conflicts and rollbacks leave no gaps that could count.
        log.append("a", Expected::Version(0), &["1"]).await.unwrap_err();
        log.open_append("b").await.rollback().await.unwrap();
        append(&log, &["1", "2"]).await;
        append_elsewhere(&log, &["1"]).await;
        assert_eq!(lag(&log).await, (n * 3, false));
    }
    let age: f64 = sqlx::query_scalar(
        "select extract(epoch from l.lag_age - (clock_timestamp() - e.recorded_at))::float8 \
           from operator.projection_lag l join events e on e.position = 6",
    )
    .fetch_one(&log.pool)
    .await
    .unwrap();
    assert!(age.abs() < 1.0, "the age is that of the first event after the checkpoint: {age} s off");
    let mut connection = log.pool.acquire().await.unwrap();
    assert_eq!(feed::read(&mut connection, last, 100).await.unwrap().len(), 9);
}

#[tokio::test]
async fn conformance_62_stopped_in_the_middle_a_runner_ends_at_once_and_the_next_one_goes_on_from_there() {
    let log = log_with_diary().await;
    let owner = log.database.pool(Role::Owner);
    let running = Running::start::<Stopping>(&log);
    running.wait_for(append(&log, &["1"; 5]).await).await;
    // It cannot finish the batch it has begun.
    let mut holder = owner.begin().await.unwrap();
    sqlx::query("lock table projections.diary in share mode").execute(&mut *holder).await.unwrap();
    let last = append(&log, &["1"; 5]).await;
    let waits = "select exists (select from pg_stat_activity where usename = 'parking_projector' \
                                    and wait_event_type = 'Lock' and datname = current_database())";
    let admin = log.admin();
    while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&admin).await.unwrap() {}
    timeout(Duration::from_secs(5), running.stop()).await.unwrap();
    assert_eq!(assert_atomic(&log).await, 5);
    holder.rollback().await.unwrap();
    let running = Running::start::<Stopping>(&log);
    running.wait_for(last).await;
    assert_eq!(assert_atomic(&log).await, last);
    running.stop().await;
}

#[tokio::test]
async fn conformance_62_what_a_runner_has_reached_when_it_is_stopped_is_written() {
    let log = log_with_diary().await;
    for _ in 0..10 {
        let running = Running::start::<Stopping>(&log);
        let last = append(&log, &["1"; 20]).await;
        running.wait_for(last).await;
        running.stop().await;
        assert_eq!(assert_atomic(&log).await, last);
        clear_away(&log).await;
    }
}

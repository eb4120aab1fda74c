//! The runner: one at a time, and recovery after failures.

use std::time::Duration;

use parking_commands::append::Expected;
use parking_projections::engine::feed;
use parking_projections::engine::progress::{Behind, Progresses};
use parking_testkit::Role;
use tokio::time::{sleep, timeout};

use crate::diary::{Stopping, append, diary, log_with_diary};
use crate::support::{DEADLINE, Running};

#[tokio::test]
async fn conformance_46_catch_up_then_live_without_gap_or_duplicate() {
    let log = log_with_diary().await;
    for _ in 0..30 {
        append(&log, &["1"; 50]).await;
    }
    let running = Running::start::<Stopping>(&log);
    let mut last = 0;
    for _ in 0..100 {
        last = append(&log, &["1", "2"]).await;
    }
    running.wait_for(last).await;
    assert_eq!(diary(&log).await, (1..=last).collect::<Vec<_>>());
    running.stop().await;
}

#[tokio::test]
async fn conformance_48_only_one_runs_and_the_other_takes_over_when_its_connection_dies() {
    let log = log_with_diary().await;
    let (first, second) = (Running::start::<Stopping>(&log), Running::start::<Stopping>(&log));
    let last = append(&log, &["1"; 10]).await;
    first.wait_for(last).await;
    second.wait_for(last).await;
    first.stop().await;
    let last = append(&log, &["1"; 10]).await;
    second.wait_for(last).await;
    assert_eq!(diary(&log).await, (1..=20).collect::<Vec<_>>());
    second.stop().await;
}

#[tokio::test]
async fn conformance_49_a_deposed_runner_cannot_write() {
    let log = log_with_diary().await;
    let running = Running::start::<Stopping>(&log);
    running.wait_for(append(&log, &["1"; 5]).await).await;
    // Another runner, not kept out by the lock, has moved the checkpoint.
    let owner = log.database.pool(Role::Owner);
    sqlx::query("update projections.checkpoints set position = 7").execute(&owner).await.unwrap();
    append(&log, &["1"; 5]).await;
    running.wait_for(10).await;
    assert_eq!(diary(&log).await, [1, 2, 3, 4, 5, 8, 9, 10], "6 and 7 belong to the other runner");
    running.stop().await;
}

#[tokio::test]
async fn conformance_51_without_any_signal_polling_still_delivers() {
    let log = log_with_diary().await;
    let running = Running::start::<Stopping>(&log);
    running.wait_for(append(&log, &["1"]).await).await;
    // Another process appends: this process's writer sends no signal.
    let other = log.second_writer();
    other.append(log.to("b", Expected::Any, &["1"])).await.unwrap();
    running.wait_for(2).await;
    running.stop().await;
}

#[tokio::test]
async fn conformance_52_a_runner_whose_connections_break_again_and_again_loses_and_repeats_nothing() {
    let log = log_with_diary().await;
    let running = Running::start::<Stopping>(&log);
    let (mut last, mut broken) = (0, 0);
    for _ in 0..20 {
        for _ in 0..20 {
            last = append(&log, &["1", "2", "3"]).await;
        }
        broken += log.terminate(Role::Projector).await;
    }
    running.wait_for(last).await;
    assert_eq!(diary(&log).await, (1..=last).collect::<Vec<_>>());
    assert!(broken > 0, "at least one connection broke");
    running.stop().await;
}

#[tokio::test]
async fn conformance_61_a_wait_for_a_position_ends_when_it_is_reached_or_when_patience_ends_and_never_early()
{
    let log = log_with_diary().await;
    let running = Running::start::<Stopping>(&log);
    let progress: Progresses = [("diary", running.progress.clone())].into_iter().collect();
    for position in 1..20 {
        let waiting = progress.wait_for::<Stopping>(position, DEADLINE);
        let (_, waited) = tokio::join!(append(&log, &["1"]), waiting);
        assert_eq!(waited, Ok(()));
        assert!(running.progress.position() >= position);
        let behind = progress.wait_for::<Stopping>(position + 1, Duration::from_millis(10)).await;
        assert_eq!(behind, Err(Behind { projection: "diary", reached: position, stopped: false }));
    }
    running.stop().await;
}

#[tokio::test]
async fn a_lingering_runner_keeps_no_reader_waiting_and_ends_at_once() {
    let log = log_with_diary().await;
    let running = Running::start_lingering::<Stopping>(&log, 10 * DEADLINE);
    for _ in 0..5 {
        let last = append(&log, &["1", "2"]).await;
        running.wait_for(last).await;
    }
    assert_eq!(diary(&log).await, (1..=10).collect::<Vec<_>>());
    timeout(DEADLINE, running.stop()).await.unwrap();
}

#[tokio::test]
async fn events_during_a_linger_are_applied_after_it() {
    let log = log_with_diary().await;
    let running = Running::start_lingering::<Stopping>(&log, Duration::from_millis(50));
    let first = append(&log, &["1"]).await;
    running.wait_for(first).await;
    let last = append(&log, &["1", "2"]).await;
    // Read from outside, so that no reader makes the runner hurry.
    while diary(&log).await.last() != Some(&last) {
        sleep(Duration::from_millis(5)).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn a_missing_position_stops_every_runner_and_is_never_stepped_over() {
    let log = log_with_diary().await;
    append(&log, &["1", "2", "3"]).await;
    let admin = log.admin();
    sqlx::query("alter table events disable trigger user").execute(&admin).await.unwrap();
    sqlx::query("delete from events where position = 2").execute(&admin).await.unwrap();
    let mut connection = log.pool.acquire().await.unwrap();
    let gap = feed::read(&mut connection, 0, 10).await.unwrap_err();
    assert_eq!(gap.to_string(), "position 2 is missing from the log, position 3 follows");
}

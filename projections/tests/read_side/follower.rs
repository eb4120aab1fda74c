//! Followers: where they begin, that they lose and repeat nothing in the database, and what they do with poison.

use std::time::Duration;

use parking_commands::append::Expected;
use parking_projections::engine::feed::RecordedEvent;
use parking_projections::engine::follower::history::Log;
use parking_projections::engine::follower::{self, Begin, Follower, OnPoison, Runs, TakeError};
use parking_testkit::{EventLog, Role};
use sqlx::PgConnection;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::diary::append;
use crate::support::{DEADLINE, woken};

/// Stores the positions that it takes, and fails on payloads that say "poison".
struct Taking<const STOPS: bool, const AT_THE_END: bool>;

impl<const STOPS: bool, const AT_THE_END: bool> Follower for Taking<STOPS, AT_THE_END> {
    const NAME: &'static str = "taking";
    const BEGIN: Begin = if AT_THE_END { Begin::AtTheEnd } else { Begin::AtTheStart };
    const ON_POISON: OnPoison = if STOPS { OnPoison::Stop } else { OnPoison::PassOver };
    const BATCH: i64 = 8;
    type History = Log;

    async fn take(
        &mut self,
        connection: &mut PgConnection,
        entries: &[RecordedEvent],
    ) -> Result<(), TakeError> {
        for event in entries {
            // Before the failure: what was stored with it must be gone.
            sqlx::query("insert into projections.followed values ($1)")
                .bind(event.position)
                .execute(&mut *connection)
                .await?;
            if event.payload.contains("poison") {
                return Err(TakeError::Effect("poison".to_owned()));
            }
        }
        Ok(())
    }

    async fn resync(&mut self, _: &mut PgConnection) -> Result<(), TakeError> {
        panic!("the log is never replaced");
    }
}

type FromTheEnd = Taking<true, true>;
type FromTheStart = Taking<true, false>;
type PassingOver = Taking<false, false>;

async fn log() -> EventLog {
    let log = EventLog::create().await;
    let owner = log.database.pool(Role::Owner);
    // No key, so that an event taken twice shows.
    sqlx::query("create table projections.followed (position bigint)").execute(&owner).await.unwrap();
    sqlx::query("grant insert on projections.followed to parking_projector").execute(&owner).await.unwrap();
    log
}

fn start<F: Follower + 'static>(log: &EventLog, follower: F) -> (JoinHandle<()>, CancellationToken) {
    let stop = log.stop.child_token();
    let options = log.database.as_role(Role::Projector);
    (tokio::spawn(follower::run(follower, options, woken(log), stop.clone())), stop)
}

async fn taken(log: &EventLog) -> Vec<i64> {
    let query = "select position from projections.followed order by 1";
    sqlx::query_scalar(query).fetch_all(&log.admin()).await.unwrap()
}

async fn cursor(log: &EventLog) -> (i64, String, Option<String>, i64) {
    let query = "select position, status, failure, skipped from ops.followers where follower = 'taking'";
    sqlx::query_as(query).fetch_optional(&log.admin()).await.unwrap().unwrap_or_default()
}

/// Waits until the stored cursor satisfies a condition.
async fn until(log: &EventLog, reached: impl Fn(&(i64, String, Option<String>, i64)) -> bool) {
    let waiting = async {
        while !reached(&cursor(log).await) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, waiting).await.unwrap();
}

#[tokio::test]
async fn it_begins_at_the_end_once_and_goes_on_from_its_cursor_afterwards() {
    let log = log().await;
    append(&log, &["1"; 5]).await;
    let (task, stop) = start(&log, Taking::<true, true>);
    until(&log, |(position, ..)| *position == 5).await;
    append(&log, &["1"; 2]).await;
    until(&log, |(position, ..)| *position == 7).await;
    stop.cancel();
    task.await.unwrap();
    append(&log, &["1"; 3]).await;
    let follower: FromTheEnd = Taking;
    let (task, stop) = start(&log, follower);
    until(&log, |(position, ..)| *position == 10).await;
    assert_eq!(taken(&log).await, [6, 7, 8, 9, 10], "what happened while it was down is taken too");
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn through_broken_connections_kills_and_two_processes_each_event_is_taken_once() {
    let log = log().await;
    let follower = || -> FromTheStart { Taking };
    let (other, stop_other) = start(&log, follower());
    let (mut last, mut broken) = (0, 0);
    for round in 0..12 {
        let (task, stop) = start(&log, follower());
        for _ in 0..10 {
            last = append(&log, &["1", "2", "3"]).await;
        }
        match round % 3 {
            // A process that dies drops everything it was doing.
            0 => task.abort(),
            1 => broken += log.terminate(Role::Projector).await,
            _ => stop.cancel(),
        }
    }
    until(&log, |(position, ..)| *position == last).await;
    assert_eq!(taken(&log).await, (1..=last).collect::<Vec<_>>());
    assert!(broken > 0, "at least one connection broke");
    stop_other.cancel();
    other.await.unwrap();
}

#[tokio::test]
async fn it_stops_before_poison_and_goes_on_once_the_cause_is_gone() {
    let log = log().await;
    append(&log, &["1", "2", "\"poison\"", "4"]).await;
    let follower: FromTheStart = Taking;
    let (task, _stop) = start(&log, follower);
    until(&log, |(_, status, ..)| status == "stopped").await;
    assert_eq!(cursor(&log).await, (2, "stopped".into(), Some("poison".into()), 0));
    assert_eq!(taken(&log).await, [1, 2], "nothing of the failed transaction stays");
    task.abort();
    // The next release takes it.
    let follower: PassingOver = Taking;
    let (task, stop) = start(&log, follower);
    until(&log, |(position, ..)| *position == 4).await;
    assert_eq!(cursor(&log).await, (4, "running".into(), None, 1));
    assert_eq!(taken(&log).await, [1, 2, 4]);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn it_passes_over_poison_alone_among_many_events() {
    let log = log().await;
    for _ in 0..5 {
        append(&log, &["1", "2", "\"poison\"", "4", "5", "6", "7"]).await;
    }
    let follower: PassingOver = Taking;
    let (task, stop) = start(&log, follower);
    until(&log, |(position, ..)| *position == 35).await;
    let expected: Vec<i64> = (1..=35).filter(|position| position % 7 != 3).collect();
    assert_eq!(taken(&log).await, expected);
    assert_eq!(cursor(&log).await.3, 5);
    stop.cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn without_any_signal_it_polls() {
    let log = log().await;
    let follower: FromTheStart = Taking;
    let (task, stop) = start(&log, follower);
    let other = log.second_writer();
    other.append(log.to("b", Expected::Any, &["1"])).await.unwrap();
    until(&log, |(position, ..)| *position == 1).await;
    stop.cancel();
    task.await.unwrap();
}

/// Sends the positions that it sees to its process's clients.
struct Telling(tokio::sync::mpsc::UnboundedSender<i64>);

impl Follower for Telling {
    const NAME: &'static str = "telling";
    const BEGIN: Begin = Begin::AtTheEnd;
    const ON_POISON: OnPoison = OnPoison::Stop;
    const RUNS: Runs = Runs::InEveryProcess;
    type History = Log;

    async fn take(&mut self, _: &mut PgConnection, entries: &[RecordedEvent]) -> Result<(), TakeError> {
        entries.iter().try_for_each(|event| self.0.send(event.position)).map_err(|_| gone())
    }

    async fn resync(&mut self, _: &mut PgConnection) -> Result<(), TakeError> {
        panic!("the log is never replaced");
    }
}

fn gone() -> TakeError {
    TakeError::Effect("the client is gone".to_owned())
}

#[tokio::test]
async fn one_in_every_process_sees_all_from_its_start_on_through_broken_connections() {
    let log = log().await;
    append(&log, &["1"; 5]).await;
    let mut clients = Vec::new();
    for _ in 0..2 {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        start(&log, Telling(sender));
        clients.push(receiver);
    }
    // Until both have begun: each begins at the end of the log.
    let mut last = append(&log, &["1"]).await;
    for client in &mut clients {
        let begun = async {
            while client.try_recv().is_err() {
                last = append(&log, &["1"]).await;
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(DEADLINE, begun).await.unwrap();
    }
    let from = last;
    for _ in 0..5 {
        last = append(&log, &["1"; 10]).await;
        log.terminate(Role::Projector).await;
    }
    for client in &mut clients {
        let mut seen = Vec::new();
        while seen.last() != Some(&last) {
            seen.push(timeout(DEADLINE, client.recv()).await.unwrap().unwrap());
        }
        seen.dedup();
        assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1), "in order, without a gap: {seen:?}");
        assert!(seen[0] <= from + 1);
    }
    assert_eq!(cursor(&log).await, (0, String::new(), None, 0), "nothing is stored");
}

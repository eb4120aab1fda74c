//! A follower of `changes`: what it does when rows are rebuilt, when its cursor is odd, and when a row cannot be read.

use std::time::Duration;

use parking_projections::engine::follower::{self, Begin, Follower, OnPoison, TakeError};
use parking_projections::engine::rebuild::rebuild;
use parking_projections::occupancy::Occupancies;
use parking_projections::occupancy::changes::Entry;
use parking_projections::occupancy::changes::read::ChangeHistory;
use parking_testkit::estate::Estate;
use parking_testkit::{EventLog, Role};
use sqlx::{Executor, PgConnection};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::support::{DEADLINE, Running};

#[derive(Debug, PartialEq)]
enum Seen {
    Entry(i64),
    Resync,
}

struct Watching(UnboundedSender<Seen>);

impl Follower for Watching {
    const NAME: &'static str = "watching";
    const BEGIN: Begin = Begin::AtTheEnd;
    const ON_POISON: OnPoison = OnPoison::Stop;
    type History = ChangeHistory;

    async fn take(&mut self, _: &mut PgConnection, entries: &[Entry]) -> Result<(), TakeError> {
        for entry in entries {
            self.0.send(Seen::Entry(entry.position)).unwrap_or_default();
        }
        Ok(())
    }

    async fn resync(&mut self, _: &mut PgConnection) -> Result<(), TakeError> {
        self.0.send(Seen::Resync).unwrap_or_default();
        Ok(())
    }
}

fn start(log: &EventLog) -> UnboundedReceiver<Seen> {
    let (sender, seen) = mpsc::unbounded_channel();
    let (_nobody_wakes, woken) = watch::channel(());
    let options = log.database.as_role(Role::Projector);
    tokio::spawn(follower::run(Watching(sender), options, woken, log.stop.child_token()));
    seen
}

async fn next(seen: &mut UnboundedReceiver<Seen>) -> Seen {
    timeout(DEADLINE, seen.recv()).await.unwrap().unwrap()
}

async fn stored(log: &EventLog) -> Option<(i64, String)> {
    let query = "select position, status from ops.followers where follower = 'watching'";
    sqlx::query_as(query).fetch_optional(&log.admin()).await.unwrap()
}

async fn until(log: &EventLog, reached: impl Fn(&(i64, String)) -> bool) {
    let waiting = async {
        while !stored(log).await.is_some_and(|cursor| reached(&cursor)) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, waiting).await.unwrap();
}

/// A projection at the head of a log with a space, and a follower there. Returns the position.
async fn following(log: &EventLog, estate: &Estate<'_>) -> (Running, UnboundedReceiver<Seen>, i64) {
    let site = estate.site(1, 0).await;
    estate.space(2, site, 1).await;
    let running = Running::start::<Occupancies>(log);
    let head = log.head().await;
    running.wait_for(head).await;
    let seen = start(log);
    until(log, |(position, _)| *position == head).await;
    (running, seen, head)
}

#[tokio::test]
async fn a_rebuild_makes_it_look_at_the_present_state_once_and_it_goes_on() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (running, mut seen, _) = following(&log, &estate).await;
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    rebuild::<Occupancies>(&owner, &projector, |_, _| {}).await.unwrap();
    assert_eq!(next(&mut seen).await, Seen::Resync);
    estate.booked(3, estate.id(2).into(), (10, 20), 2).await;
    assert_eq!(next(&mut seen).await, Seen::Entry(log.head().await));
    running.stop().await;
}

#[tokio::test]
async fn a_cursor_that_the_log_does_not_reach_comes_back_to_its_end() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (running, mut seen, head) = following(&log, &estate).await;
    log.admin().execute("update ops.followers set position = 99999999").await.unwrap();
    // The follower that runs has another cursor: it loses its turn at the next change, and takes the stored one.
    estate.booked(3, estate.id(2).into(), (10, 20), 2).await;
    assert_eq!(next(&mut seen).await, Seen::Entry(head + 1), "taken, but not committed");
    assert_eq!(next(&mut seen).await, Seen::Resync);
    until(&log, |(position, _)| *position == head + 1).await;
    estate.booked(4, estate.id(2).into(), (30, 40), 3).await;
    assert_eq!(next(&mut seen).await, Seen::Entry(head + 2));
    running.stop().await;
}

#[tokio::test]
async fn a_row_that_cannot_be_read_stops_it_visibly() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (running, _seen, head) = following(&log, &estate).await;
    running.stop().await;
    let odd = format!(
        "insert into projections.changes values ({0}, 0, '{1}', null, null, 'odd', 'x', 'Odd', null, now()); \
         update projections.checkpoints set position = {0}",
        head + 1,
        estate.tenant(),
    );
    log.admin().execute(&*odd).await.unwrap();
    until(&log, |(_, status)| status == "stopped").await;
    assert_eq!(stored(&log).await.unwrap().0, head, "before the row");
}

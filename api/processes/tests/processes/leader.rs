//! Several processes: one leads, another takes over, and nothing happens twice.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use parking_processes::leader::{Duty, lead};
use parking_testkit::{EventLog, Role};
use sqlx::{Connection, PgConnection};
use tokio::sync::mpsc;

use crate::support::{Rig, t, window};

/// Reports that it leads, with its server process, and runs until its connection is lost.
struct Announcer(&'static str, mpsc::UnboundedSender<(&'static str, i32)>, Arc<AtomicI64>);

impl Duty for Announcer {
    async fn perform(&mut self, connection: &mut PgConnection) -> Result<Infallible, sqlx::Error> {
        let pid = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *connection).await?;
        let leaders = self.2.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(leaders, 1, "only one process leads");
        self.1.send((self.0, pid)).unwrap();
        let gone = sqlx::query("select pg_sleep(1000)").execute(connection).await;
        self.2.fetch_sub(1, Ordering::SeqCst);
        Err(gone.map(drop).expect_err("it sleeps until it is ended"))
    }
}

#[tokio::test]
async fn one_leads_and_another_takes_over_when_its_connection_dies() {
    let log = EventLog::create().await;
    let (announcements, mut announced) = mpsc::unbounded_channel();
    let leaders = Arc::new(AtomicI64::new(0));
    for name in ["first", "second"] {
        let duty = Announcer(name, announcements.clone(), leaders.clone());
        tokio::spawn(lead(log.database.as_role(Role::Projector), duty, log.stop.child_token()));
    }
    for _ in 0..3 {
        let (_, pid) = announced.recv().await.unwrap();
        assert!(announced.is_empty(), "the other process waits");
        sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&log.admin()).await.unwrap();
    }
    announced.recv().await.unwrap();
}

#[tokio::test]
async fn two_processes_that_both_believe_to_lead_do_nothing_twice() {
    let rig = Rig::create(t("08:00:00")).await;
    for n in 0..20 {
        let space = rig.space(&format!("A-{n}"), (n % 2 == 0).then_some(15)).await;
        for hour in [0, 2] {
            rig.book(space, window(t("10:00:00") + TimeDelta::hours(hour), 60)).await.unwrap();
        }
    }
    let (one, other) = (rig.follow(), rig.follow_as(rig.second_platform().await));
    one.caught_up(&rig).await;
    other.caught_up(&rig).await;
    let pass = async |dues: &parking_processes::due::Dues| {
        let options = rig.log.database.as_role(Role::Projector);
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let mut events = 0;
        while rig.count("ReservationExpired").await + rig.count("ReservationNotTakenUp").await < 40 {
            events += dues.pass_time(&mut connection, None, t("20:00:00")).await.unwrap().events;
        }
        events
    };
    let (by_one, by_other) = tokio::join!(pass(&one.dues), pass(&other.dues));
    assert_eq!(by_one + by_other, 3 * 40, "approached, started and ended, each once");
    for (event_type, times) in [
        ("ReservationApproached", 40),
        ("ReservationStarted", 40),
        ("ReservationExpired", 20),
        ("ReservationNotTakenUp", 20),
    ] {
        assert_eq!(rig.count(event_type).await, times, "{event_type}");
    }
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn a_second_scheduler_goes_on_where_the_first_one_ended() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", None).await;
    rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    let (first, second) = (rig.serve(), rig.follow_as(rig.second_platform().await));
    second.schedule(&rig);
    rig.clock.set(t("10:00:00"));
    rig.quiet(&first).await;
    assert_eq!(rig.count("ReservationStarted").await, 1);
    first.stop().await;
    rig.clock.set(t("11:00:00"));
    rig.quiet(&second).await;
    assert_eq!((rig.count("ReservationStarted").await, rig.count("ReservationExpired").await), (1, 1));
    second.stop().await;
}

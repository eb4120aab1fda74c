//! Jobs run on schedule or on request, never twice at the same time, and record their runs.

use std::sync::Arc;

use chrono::TimeDelta;
use parking_domain::lorawan::DevEui;
use parking_processes::jobs::{Job, Jobs, StartError, Work};
use parking_projections::devices::Fleet;
use parking_projections::engine::diff::diff;
use parking_testkit::Role;
use sqlx::{Connection, PgConnection};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::support::{DEADLINE, Rig, Running, t, window};

fn jobs(rig: &Rig, running: &Running, stop: &CancellationToken) -> Jobs {
    let work = Work {
        projector: rig.log.database.as_role(Role::Projector),
        dues: running.dues.clone(),
        keep_readings: TimeDelta::days(90),
    };
    let keeper = (rig.log.database.as_role(Role::Writer), rig.log.database.pool(Role::Writer));
    Jobs::new(keeper, work, rig.clock.clone(), rig.log.ids.clone(), Arc::new(()), stop.clone())
}

/// Waits until a job has ended that many times.
async fn ended(jobs: &Jobs, job: Job, times: usize) -> Vec<(String, Option<String>)> {
    let asked = Instant::now();
    loop {
        let (runs, _) = jobs.history(job, 100, 0).await.unwrap();
        if runs.iter().filter(|run| run.finished_at.is_some()).count() >= times {
            return runs.into_iter().map(|run| (run.trigger, run.outcome)).collect();
        }
        assert!(asked.elapsed() < DEADLINE, "{runs:?}");
        sleep(std::time::Duration::from_millis(5)).await;
    }
}

fn succeeded(trigger: &str) -> (String, Option<String>) {
    (trigger.to_owned(), Some("succeeded".to_owned()))
}

#[tokio::test]
async fn a_requested_job_executes_what_is_overdue_and_records_it() {
    let rig = Rig::create(t("08:00:00")).await;
    let space = rig.space("A-1", None).await;
    rig.book(space, window(t("10:00:00"), 60)).await.unwrap();
    let (running, stop) = (rig.follow(), CancellationToken::new());
    running.caught_up(&rig).await;
    let jobs = jobs(&rig, &running, &stop);
    rig.clock.set(t("12:00:00"));
    let run_id = jobs.run_now(Job::ExpireReservations).await.unwrap();
    ended(&jobs, Job::ExpireReservations, 1).await;
    let status = jobs.standing(Job::ExpireReservations).await.unwrap();
    let last = status.last.unwrap();
    assert_eq!((last.run_id, last.outcome.as_deref()), (run_id, Some("succeeded")));
    assert_eq!(last.result.unwrap()["events"], 3, "approached, started, expired");
    assert_eq!((status.running, status.next_run_at), (false, t("12:01:00")));
    assert_eq!(rig.count("ReservationExpired").await, 1);
    running.stop().await;
}

#[tokio::test]
async fn jobs_run_by_their_schedule_under_any_leader() {
    let rig = Rig::create(t("08:00:00")).await;
    let (running, stop) = (rig.follow(), CancellationToken::new());
    for (minute, times) in [("08:00:00", 1), ("08:01:00", 2), ("08:02:00", 3)] {
        // A new leader each time: the database knows when a job ran.
        let jobs = jobs(&rig, &running, &stop);
        rig.clock.set(t(minute));
        let keeping = tokio::spawn({
            let jobs = jobs.clone();
            async move { jobs.keep_schedule().await }
        });
        assert_eq!(ended(&jobs, Job::ExpireReservations, times).await, vec![succeeded("schedule"); times]);
        assert_eq!(ended(&jobs, Job::CleanupReadings, 1).await, [succeeded("schedule")], "once a day");
        keeping.abort();
    }
    running.stop().await;
}

#[tokio::test]
async fn a_job_runs_once_at_a_time_ends_with_the_server_and_is_abandoned_if_its_process_dies() {
    let rig = Rig::create(t("08:00:00")).await;
    let (running, stop) = (rig.follow(), CancellationToken::new());
    let jobs = jobs(&rig, &running, &stop);
    // The lock blocks all deletions: the job waits.
    let mut owner = PgConnection::connect_with(&rig.log.database.as_role(Role::Owner)).await.unwrap();
    let mut lock = owner.begin().await.unwrap();
    sqlx::query("lock table projections.uplinks").execute(&mut *lock).await.unwrap();
    jobs.run_now(Job::CleanupReadings).await.unwrap();
    assert!(matches!(jobs.run_now(Job::CleanupReadings).await, Err(StartError::Running)));
    assert!(jobs.standing(Job::CleanupReadings).await.unwrap().running);
    stop.cancel();
    jobs.ended().await;
    assert!(matches!(jobs.run_now(Job::CleanupReadings).await, Err(StartError::Stopping)));
    let cancelled = ("request".to_owned(), Some("cancelled".to_owned()));
    assert_eq!(ended(&jobs, Job::CleanupReadings, 1).await, std::slice::from_ref(&cancelled));
    lock.rollback().await.unwrap();
    // A run of a process that died.
    sqlx::query("insert into ops.job_runs values (gen_random_uuid(), 'cleanup_readings', 'schedule', $1)")
        .bind(t("08:30:00").utc())
        .execute(&rig.log.admin())
        .await
        .unwrap();
    rig.clock.set(t("09:00:00"));
    let later = self::jobs(&rig, &running, &CancellationToken::new());
    later.run_now(Job::CleanupReadings).await.unwrap();
    let abandoned = ("schedule".to_owned(), Some("abandoned".to_owned()));
    assert_eq!(ended(&later, Job::CleanupReadings, 3).await, [succeeded("request"), abandoned, cancelled]);
    running.stop().await;
}

#[tokio::test]
async fn old_readings_are_deleted_and_the_rest_matches_the_log() {
    let rig = Rig::create(t("08:00:00") - TimeDelta::days(100)).await;
    let dev_eui = DevEui::from(1);
    rig.claim(dev_eui, 600).await;
    for (f_cnt, days) in [(1, 100), (2, 91), (3, 90), (4, 1)] {
        rig.clock.set(t("08:00:00") - TimeDelta::days(days));
        rig.says(dev_eui, f_cnt, f_cnt % 2 == 0).await;
    }
    rig.clock.set(t("08:00:00"));
    let (running, stop) = (rig.follow(), CancellationToken::new());
    running.caught_up(&rig).await;
    let jobs = jobs(&rig, &running, &stop);
    jobs.run_now(Job::CleanupReadings).await.unwrap();
    ended(&jobs, Job::CleanupReadings, 1).await;
    let left: Vec<i64> = sqlx::query_scalar("select f_cnt from projections.uplinks order by 1")
        .fetch_all(&rig.log.pool)
        .await
        .unwrap();
    assert_eq!(left, [3, 4]);
    let mut auditor = PgConnection::connect_with(&rig.log.database.as_role(Role::Auditor)).await.unwrap();
    let different = async |auditor: &mut PgConnection| -> i64 {
        let found = diff::<Fleet>(auditor, |_, _| {}).await.unwrap().unwrap();
        found.tables.iter().map(|table| table.different).sum()
    };
    assert_eq!(different(&mut auditor).await, 0);
    // A missing row within retention is found.
    sqlx::query("delete from projections.uplinks where f_cnt = 4").execute(&rig.log.admin()).await.unwrap();
    assert_eq!(different(&mut auditor).await, 1);
    running.stop().await;
}

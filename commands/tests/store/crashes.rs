//! What happens when connections break, locks are held and writers are stopped.

use futures_util::future::join_all;
use parking_commands::append::{AppendError, Expected};
use parking_testkit::{EventLog, Role};

#[tokio::test]
async fn a_batch_whose_connection_breaks_is_settled_and_no_append_happens_twice() {
    let log = EventLog::create().await;
    log.append("first", Expected::Version(0), &["{}"]).await.unwrap();
    for round in 0..10 {
        let names: Vec<String> = (0..50).map(|n| format!("{round} {n}")).collect();
        let appends = join_all(names.iter().map(|name| log.append(name, Expected::Version(0), &["{}"])));
        let (done, _killed) = tokio::join!(appends, log.terminate(Role::Writer));
        for (name, result) in names.iter().zip(done) {
            result.unwrap();
            assert_eq!(log.stored(name).await.len(), 1, "{name} is there once");
        }
    }
    log.assert_whole().await;
}

#[tokio::test]
async fn a_lost_batch_that_waits_for_the_lock_is_ended_before_it_is_sent_again() {
    let log = EventLog::create().await;
    log.append("first", Expected::Version(0), &["{}"]).await.unwrap();
    // Somebody holds the head for a while: the batch waits in the server.
    let admin = log.admin();
    let mut holder = admin.begin().await.unwrap();
    sqlx::query("select * from log_head for update").execute(&mut *holder).await.unwrap();
    let append = log.append("a", Expected::Any, &["{}"]);
    let break_and_release = async {
        let waiting = "select pid from pg_stat_activity where usename = 'parking_writer' and wait_event_type = 'Lock' \
                       and datname = current_database()";
        let pid: i32 = loop {
            if let Some(pid) = sqlx::query_scalar(waiting).fetch_optional(&admin).await.unwrap() {
                break pid;
            }
        };
        sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&admin).await.unwrap();
        holder.commit().await.unwrap();
    };
    let (done, ()) = tokio::join!(append, break_and_release);
    done.unwrap();
    assert_eq!(log.stored("a").await.len(), 1);
    log.assert_whole().await;
}

#[tokio::test]
async fn an_append_that_cannot_get_the_lock_is_refused_in_time_and_the_next_one_succeeds() {
    let log = EventLog::create().await;
    log.append("first", Expected::Version(0), &["{}"]).await.unwrap();
    let admin = log.admin();
    let mut holder = admin.begin().await.unwrap();
    sqlx::query("select * from log_head for update").execute(&mut *holder).await.unwrap();
    let refused = log.append("a", Expected::Any, &["{}"]).await;
    assert!(matches!(refused, Err(AppendError::Unavailable(_))), "{refused:?}");
    holder.rollback().await.unwrap();
    log.append("a", Expected::Version(0), &["{}"]).await.unwrap();
    log.assert_whole().await;
}

#[tokio::test]
async fn a_writer_that_is_stopped_answers_what_waits_and_refuses_the_rest() {
    let log = EventLog::create().await;
    let names: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let appends = join_all(names.iter().map(|name| log.append(name, Expected::Version(0), &["{}"])));
    let stop = async { log.stop.cancel() };
    let (done, ()) = tokio::join!(biased; appends, stop);
    let stored = done.iter().filter(|result| result.is_ok()).count();
    assert_eq!(i64::try_from(stored).unwrap(), log.head().await, "what was answered is what is there");
    log.writer.head().wait_for(|_| false).await.unwrap_err();
    assert_eq!(log.append("late", Expected::Any, &["{}"]).await, Err(AppendError::Stopped));
}

//! Broken connections, held locks and stopped writers.

use std::sync::Arc;

use futures_util::future::join_all;
use parking_commands::append::{AppendError, Expected};
use parking_commands::writer::Writer;
use parking_testkit::{EventLog, Role};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

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
async fn a_lost_batch_that_waits_for_the_lock_is_terminated_before_a_retry() {
    let log = EventLog::create().await;
    log.append("first", Expected::Version(0), &["{}"]).await.unwrap();
    // Another session holds the head for a while, so the batch waits in the server.
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
async fn a_stopped_writer_answers_waiting_appends_and_refuses_others() {
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

#[tokio::test]
async fn conformance_34_positions_have_no_gaps_after_rollbacks_and_broken_connections() {
    let log = EventLog::create().await;
    for round in 1..=10 {
        // A rolled-back append returns its position.
        log.open_append("rolled back").await.rollback().await.unwrap();
        let names: Vec<String> = (0..10).map(|n| format!("{round} {n}")).collect();
        let appends = join_all(names.iter().map(|name| log.append(name, Expected::Version(0), &["1", "2"])));
        let (done, _broken) = tokio::join!(appends, log.terminate(Role::Writer));
        assert!(done.iter().all(Result::is_ok), "{done:?}");
        assert_eq!(log.head().await, round * 20);
        log.assert_whole().await;
    }
    assert_eq!(log.stored("rolled back").await, []);
}

#[tokio::test]
async fn an_append_whose_writer_dies_is_never_reported_as_not_stored() {
    let log = EventLog::create().await;
    let (writer, task) = Writer::start(log.database.as_role(Role::Writer), CancellationToken::new());
    writer.append(log.to("first", Expected::Version(0), &["{}"])).await.unwrap();
    // The batch waits in the server while its writer dies.
    let admin = log.admin();
    let mut holder = admin.begin().await.unwrap();
    sqlx::query("select * from log_head for update").execute(&mut *holder).await.unwrap();
    let append = writer.append(log.to("a", Expected::Version(0), &["{}"]));
    let die = async {
        let waiting = "select exists (select from pg_stat_activity where usename = 'parking_writer' \
                                          and wait_event_type = 'Lock' and datname = current_database())";
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&admin).await.unwrap() {}
        task.abort();
    };
    let (answer, ()) = tokio::join!(append, die);
    assert!(matches!(answer, Err(AppendError::Unsettled(_))), "{answer:?}");
    holder.commit().await.unwrap();
    while log.head().await < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(log.stored("a").await.len(), 1, "it was stored without a result");
}

#[tokio::test]
async fn appends_beyond_the_queues_capacity_are_refused() {
    let log = Arc::new(EventLog::create().await);
    let (mut waves, mut refused) = (JoinSet::new(), 0);
    for _ in 0..5 {
        for _ in 0..2048 {
            // All to one stream: a batch has room for one of them.
            let log = log.clone();
            waves.spawn(async move { log.append("a", Expected::Any, &["{}"]).await });
        }
        // Until one more has completed, and the writer has taken the waiting ones.
        loop {
            match waves.join_next().await.unwrap().unwrap() {
                Ok(_) => break,
                Err(error) => refused += usize::from(error == AppendError::Overloaded),
            }
        }
        while let Some(done) = waves.try_join_next() {
            refused += usize::from(done.unwrap() == Err(AppendError::Overloaded));
        }
    }
    assert!(refused > 2048, "of 10240 that came at once {refused} were refused");
}

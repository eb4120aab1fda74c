//! Skipped events: the same log gives the same rows, for live rows and rebuilds, whenever the skip was appended.

use parking_commands::bus::Bus;
use parking_commands::skipping::{self, Skip, SkipError};
use parking_domain::log::Log;
use parking_projections::engine::rebuild::RebuildError;
use parking_projections::registry::Registry;
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, at};
use sqlx::Executor;

use crate::held_back::{SITES, difference, rebuilt, seen, unreadable};
use crate::poison::stopped;
use crate::support::{Running, catch_up};

async fn started() -> (EventLog, Bus<Log>) {
    let log = EventLog::started().await;
    let bus = Bus::new(log.store());
    (log, bus)
}

async fn skip(bus: &Bus<Log>, position: i64) -> Result<i64, SkipError> {
    let (projection, reason) = ("registry".to_owned(), "written by hand".to_owned());
    skipping::skip(bus, &Skip { position, projection, reason, undecodable: false }, at(9)).await
}

#[tokio::test]
async fn a_runner_that_stopped_goes_on_behind_the_event_as_soon_as_it_is_skipped() {
    let (log, bus) = started().await;
    let ours = Estate::new(&log, 'a');
    ours.site(1, 1).await;
    let running = Running::start::<Registry>(&log);
    running.wait_for(log.head().await).await;
    log.admin().execute("revoke insert on projections.sites from parking_projector").await.unwrap();
    ours.site(2, 2).await;
    let poison = log.head().await;
    assert_eq!(stopped(&log).await.0, poison - 1);
    ours.policy(3, 3).await;
    assert!(
        matches!(skip(&bus, poison - 1).await, Err(SkipError::NotThere(_))),
        "the rows contain that event"
    );
    // Without a further wait: the skip wakes the runner.
    let skip_position = skip(&bus, poison).await.unwrap();
    running.wait_for(skip_position).await;
    running.stop().await;
    log.admin().execute("grant insert on projections.sites to parking_projector").await.unwrap();

    assert_eq!(seen(&log, &ours, SITES).await.unwrap(), ["Site 1 aaaaaaaa"]);
    let found = difference::<Registry>(&log).await;
    assert!(found.is_clean(), "{found:?}");
    assert_eq!(found.account.skipped.len(), 1, "the skip is listed");
    let again = rebuilt::<Registry>(&log).await.unwrap();
    assert!(again.tables.iter().all(|table| table.different == 0), "{again:?}");
    assert_eq!(seen(&log, &ours, SITES).await.unwrap(), ["Site 1 aaaaaaaa"], "the rebuild leaves it out too");
    assert!(difference::<Registry>(&log).await.is_clean());
}

#[tokio::test]
async fn a_skip_of_the_cause_of_a_held_back_stream_applies_after_a_rebuild() {
    let (log, bus) = started().await;
    let ours = Estate::new(&log, 'a');
    let site = ours.site(1, 1).await;
    let poison = unreadable(&log, &ours, ("site", &site.to_string()), "SiteUpdated").await;
    catch_up::<Registry>(&log).await;
    skip(&bus, poison).await.unwrap();
    catch_up::<Registry>(&log).await;
    let found = difference::<Registry>(&log).await;
    assert!(
        !found.is_clean() && found.account.unapplied.len() == 1 && found.account.held.len() == 1,
        "{found:?}"
    );
    assert!(seen(&log, &ours, SITES).await.is_err(), "refused until then");
    assert_eq!(rebuilt::<Registry>(&log).await.unwrap().held, []);
    assert!(difference::<Registry>(&log).await.is_clean());
    assert_eq!(seen(&log, &ours, SITES).await.unwrap(), ["Site 1 aaaaaaaa"]);
    // The rows now reflect the skip, so there is nothing left to skip.
    assert!(matches!(skip(&bus, poison).await, Err(SkipError::AlreadySkipped)));
}

#[tokio::test]
async fn new_rows_with_an_event_that_was_skipped_later_do_not_replace_the_live_ones() {
    let (log, bus) = started().await;
    let ours = Estate::new(&log, 'a');
    let refuse = "alter table projections.sites add constraint none check (slug not like '%-2-aaaaaaaa')";
    log.admin().execute(refuse).await.unwrap();
    ours.site(1, 1).await;
    ours.site(2, 2).await;
    let poison = log.head().await;
    catch_up::<Registry>(&log).await;
    // The new tables lack this constraint: a rebuild applies the event and is interrupted before its rows go live.
    let mut reader = log.admin().begin().await.unwrap();
    reader.execute("lock table projections.due_times in access share mode").await.unwrap();
    let has_taken_it = async {
        let query = "select position from rebuild.checkpoints where projection = 'registry'";
        // The table does not exist until the rebuild has created it.
        while sqlx::query_scalar::<_, i64>(query).fetch_one(&log.admin()).await.unwrap_or_default() < poison {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        done = rebuilt::<Registry>(&log) => panic!("the lock must block it: {done:?}"),
        () = has_taken_it => {}
    }
    drop(reader);
    crate::diary::clear_away(&log).await;
    skip(&bus, poison).await.unwrap();
    // The leftover rows are useless; the rebuild starts again.
    let again = match rebuilt::<Registry>(&log).await {
        Err(RebuildError::SkippedMeanwhile(_)) => rebuilt::<Registry>(&log).await,
        rebuilt => rebuilt,
    };
    assert_eq!(again.unwrap().held, []);
    assert_eq!(seen(&log, &ours, SITES).await.unwrap(), ["Site 1 aaaaaaaa"]);
    assert!(difference::<Registry>(&log).await.is_clean());
    let kept: i64 = sqlx::query_scalar("select count(*) from projections.skipped_events")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_skipped_event_is_not_read_again_for_the_next_event_of_its_stream() {
    let (log, bus) = started().await;
    let ours = Estate::new(&log, 'a');
    let site = ours.site(1, 1).await;
    let space = ours.space(2, site, 2).await;
    let running = Running::start::<Registry>(&log);
    running.wait_for(log.head().await).await;
    log.admin().execute("revoke insert on projections.reservations from parking_projector").await.unwrap();
    ours.booked(3, space, (100, 200), 3).await;
    let poison = log.head().await;
    ours.booked(4, space, (300, 400), 4).await;
    assert_eq!(stopped(&log).await.0, poison - 1);
    running.stop().await;
    skip(&bus, poison).await.unwrap();
    log.admin().execute("grant insert on projections.reservations to parking_projector").await.unwrap();
    catch_up::<Registry>(&log).await;
    let found = difference::<Registry>(&log).await;
    assert!(found.is_clean() && found.account.skipped.len() == 1, "{found:?}");
    assert!(rebuilt::<Registry>(&log).await.unwrap().tables.iter().all(|table| table.different == 0));
}

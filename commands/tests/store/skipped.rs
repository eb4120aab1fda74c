//! Skipped events: when the log accepts them, and how streams treat an undecodable one.

use parking_commands::bus::{Bus, ExecuteError};
use parking_commands::identity;
use parking_commands::ingest::{Ingest, Outcome};
use parking_commands::skipping::{self, Skip, SkipError};
use parking_commands::snapshots::{Kind, MissingSnapshots};
use parking_commands::store::{CommandContext, LoadError};
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::instant::Instant;
use parking_domain::log::Log;
use parking_domain::site::{Site, SiteCommand, SiteRefusal};
use parking_domain::uplinks::Uplinks;
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, OWNER, at};
use tokio_util::sync::CancellationToken;

use crate::aggregates::ingest;
use crate::support::{eventually, snapshot_at};

/// A log that has started, and a bus of its own stream in another process.
async fn started() -> (EventLog, Bus<Log>) {
    let log = EventLog::create().await;
    let elsewhere = Bus::new(log.store_of(log.second_writer(), log.snapshots()));
    identity::start(&elsewhere, now()).await.unwrap();
    (log, elsewhere)
}

fn now() -> Instant {
    at(1_000)
}

fn skip_of(position: i64, undecodable: bool) -> Skip {
    let (projection, reason) = ("registry".to_owned(), "written by hand".to_owned());
    Skip { position, projection, reason, undecodable }
}

/// Sets the projection's checkpoint status.
async fn set_checkpoint(log: &EventLog, status: &str, stopped_at: Option<i64>) {
    sqlx::query(
        "insert into projections.checkpoints (projection, version, position, status, stopped_at) \
         values ('registry', 1, 1, $1, $2) \
         on conflict (projection, version) do update set status = excluded.status, stopped_at = excluded.stopped_at",
    )
    .bind(status)
    .bind(stopped_at)
    .execute(&log.admin())
    .await
    .unwrap();
}

async fn status(log: &EventLog) -> String {
    let query = "select status from projections.checkpoints where projection = 'registry'";
    sqlx::query_scalar(query).fetch_one(&log.pool).await.unwrap()
}

#[tokio::test]
async fn an_event_is_skipped_only_while_the_projection_is_stopped_before_it() {
    let (log, bus) = started().await;
    let site = Estate::new(&log, 'a').site(1, 1).await;
    let (position, head) = (log.head().await, log.head().await);
    for (status, stopped_at) in
        [("running", None), ("retrying", Some(position)), ("stopped", Some(position + 1)), ("stopped", None)]
    {
        set_checkpoint(&log, status, stopped_at).await;
        let refused = skipping::skip(&bus, &skip_of(position, false), now()).await.unwrap_err();
        assert!(
            matches!(&refused, SkipError::NotThere(why) if why.contains("does not stand before")),
            "{refused}"
        );
        assert_eq!(log.head().await, head, "{site}: nothing was appended");
    }
    set_checkpoint(&log, "stopped", Some(position)).await;
    let said_at = skipping::skip(&bus, &skip_of(position, false), now()).await.unwrap();
    assert_eq!((said_at, log.head().await), (head + 1, head + 1));
    assert_eq!(status(&log).await, "retrying", "its runner tries again");
    let again = skipping::skip(&bus, &skip_of(position, false), now()).await.unwrap_err();
    assert!(matches!(again, SkipError::AlreadySkipped));
}

#[tokio::test]
async fn the_wait_for_a_runner_that_holds_the_checkpoint_is_short() {
    let (log, bus) = started().await;
    Estate::new(&log, 'a').site(1, 1).await;
    let (position, head) = (log.head().await, log.head().await);
    set_checkpoint(&log, "stopped", Some(position)).await;
    let mut runner = log.admin().begin().await.unwrap();
    // The update of a runner that is trying the event again.
    sqlx::query("update projections.checkpoints set status = 'retrying'")
        .execute(&mut *runner)
        .await
        .unwrap();
    let busy = skipping::skip(&bus, &skip_of(position, false), now()).await.unwrap_err();
    assert!(matches!(busy, SkipError::Busy(_)), "{busy}");
    runner.commit().await.unwrap();
    let refused = skipping::skip(&bus, &skip_of(position, false), now()).await.unwrap_err();
    assert!(matches!(refused, SkipError::NotThere(_)), "{refused}");
    assert_eq!(log.head().await, head);
}

#[tokio::test]
async fn a_stream_in_memory_detects_that_another_process_marked_it_damaged() {
    let (log, elsewhere) = started().await;
    let site = Estate::new(&log, 'a').site(1, 1).await.to_string();
    let position = log.head().await;
    let sites: Bus<Site> = Bus::new(log.store());
    let create = SiteCommand::CreateSite {
        site: Box::new(parking_domain::site::NewSite {
            name: "Again".to_owned(),
            slug: "again".to_owned(),
            definition: parking_domain::site::Definition::in_zone("UTC"),
        }),
        asked: Asked { tenant_id: Estate::new(&log, 'a').tenant(), by: OWNER, at: at(2) },
    };
    let command = async || sites.execute(&site, &create, &CommandContext::default()).await.unwrap_err();
    let refused = command().await;
    assert!(matches!(refused, ExecuteError::Refused { refusal: SiteRefusal::SiteAlreadyExists, .. }));
    set_checkpoint(&log, "stopped", Some(position)).await;
    skipping::skip(&elsewhere, &skip_of(position, true), now()).await.unwrap();
    eventually(async || {
        matches!(command().await, ExecuteError::Load(LoadError::Damaged { position: at, .. }) if at == position)
    })
    .await;
    let fresh = log.store();
    eventually(async || matches!(fresh.load::<Site>(&site).await, Err(LoadError::Damaged { .. }))).await;
}

#[tokio::test]
async fn a_skipped_undecodable_event_is_known_at_the_first_load() {
    let (log, elsewhere) = started().await;
    let site = Estate::new(&log, 'a').site(1, 1).await.to_string();
    let mut append = log.to(&site, parking_commands::append::Expected::Any, &["{}"]);
    append.streams[0].aggregate_type = "site".into();
    append.streams[0].events[0].event_type = "SiteUpdated".into();
    let position = log.writer.append(append).await.unwrap().last_position;
    let error = log.store().load::<Site>(&site).await.unwrap_err();
    assert!(matches!(error, LoadError::Undecodable { .. }), "{error}");
    set_checkpoint(&log, "stopped", Some(position)).await;
    // The event is skipped for the projection only, so the stream still does not load.
    skipping::skip(&elsewhere, &skip_of(position, false), now()).await.unwrap();
    let error = log.store().load::<Site>(&site).await.unwrap_err();
    assert!(matches!(error, LoadError::Undecodable { .. }), "{error}");
    let admin = log.admin();
    let passed = "insert into projections.skipped_events values ('registry', 1, $1, 'written by hand')";
    sqlx::query(passed).bind(position).execute(&admin).await.unwrap();
    skipping::skip(&elsewhere, &skip_of(position, true), now()).await.unwrap();
    let error = log.store().load::<Site>(&site).await.unwrap_err();
    assert!(matches!(error, LoadError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_devices_uplinks_are_loaded_without_the_event_and_its_snapshot_is_dropped() {
    let (log, elsewhere) = started().await;
    let lanes = Ingest::new(log.store_of(log.writer.clone(), log.snapshots()));
    let mut positions = Vec::new();
    for n in 0..100 {
        let Outcome::Accepted { position } = ingest(&lanes, n).await else { panic!("{n} is new") };
        positions.push(position);
    }
    let skipped = positions[50];
    let stream = crate::aggregates::ID;
    snapshot_at(&log, stream, 100).await;
    assert!(matches!(ingest(&lanes, 50).await, Outcome::Duplicate { .. }));

    set_checkpoint(&log, "running", None).await;
    let letter = "insert into projections.dead_letters values ('registry', 1, $1, 'nobody can read it')";
    sqlx::query(letter).bind(skipped).execute(&log.admin()).await.unwrap();
    skipping::skip(&elsewhere, &skip_of(skipped, true), now()).await.unwrap();
    let snapshots: i64 = sqlx::query_scalar("select count(*) from snapshots where aggregate_id = $1")
        .bind(stream)
        .fetch_one(&log.pool)
        .await
        .unwrap();
    assert_eq!(snapshots, 0);
    // Its recording is no longer known.
    eventually(async || matches!(ingest(&lanes, 50).await, Outcome::Accepted { .. })).await;
    assert!(matches!(ingest(&lanes, 51).await, Outcome::Duplicate { .. }));
    let fresh = Ingest::new(log.store());
    assert!(matches!(ingest(&fresh, 50).await, Outcome::Duplicate { .. }), "recorded once more");
}

#[tokio::test]
async fn a_snapshot_without_the_skipped_event_is_not_replaced() {
    let (log, elsewhere) = started().await;
    let lanes = Ingest::new(log.store());
    for n in 0..120 {
        ingest(&lanes, n).await;
    }
    set_checkpoint(&log, "stopped", Some(50)).await;
    skipping::skip(&elsewhere, &skip_of(50, true), now()).await.unwrap();
    let store = log.store_of(log.writer.clone(), log.snapshots());
    let stream = crate::aggregates::ID;
    let form = async || -> Option<i32> {
        let form = "select state_version from snapshots where aggregate_id = $1";
        sqlx::query_scalar(form).bind(stream).fetch_optional(&log.pool).await.unwrap()
    };
    eventually(async || {
        store.load::<Uplinks>(stream).await.unwrap();
        form().await.is_some_and(|form| form != Uplinks::STATE_VERSION)
    })
    .await;
    let before = form().await;
    let missing = MissingSnapshots::new(&store, vec![Kind::of::<Uplinks>()]);
    missing.run(CancellationToken::new()).await;
    assert_eq!(form().await, before, "one with the event in it would be of no use to any load");
}

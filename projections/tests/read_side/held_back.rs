//! A tenant's poison event: its stream is held back, its reads are refused, and other tenants are not affected.

use parking_commands::append::Expected;
use parking_domain::device::{Category, Definition, Device, DeviceEvent};
use parking_projections::devices::Fleet;
use parking_projections::engine::diff::{Difference, diff};
use parking_projections::engine::projection::Projection;
use parking_projections::engine::reader::Reader;
use parking_projections::engine::rebuild::{RebuildError, Rebuilt, rebuild};
use parking_projections::occupancy::Occupancies;
use parking_projections::registry::Registry;
use parking_testkit::estate::{Estate, OWNER, at};
use parking_testkit::{EventLog, Role};
use sqlx::Executor;

use crate::support::catch_up;

const OURS: char = 'a';
const THEIRS: char = 'b';

/// Appends an undecodable event to a stream of an estate; returns its position.
pub(crate) async fn unreadable(
    log: &EventLog,
    estate: &Estate<'_>,
    stream: (&str, &str),
    event_type: &str,
) -> i64 {
    let mut append = log.to(stream.1, Expected::Any, &["{}"]);
    append.streams[0].aggregate_type = stream.0.into();
    append.streams[0].events[0].event_type = event_type.into();
    append.streams[0].events[0].tenant_id = Some(estate.tenant().uuid());
    log.writer.append(append).await.unwrap().last_position
}

pub(crate) async fn rebuilt<P: Projection>(log: &EventLog) -> Result<Rebuilt, RebuildError> {
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    rebuild::<P>(&owner, &projector, |_, _| {}).await
}

pub(crate) async fn difference<P: Projection>(log: &EventLog) -> Difference {
    let mut auditor = log.pool.acquire().await.unwrap();
    diff::<P>(&mut auditor, |_, _| {}).await.unwrap().expect("it has run")
}

/// What a tenant reads from a table, or the refusal.
pub(crate) async fn seen(log: &EventLog, estate: &Estate<'_>, query: &str) -> Result<Vec<String>, String> {
    let mut reading = Reader::new(log.database.pool(Role::Reader)).of(estate.tenant()).await.unwrap();
    sqlx::query_scalar(query).fetch_all(&mut *reading).await.map_err(|error| error.to_string())
}

pub(crate) const SITES: &str = "select name from sites order by 1";

#[tokio::test]
async fn poison_of_one_tenant_does_not_stop_the_others() {
    let log = EventLog::create().await;
    let (ours, theirs) = (Estate::new(&log, OURS), Estate::new(&log, THEIRS));
    let site = ours.site(1, 1).await;
    let poison = unreadable(&log, &ours, ("site", &site.to_string()), "SiteUpdated").await;
    theirs.site(1, 2).await;
    ours.site(2, 3).await;
    catch_up::<Registry>(&log).await;

    let refused = seen(&log, &ours, SITES).await.unwrap_err();
    let expected =
        format!("the projection registry holds back events of this tenant from position {poison} on");
    assert!(refused.contains(&expected), "{refused}");
    assert_eq!(seen(&log, &theirs, SITES).await.unwrap(), ["Site 1 bbbbbbbb"]);
    let elsewhere = "select dev_eui from devices";
    assert_eq!(seen(&log, &ours, elsewhere).await.unwrap(), [""; 0], "another projection has its rows");

    let found = difference::<Registry>(&log).await;
    assert!(!found.is_clean());
    assert!(found.tables.iter().all(|table| table.different == 0), "{found:?}");
    assert!(matches!(&found.account.held[..], [held] if (held.position, held.cause) == (poison, poison)));

    // The same log gives the same rows and the same held-back streams.
    let again = rebuilt::<Registry>(&log).await.unwrap();
    assert!(again.tables.iter().all(|table| table.different == 0), "{again:?}");
    assert_eq!(again.held, found.account.held);
    catch_up::<Registry>(&log).await;
    assert_eq!(difference::<Registry>(&log).await.account, found.account);
}

#[tokio::test]
async fn a_tenant_without_rows_is_refused_too() {
    let log = EventLog::create().await;
    let ours = Estate::new(&log, OURS);
    unreadable(&log, &ours, ("site", &ours.id(1).to_string()), "SiteCreated").await;
    catch_up::<Registry>(&log).await;
    for table in ["sites", "spaces", "reservations", "overrides", "activity", "display_policies"] {
        let query = format!("select count(*)::text from {table}");
        assert!(seen(&log, &ours, &query).await.is_err(), "{table} shows no rows instead of a refusal");
    }
}

#[tokio::test]
async fn a_reading_is_refused_before_it_finds_no_row_and_its_connection_stays_usable() {
    let log = EventLog::create().await;
    let (ours, theirs) = (Estate::new(&log, OURS), Estate::new(&log, THEIRS));
    unreadable(&log, &ours, ("site", &ours.id(1).to_string()), "SiteCreated").await;
    catch_up::<Registry>(&log).await;
    let reader = Reader::new(log.database.pool(Role::Reader));
    // More often than the pool has connections.
    for _ in 0..10 {
        let refused = reader.showing::<Registry>(ours.tenant()).await.unwrap_err().to_string();
        assert!(refused.contains("the projection registry holds back events of this tenant"), "{refused}");
        reader.showing::<(Fleet, Registry)>(ours.tenant()).await.unwrap_err();
        reader.showing::<Fleet>(ours.tenant()).await.unwrap();
        reader.showing::<Registry>(theirs.tenant()).await.unwrap();
    }
}

#[tokio::test]
async fn a_tenant_that_claims_a_device_with_a_held_back_stream_is_refused_too() {
    let log = EventLog::create().await;
    let (ours, theirs) = (Estate::new(&log, OURS), Estate::new(&log, THEIRS));
    let sensor = ours.device(1, Category::Sensor, 1).await;
    let poison = unreadable(&log, &ours, ("device", &sensor.to_string()), "DeviceUpdated").await;
    let released = DeviceEvent::DeviceReleased { reason: None, at: at(3), by: OWNER };
    ours.happens::<Device>(sensor, released).await;
    let theirs_sees = "select dev_eui from devices";
    catch_up::<Fleet>(&log).await;
    assert_eq!(seen(&log, &theirs, theirs_sees).await.unwrap(), [""; 0]);
    // The same device, claimed by the other tenant.
    let claim =
        log.ids.domain_part::<Device>(&sensor.to_string(), Some(theirs.tenant()), &[claimed(&theirs)]);
    let claim = log.writer.append(log.ids.over(vec![claim])).await.unwrap().last_position;
    catch_up::<Fleet>(&log).await;
    let refused = seen(&log, &theirs, theirs_sees).await.unwrap_err();
    assert!(refused.contains(&format!("from position {claim} on")), "{refused}");
    let held = difference::<Fleet>(&log).await.account.held;
    let found: Vec<_> = held.iter().map(|held| (held.tenant_id, held.position, held.cause)).collect();
    assert_eq!(found, [(ours.tenant().uuid(), poison, poison), (theirs.tenant().uuid(), claim, poison)]);
    assert_eq!(rebuilt::<Fleet>(&log).await.unwrap().held, held);
}

fn claimed(estate: &Estate<'_>) -> DeviceEvent {
    DeviceEvent::DeviceClaimed {
        tenant_id: estate.tenant(),
        category: Category::Sensor,
        definition: Box::new(Definition::named("Taken over")),
        at: at(4),
        by: OWNER,
    }
}

#[tokio::test]
async fn events_passed_over_stay_so_when_the_projection_reads_the_log_again() {
    let log = EventLog::create().await;
    let ours = Estate::new(&log, OURS);
    let site = ours.site(1, 1).await;
    let space = ours.space(2, site, 2).await;
    let sensor = ours.sensor(3, space, 3).await;
    // Without a tenant: a dead letter of every projection. Then an event of a tenant.
    let mut append = log.to(&format!("platform/{sensor}"), Expected::Any, &["{}"]);
    append.streams[0].aggregate_type = "uplinks".into();
    append.streams[0].events[0].event_type = "UplinkReceived".into();
    log.writer.append(append).await.unwrap();
    let other = ours.space(4, site, 4).await;
    unreadable(&log, &ours, ("space", &other.to_string()), "SpaceUpdated").await;
    for (n, occupied) in (1..).zip([true, false, true]) {
        ours.reports(sensor, n, occupied, 10 * i64::from(n)).await;
        // A new runner folds everything before its checkpoint again.
        catch_up::<Occupancies>(&log).await;
        catch_up::<Registry>(&log).await;
        catch_up::<Fleet>(&log).await;
    }
    let letters: Vec<(String, i64)> =
        sqlx::query_as("select projection, count(*) from projections.dead_letters group by 1 order by 1")
            .fetch_all(&log.pool)
            .await
            .unwrap();
    assert_eq!(letters, [("fleet".into(), 1), ("occupancy".into(), 1)]);
    let found = difference::<Occupancies>(&log).await;
    assert_eq!(found.account.held.len(), 1);
    assert!(found.tables.iter().all(|table| table.different == 0), "{found:?}");
    let again = rebuilt::<Occupancies>(&log).await.unwrap();
    assert!(again.tables.iter().all(|table| table.different == 0), "{again:?}");
    assert_eq!(difference::<Occupancies>(&log).await.account, found.account);
}

#[tokio::test]
async fn a_cause_that_is_gone_is_gone_after_a_rebuild() {
    let log = EventLog::create().await;
    let (ours, theirs) = (Estate::new(&log, OURS), Estate::new(&log, THEIRS));
    let refuse = "alter table projections.sites add constraint none check (slug not like '%-2-aaaaaaaa')";
    log.admin().execute(refuse).await.unwrap();
    ours.site(1, 1).await;
    ours.site(2, 2).await;
    theirs.site(2, 3).await;
    catch_up::<Registry>(&log).await;
    assert!(seen(&log, &ours, SITES).await.is_err());
    assert_eq!(seen(&log, &theirs, SITES).await.unwrap(), ["Site 2 bbbbbbbb"]);
    log.admin().execute("alter table projections.sites drop constraint none").await.unwrap();
    assert_eq!(rebuilt::<Registry>(&log).await.unwrap().held, []);
    assert_eq!(seen(&log, &ours, SITES).await.unwrap(), ["Site 1 aaaaaaaa", "Site 2 aaaaaaaa"]);
    assert!(difference::<Registry>(&log).await.is_clean());
}

#[tokio::test]
async fn an_error_that_any_event_would_cause_stops_the_projection() {
    let log = EventLog::create().await;
    let ours = Estate::new(&log, OURS);
    ours.site(1, 1).await;
    log.admin().execute("revoke insert on projections.sites from parking_projector").await.unwrap();
    let running = crate::support::Running::start::<Registry>(&log);
    assert_eq!(crate::poison::stopped(&log).await.0, 0);
    running.stop().await;
    let held: i64 = sqlx::query_scalar("select count(*) from projections.held_streams")
        .fetch_one(&log.pool)
        .await
        .unwrap();
    assert_eq!(held, 0);
    log.admin().execute("grant insert on projections.sites to parking_projector").await.unwrap();
    catch_up::<Registry>(&log).await;
    assert!(difference::<Registry>(&log).await.is_clean());
}

/// An event without a tenant in a stream that is not the network's: every projection of sites stops before it.
async fn odd(log: &EventLog) -> i64 {
    let mut append = log.to("odd", Expected::Any, &["{}"]);
    append.streams[0].aggregate_type = "site".into();
    append.streams[0].events[0].event_type = "SiteCreated".into();
    log.writer.append(append).await.unwrap().last_position
}

#[tokio::test]
async fn rows_of_a_stopped_projection_are_neither_clean_nor_equal() {
    let log = EventLog::create().await;
    let ours = Estate::new(&log, OURS);
    ours.site(1, 1).await;
    let poison = odd(&log).await;
    let running = crate::support::Running::start::<Registry>(&log);
    let (position, failure) = crate::poison::stopped(&log).await;
    assert_eq!(position, poison - 1);
    running.stop().await;

    let found = difference::<Registry>(&log).await;
    assert!(!found.is_clean() && found.account.stopped == Some(failure), "{found:?}");
    let error = rebuilt::<Registry>(&log).await.unwrap_err();
    assert!(matches!(error, RebuildError::Stopped { position, .. } if position == poison - 1), "{error}");
    let status: (String, Option<i64>) = sqlx::query_as(
        "select status, stopped_at from projections.checkpoints where projection = 'registry'",
    )
    .fetch_one(&log.pool)
    .await
    .unwrap();
    assert_eq!(status, ("stopped".into(), Some(poison)), "a failed rebuild changes nothing");
}

#[tokio::test]
async fn a_rebuild_that_ended_beyond_the_live_rows_goes_on_from_there() {
    let log = EventLog::create().await;
    let ours = Estate::new(&log, OURS);
    ours.site(1, 1).await;
    log.admin().execute("revoke insert on projections.sites from parking_projector").await.unwrap();
    let running = crate::support::Running::start::<Registry>(&log);
    assert_eq!(crate::poison::stopped(&log).await.0, 0);
    running.stop().await;
    let poison = odd(&log).await;
    for attempt in ["from the beginning", "beyond the live rows"] {
        let error = rebuilt::<Registry>(&log).await.unwrap_err();
        assert!(
            matches!(error, RebuildError::Stopped { position, .. } if position == poison - 1),
            "{attempt}: {error}"
        );
    }
}

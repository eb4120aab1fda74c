//! The activity list.

use parking_domain::actor::Actor;
use parking_domain::device::{Device, DeviceEvent};
use parking_domain::site::{Site, SiteEvent, SiteMember};
use parking_domain::space::{Space, SpaceEvent};
use parking_domain::stored;
use parking_projections::registry::Registry;
use parking_projections::registry::activity::read::{self, Filter, Listed};
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, OWNER, at};
use serde_json::json;

use super::reading;
use crate::support::catch_up;

fn kinds(rows: &[Listed]) -> Vec<&str> {
    rows.iter().map(|row| row.activity.kind.as_str()).collect()
}

#[tokio::test]
async fn every_command_is_a_row_and_reports_and_shown_states_are_not() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let member = SiteEvent::SiteMemberAdded { member: SiteMember::Space(space), at: at(1) };
    estate.happens::<Site>(site, member).await;
    let sensor = estate.sensor(3, space, 2).await;
    estate.reports(sensor, 1, true, 3).await;
    let booked = estate.booked(4, space, (100, 200), 4).await;
    let started = SpaceEvent::ReservationStarted { reservation_id: booked, due: at(100), at: at(101) };
    estate.happens::<Space>(space, started).await;
    estate.policy(5, 6).await;

    let mut reading = reading(&log, &estate).await;
    let rows = read::list(&mut reading, &Filter::default(), 100, 0).await.unwrap();
    let newest_first = [
        "DisplayPolicyActivated",
        "DisplayPolicyCreated",
        "ReservationStarted",
        "ReservationBooked",
        "DeviceAssigned",
        "DeviceClaimed",
        "SpaceCreated",
        "SiteCreated",
    ];
    assert_eq!(kinds(&rows), newest_first);
    assert_eq!(read::count(&mut reading, &Filter::default()).await.unwrap(), 8);
    let codes: Vec<Option<&str>> = rows.iter().map(|row| row.space_code.as_deref()).collect();
    let code = Some("P2-aaaaaaaa");
    assert_eq!(codes, [None, None, code, code, code, None, code, None]);
    let rows: Vec<_> = rows.into_iter().map(|row| row.activity).collect();
    let [_, _, started, booked_row, assigned, claimed, created, founded] = &rows[..] else { panic!() };
    assert_eq!((started.at, started.actor), (at(101), Actor::System));
    assert_eq!((started.site_id, started.space_id), (Some(site.uuid()), Some(space.uuid())));
    assert_eq!(booked_row.actor, OWNER);
    assert_eq!(
        booked_row.summary,
        json!({"reservation_id": booked, "start": at(100), "end": at(200)}),
        "the guest is not shown"
    );
    assert_eq!((assigned.site_id, assigned.space_id), (Some(site.uuid()), Some(space.uuid())));
    assert_eq!(assigned.dev_eui, Some(sensor));
    assert_eq!(assigned.summary, json!({"category": "sensor", "reason": "new here"}));
    assert_eq!((claimed.space_id, claimed.dev_eui), (None, Some(sensor)));
    assert_eq!((created.site_id, created.space_id), (Some(site.uuid()), Some(space.uuid())));
    assert_eq!((founded.stream_type.as_str(), founded.stream_id.as_str()), ("site", &*site.to_string()));
}

#[tokio::test]
async fn filters_select_the_listed_rows() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let (here, there) = (estate.space(2, site, 1).await, estate.space(3, site, 1).await);
    let sensor = estate.sensor(4, here, 2).await;
    estate.booked(5, there, (100, 200), 3).await;

    let mut reading = reading(&log, &estate).await;
    for (filter, expected) in [
        (
            Filter { space_id: Some(there.uuid()), ..Filter::default() },
            vec!["ReservationBooked", "SpaceCreated"],
        ),
        (Filter { dev_eui: Some(sensor), ..Filter::default() }, vec!["DeviceAssigned", "DeviceClaimed"]),
        (
            Filter { kinds: vec!["SiteCreated".into(), "SpaceCreated".into()], ..Filter::default() },
            vec!["SpaceCreated", "SpaceCreated", "SiteCreated"],
        ),
        (
            Filter { kinds: vec!["SpaceCreated".into()], space_id: Some(here.uuid()), ..Filter::default() },
            vec!["SpaceCreated"],
        ),
        (Filter { site_id: Some(estate.id(99)), ..Filter::default() }, vec![]),
    ] {
        let rows = read::list(&mut reading, &filter, 100, 0).await.unwrap();
        assert_eq!(kinds(&rows), expected, "{filter:?}");
        let count = read::count(&mut reading, &filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
    }
    let page = read::list(&mut reading, &Filter::default(), 2, 1).await.unwrap();
    assert_eq!(kinds(&page), ["DeviceAssigned", "DeviceClaimed"]);
}

#[tokio::test]
async fn the_site_of_a_deleted_space_is_still_known() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let sensor = estate.sensor(3, space, 2).await;
    catch_up::<Registry>(&log).await;
    let deleted = SpaceEvent::SpaceDeleted {
        space_id: space,
        site_id: site,
        code: "P2".into(),
        reason: None,
        at: at(3),
        by: OWNER,
    };
    estate.happens::<Space>(space, deleted).await;
    catch_up::<Registry>(&log).await;
    let category = parking_domain::device::Category::Sensor;
    let taken =
        DeviceEvent::DeviceUnassigned { space_id: space, category, reason: None, at: at(3), by: OWNER };
    estate.happens::<Device>(sensor, taken).await;

    let mut reading = reading(&log, &estate).await;
    let rows = read::list(&mut reading, &Filter::default(), 2, 0).await.unwrap();
    assert_eq!(kinds(&rows), ["DeviceUnassigned", "SpaceDeleted"]);
    assert!(rows.iter().all(|row| row.activity.site_id == Some(site.uuid()) && row.space_code.is_none()));
}

/// Uses the domain's golden files: every version in which an event was ever stored.
#[tokio::test]
async fn nothing_sealed_is_shown_whatever_happens() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/tests/golden");
    let (mut stored, mut sealed) = (0, 0);
    for stream in ["site", "space", "tenant", "device", "gateway"] {
        for file in std::fs::read_dir(format!("{golden}/{stream}")).unwrap() {
            let payload = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let value: serde_json::Value = serde_json::from_str(&payload).unwrap();
            let event_type = value.as_object().unwrap().keys().next().unwrap().clone();
            stored::decode(stream, &event_type, "1", &payload).unwrap();
            sealed += usize::from(payload.contains("\"sealed\""));
            let mut append =
                log.to(&estate.id(50).to_string(), parking_commands::append::Expected::Any, &[&payload]);
            append.streams[0].aggregate_type = stream.into();
            append.streams[0].events[0].event_type = event_type;
            append.streams[0].events[0].tenant_id = Some(estate.tenant().uuid());
            log.writer.append(append).await.unwrap();
            stored += 1;
        }
    }
    assert!(stored > 30 && sealed > 2, "{stored} forms, {sealed} with sealed data");
    catch_up::<Registry>(&log).await;
    let (rows, showing): (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where a::text ~ 'sealed|subject|hash') from projections.activity a",
    )
    .fetch_one(&log.pool)
    .await
    .unwrap();
    assert!(rows >= stored - 2, "all but a site's members: {rows} rows of {stored} events");
    assert_eq!(showing, 0);
}

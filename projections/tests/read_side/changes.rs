//! The history of changes: which rows events give, and how a reader goes on from a cursor.

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::device::{Category, Device, DeviceEvent};
use parking_domain::instant::Instant;
use parking_domain::space::{Space, SpaceEvent};
use parking_projections::engine::follower::history::{Cursor, History, Next};
use parking_projections::engine::retention;
use parking_projections::occupancy::Occupancies;
use parking_projections::occupancy::changes::read::ChangeHistory;
use parking_projections::occupancy::changes::{ChangeKind, Entry};
use parking_testkit::estate::{Estate, OWNER, at};
use parking_testkit::{EventLog, Role};
use sqlx::PgConnection;

use crate::support::catch_up;

async fn after(connection: &mut PgConnection, cursor: Cursor, limit: i64) -> (Vec<Entry>, Cursor) {
    match ChangeHistory::after(connection, cursor, limit).await.unwrap() {
        Next::Entries(entries, cursor) => (entries, cursor),
        Next::Resync(end) => panic!("resync at {end}"),
    }
}

async fn start(connection: &mut PgConnection) -> Cursor {
    Cursor { position: 0, ..ChangeHistory::end(connection).await.unwrap() }
}

/// A site with a space, a sensor, a booking, and a vehicle that comes while the booking runs.
async fn story(estate: &Estate<'_>) -> (String, String, String) {
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let sensor = estate.sensor(3, space, 2).await;
    estate.reports(sensor, 1, false, 3).await;
    let booking = estate.booked(4, space, (10, 1000), 5).await;
    let started = SpaceEvent::ReservationStarted { reservation_id: booking, due: at(10), at: at(10) };
    estate.happens::<Space>(space, started).await;
    estate.reports(sensor, 2, true, 20).await;
    (space.to_string(), sensor.to_string(), booking.to_string())
}

#[tokio::test]
async fn every_change_of_a_space_a_device_and_a_reservation_is_one_row_in_order() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (space, sensor, booking) = story(&estate).await;
    catch_up::<Occupancies>(&log).await;
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    let from = start(&mut connection).await;
    let (entries, to) = after(&mut connection, from, 100).await;

    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (entry.kind, entry.event_type.as_str(), entry.subject.as_str(), entry.state.is_some()))
        .collect();
    assert_eq!(
        seen,
        [
            (ChangeKind::Space, "SpaceCreated", space.as_str(), false),
            (ChangeKind::Space, "SpaceCreated", &space, true),
            (ChangeKind::Device, "DeviceClaimed", &sensor, false),
            (ChangeKind::Device, "DeviceAssigned", &sensor, false),
            (ChangeKind::Space, "UplinkReceived", &space, true),
            (ChangeKind::Reservation, "ReservationBooked", &booking, false),
            (ChangeKind::Reservation, "ReservationStarted", &booking, false),
            (ChangeKind::Space, "ReservationStarted", &space, true),
            (ChangeKind::Arrival, "UplinkReceived", &booking, false),
        ],
    );
    let tenant = estate.tenant().uuid();
    assert!(entries.iter().all(|entry| entry.tenant_id == tenant));
    let assigned = entries.iter().find(|entry| entry.event_type == "DeviceAssigned").unwrap();
    assert_eq!(assigned.space_id.map(|space| space.to_string()), Some(space), "a device at a space names it");
    assert!(entries.windows(2).all(|pair| {
        let key = |entry: &Entry| (entry.position, entry.ordinal);
        key(&pair[0]) < key(&pair[1])
    }));
    assert_eq!(to.position, log.head().await, "the cursor is past events that changed nothing");
    assert_eq!(after(&mut connection, to, 100).await, (vec![], to));
}

#[tokio::test]
async fn a_reader_of_small_pages_sees_each_row_once_and_stops_at_whole_positions() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    story(&estate).await;
    catch_up::<Occupancies>(&log).await;
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    let from = start(&mut connection).await;
    let (all, end) = after(&mut connection, from, 100).await;
    for limit in 1..4 {
        let (mut seen, mut cursor) = (Vec::new(), from);
        while cursor != end {
            let (entries, next) = after(&mut connection, cursor, limit).await;
            assert_eq!(next.to_string().parse(), Ok(next));
            assert!(next.position > cursor.position, "{cursor} to {next}");
            let whole = all
                .iter()
                .filter(|entry| entry.position > cursor.position && entry.position <= next.position);
            assert!(whole.eq(&entries), "whole positions from {cursor} to {next}");
            seen.extend(entries);
            cursor = next;
        }
        assert_eq!(seen, all, "in pages of {limit}");
    }
}

#[tokio::test]
async fn a_cursor_behind_deleted_rows_or_from_other_rows_gets_a_resync() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    story(&estate).await;
    catch_up::<Occupancies>(&log).await;
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    let (from, end) = (start(&mut connection).await, ChangeHistory::end(&mut connection).await.unwrap());
    for other in
        [Cursor { version: end.version - 1, ..end }, Cursor { generation: end.generation + 1, ..end }]
    {
        let next = ChangeHistory::after(&mut connection, other, 10).await.unwrap();
        assert_eq!(next, Next::Resync(end), "{other}");
    }

    let (entries, _) = after(&mut connection, from, 100).await;
    let middle = entries[4].recorded_at;
    let deleted = retention::clean(&mut connection, retention::CHANGES, middle).await.unwrap();
    let mut old = entries.iter().filter(|entry| entry.recorded_at < middle);
    assert_eq!(deleted, u64::try_from(old.clone().count()).unwrap());
    let behind = Cursor { position: 1, ..from };
    assert_eq!(ChangeHistory::after(&mut connection, behind, 10).await.unwrap(), Next::Resync(end));
    let last_old = old.next_back().map_or(0, |entry| entry.position);
    let kept = Cursor { position: last_old, ..end };
    let (rest, _) = after(&mut connection, kept, 100).await;
    assert!(rest.iter().eq(entries.iter().filter(|entry| entry.recorded_at >= middle)));
}

#[tokio::test]
async fn events_without_rows_behind_the_horizon_make_a_cursor_resync() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    estate.space(2, site, 1).await;
    catch_up::<Occupancies>(&log).await;
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    let cursor = ChangeHistory::end(&mut connection).await.unwrap();
    // While the projection is down, changes are recorded and grow old.
    estate.space(3, site, 2).await;
    let recorded = "select recorded_at from events order by position desc limit 1";
    let recorded: DateTime<Utc> = sqlx::query_scalar(recorded).fetch_one(&log.pool).await.unwrap();
    let later = Instant::try_from(recorded).unwrap() + TimeDelta::seconds(1);
    retention::clean(&mut connection, retention::CHANGES, later).await.unwrap();
    catch_up::<Occupancies>(&log).await;
    let next = ChangeHistory::after(&mut connection, cursor, 10).await.unwrap();
    assert!(matches!(next, Next::Resync(_)), "{next:?}");
}

#[tokio::test]
async fn a_follower_that_begins_while_the_projection_is_behind_begins_at_the_end_of_the_log() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    story(&estate).await;
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    let cursor = ChangeHistory::end(&mut connection).await.unwrap();
    assert_eq!(cursor.position, log.head().await);
    assert_eq!(after(&mut connection, cursor, 10).await, (vec![], cursor), "it waits for the projection");
    catch_up::<Occupancies>(&log).await;
    assert_eq!(
        after(&mut connection, cursor, 10).await,
        (vec![], cursor),
        "what was before does not concern it"
    );
    let new = estate.site(5, 30).await;
    estate.space(6, new, 31).await;
    catch_up::<Occupancies>(&log).await;
    assert_eq!(after(&mut connection, cursor, 10).await.0.len(), 2);
}

#[tokio::test]
async fn a_display_and_a_sensor_name_the_space_that_they_are_assigned_to() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let display = estate.device(3, Category::Display, 2).await;
    let (category, at) = (Category::Display, at(3));
    let assigned = DeviceEvent::DeviceAssigned { space_id: space, category, reason: None, at, by: OWNER };
    estate.happens::<Device>(display, assigned).await;
    let unassigned = DeviceEvent::DeviceUnassigned { space_id: space, category, reason: None, at, by: OWNER };
    estate.happens::<Device>(display, unassigned).await;
    catch_up::<Occupancies>(&log).await;
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    let from = start(&mut connection).await;
    let (entries, _) = after(&mut connection, from, 100).await;
    let of_device = entries.iter().filter(|entry| entry.kind == ChangeKind::Device);
    let spaces: Vec<_> = of_device.map(|entry| entry.space_id).collect();
    assert_eq!(spaces, [None, Some(space.uuid()), Some(space.uuid())]);
}

#[tokio::test]
async fn rows_that_would_be_deleted_are_not_made_again() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    story(&estate).await;
    catch_up::<Occupancies>(&log).await;
    let mut connection = log.database.pool(Role::Projector).acquire().await.unwrap();
    let later: Instant = at(0) + TimeDelta::days(40_000);
    retention::clean(&mut connection, retention::CHANGES, later).await.unwrap();
    let (owner, projector) = (log.database.as_role(Role::Owner), log.database.as_role(Role::Projector));
    let rebuilt = parking_projections::engine::rebuild::rebuild::<Occupancies>(&owner, &projector, |_, _| {})
        .await
        .unwrap();
    let changes = rebuilt.tables.iter().find(|table| table.table == "changes").unwrap();
    assert_eq!((changes.live, changes.other, changes.different), (0, 0, 0));
}

#[tokio::test]
async fn a_tenant_reads_its_own_changes_only() {
    let log = EventLog::create().await;
    let (ours, theirs) = (Estate::new(&log, 'a'), Estate::new(&log, 'b'));
    story(&ours).await;
    story(&theirs).await;
    catch_up::<Occupancies>(&log).await;
    let reader = parking_projections::engine::reader::Reader::new(log.database.pool(Role::Reader));
    for estate in [&ours, &theirs] {
        let mut reading = reader.of(estate.tenant()).await.unwrap();
        let from = start(&mut reading).await;
        let (entries, _) = after(&mut reading, from, 100).await;
        assert_eq!(entries.len(), 9);
        assert!(entries.iter().all(|entry| entry.tenant_id == estate.tenant().uuid()));
    }
}

//! The history of changes: which rows events give, and how a reader goes on from a cursor.

use chrono::TimeDelta;
use parking_domain::instant::Instant;
use parking_domain::space::{Space, SpaceEvent};
use parking_projections::engine::follower::history::{Cursor, History, Next};
use parking_projections::engine::retention;
use parking_projections::occupancy::Occupancies;
use parking_projections::occupancy::changes::read::ChangeHistory;
use parking_projections::occupancy::changes::{ChangeKind, Entry};
use parking_testkit::estate::{Estate, at};
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
    assert_eq!(ChangeHistory::after(&mut connection, from, 10).await.unwrap(), Next::Resync(end));
    let last_old = old.next_back().map_or(0, |entry| entry.position);
    let kept = Cursor { position: last_old, ..end };
    let (rest, _) = after(&mut connection, kept, 100).await;
    assert!(rest.iter().eq(entries.iter().filter(|entry| entry.recorded_at >= middle)));
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

//! Reservations and overrides.

use parking_domain::id::{Id, OverrideId, SpaceId};
use parking_domain::space::{OverrideKind, Space, SpaceEvent, Status, Window};
use parking_projections::registry::overrides::OverrideStatus;
use parking_projections::registry::overrides::read as overrides;
use parking_projections::registry::reservations::read::{self, Filter, Listed};
use parking_projections::registry::spaces::read as spaces;
use parking_testkit::EventLog;
use parking_testkit::estate::{Estate, OWNER, at};
use uuid::Uuid;

use super::reading;

fn ids(rows: &[Listed]) -> Vec<Uuid> {
    rows.iter().map(|row| row.reservation.reservation_id).collect()
}

#[tokio::test]
async fn filters_select_the_listed_rows() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (near, far) = (estate.site(1, 0).await, estate.site(2, 0).await);
    let (here, there) = (estate.space(3, near, 1).await, estate.space(4, far, 1).await);
    let early = estate.booked(5, here, (100, 200), 2).await;
    let late = estate.booked(6, here, (300, 400), 2).await;
    let other = estate.booked(7, there, (250, 260), 2).await;
    let cancelled =
        SpaceEvent::ReservationCancelled { reservation_id: late, reason: None, at: at(3), by: OWNER };
    estate.happens::<Space>(here, cancelled).await;
    let [early, late, other] = [early, late, other].map(Id::uuid);

    let mut reading = reading(&log, &estate).await;
    let guest = estate.sealed("guest@example.org").hash;
    let nobody = estate.sealed("nobody@example.org").hash;
    for (filter, expected) in [
        (Filter::default(), vec![late, other, early]),
        (Filter { space_id: Some(here.uuid()), ..Filter::default() }, vec![late, early]),
        (Filter { site_id: Some(far.uuid()), ..Filter::default() }, vec![other]),
        (Filter { status: Some(Status::Active), ..Filter::default() }, vec![other, early]),
        (Filter { email: guest, ..Filter::default() }, vec![late, other, early]),
        (Filter { email: nobody, ..Filter::default() }, vec![]),
        (Filter { from: Some(at(200)), until: Some(at(250)), ..Filter::default() }, vec![other, early]),
        (Filter { from: Some(at(201)), until: Some(at(299)), ..Filter::default() }, vec![other]),
    ] {
        let rows = read::list(&mut reading, &filter, 100, 0).await.unwrap();
        assert_eq!(ids(&rows), expected, "{filter:?}");
        let count = read::count(&mut reading, &filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
    }
    assert_eq!(ids(&read::list(&mut reading, &Filter::default(), 1, 1).await.unwrap()), [other]);
    let one = read::get(&mut reading, late).await.unwrap().unwrap();
    assert_eq!(one.reservation.status, Status::Cancelled);
    assert_eq!((one.space_code.as_deref(), one.site_id), (Some("P3-aaaaaaaa"), Some(near.uuid())));
    assert_eq!(read::get(&mut reading, estate.id(99)).await.unwrap(), None);
}

#[tokio::test]
async fn active_reservations_that_overlap_a_window_hold_it() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let space = estate.space(2, site, 1).await;
    let first = estate.booked(3, space, (100, 200), 2).await;
    let second = estate.booked(4, space, (200, 300), 2).await;
    let gone = estate.booked(5, space, (300, 400), 2).await;
    let cancelled =
        SpaceEvent::ReservationCancelled { reservation_id: gone, reason: None, at: at(3), by: OWNER };
    estate.happens::<Space>(space, cancelled).await;

    let mut reading = reading(&log, &estate).await;
    for ((from, until), expected) in [
        ((0, 100), vec![]),
        ((0, 101), vec![first]),
        ((150, 250), vec![first, second]),
        ((200, 250), vec![second]),
        ((300, 400), vec![]),
    ] {
        let window = Window { start: at(from), end: at(until) };
        let rows = read::holding(&mut reading, space.uuid(), window, 10).await.unwrap();
        let held: Vec<Uuid> = rows.iter().map(|row| row.reservation_id).collect();
        assert_eq!(held, expected.iter().map(|id| id.uuid()).collect::<Vec<_>>(), "{from} to {until}");
    }
    let (first, second) = (first.uuid(), second.uuid());
    for (moment, begun) in [(99, vec![]), (100, vec![first]), (400, vec![first, second])] {
        assert_eq!(read::begun(&mut reading, at(moment)).await.unwrap(), begun, "at {moment}");
    }
    assert_eq!(read::ended_unconfirmed(&mut reading, &[first, second]).await.unwrap(), [] as [Uuid; 0]);
    let over = SpaceEvent::ReservationNotTakenUp { reservation_id: first.into(), due: at(115), at: at(116) };
    estate.happens::<Space>(space, over).await;
    let mut reading = super::reading(&log, &estate).await;
    assert_eq!(read::ended_unconfirmed(&mut reading, &[first, second, gone.uuid()]).await.unwrap(), [first]);
}

#[tokio::test]
async fn a_space_has_its_current_and_its_next_reservation() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let site = estate.site(1, 0).await;
    let (kept, open) = (estate.space(2, site, 1).await, estate.space(3, site, 1).await);
    let latest = estate.booked(4, kept, (500, 600), 2).await;
    let now = estate.booked(5, kept, (100, 200), 2).await;
    let next = estate.booked(6, kept, (300, 400), 2).await;
    let started = SpaceEvent::ReservationStarted { reservation_id: now, due: at(100), at: at(100) };
    estate.happens::<Space>(kept, started).await;

    let shown = async |space: SpaceId| {
        let mut reading = reading(&log, &estate).await;
        let listed = spaces::get(&mut reading, space.uuid()).await.unwrap().unwrap();
        let all = spaces::list(&mut reading, &spaces::Filter::default(), 100, 0).await.unwrap();
        assert!(all.contains(&listed), "the list agrees");
        let kept_for = listed.kept_for;
        (kept_for.current.map(|r| r.reservation_id), kept_for.next.map(|r| r.reservation_id))
    };
    assert_eq!(shown(kept).await, (Some(now.uuid()), Some(next.uuid())));
    assert_eq!(shown(open).await, (None, None));
    let left = SpaceEvent::ReservationCheckedOut { reservation_id: now, at: at(150), by: OWNER };
    estate.happens::<Space>(kept, left).await;
    assert_eq!(shown(kept).await, (None, Some(next.uuid())));
    let gone =
        SpaceEvent::ReservationCancelled { reservation_id: next, reason: None, at: at(160), by: OWNER };
    estate.happens::<Space>(kept, gone).await;
    assert_eq!(shown(kept).await, (None, Some(latest.uuid())));
}

#[tokio::test]
async fn overrides_are_found_by_place_and_status() {
    let log = EventLog::create().await;
    let estate = Estate::new(&log, 'a');
    let (near, far) = (estate.site(1, 0).await, estate.site(2, 0).await);
    let (here, there) = (estate.space(3, near, 1).await, estate.space(4, far, 1).await);
    let ids: [OverrideId; 3] = [5, 6, 7].map(|n| estate.id(n).into());
    for (override_id, space, from) in [(ids[0], here, 100), (ids[1], here, 200), (ids[2], there, 150)] {
        let set = SpaceEvent::OverrideSet {
            override_id,
            kind: OverrideKind::Blocked,
            from: at(from),
            until: None,
            reason: Some("works".into()),
            notes: Some(estate.sealed("notes")),
            at: at(2),
            by: OWNER,
        };
        estate.happens::<Space>(space, set).await;
    }
    let started = SpaceEvent::OverrideStarted { override_id: ids[0], due: at(100), at: at(100) };
    estate.happens::<Space>(here, started).await;
    let cleared = SpaceEvent::OverrideCleared { override_id: ids[2], at: at(3), by: OWNER };
    estate.happens::<Space>(there, cleared).await;
    let [first, second, third] = ids.map(Id::uuid);

    let mut reading = reading(&log, &estate).await;
    let named = |rows: &[overrides::Listed]| rows.iter().map(|row| row.set.override_id).collect::<Vec<_>>();
    for (filter, expected) in [
        (overrides::Filter::default(), vec![second, third, first]),
        (overrides::Filter { space_id: Some(here.uuid()), ..Default::default() }, vec![second, first]),
        (overrides::Filter { site_id: Some(far.uuid()), ..Default::default() }, vec![third]),
        (overrides::Filter { status: Some(OverrideStatus::Active), ..Default::default() }, vec![first]),
    ] {
        let rows = overrides::list(&mut reading, &filter, 100, 0).await.unwrap();
        assert_eq!(named(&rows), expected, "{filter:?}");
        let count = overrides::count(&mut reading, &filter).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), expected.len(), "{filter:?}");
    }
    assert_eq!(named(&overrides::of_space(&mut reading, here.uuid()).await.unwrap()), [first, second]);
    assert_eq!(overrides::of_space(&mut reading, there.uuid()).await.unwrap(), []);
    for ((from, until), expected) in
        [((0, 100), vec![]), ((150, 200), vec![first]), ((150, 201), vec![first, second])]
    {
        let window = Window { start: at(from), end: at(until) };
        let rows = overrides::in_the_way_of(&mut reading, here.uuid(), window, 100).await.unwrap();
        assert_eq!(named(&rows), expected, "{from} to {until}");
    }
    let one = overrides::get(&mut reading, third).await.unwrap().unwrap();
    assert_eq!((one.set.status, one.set.reason.as_deref()), (OverrideStatus::Cleared, Some("works")));
    assert_eq!(one.space_code.as_deref(), Some("P4-aaaaaaaa"));
    assert_eq!(overrides::get(&mut reading, estate.id(99)).await.unwrap(), None);
}

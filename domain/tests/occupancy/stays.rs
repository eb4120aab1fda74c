//! Stays: what begins and ends one (decision 0043).

use parking_domain::id::SpaceId;
use parking_domain::instant::Instant;
use parking_domain::occupancy::{Reason, SpaceState};
use parking_domain::space::OverrideKind;

use crate::steps::{
    Step, TENANT, assigned, booked, claimed, completed, deleted, device_updated, disabled, fell_silent, id,
    occupied, override_ended, override_set, override_started, reassigned, released, sensor, started, t,
    unassigned, vacant,
};
use crate::world::World;

pub(crate) const MINUTE: i64 = 60;

/// A stay: its beginning, its end, and the number of its reservation.
pub(crate) type Seen = (i64, Option<i64>, Option<u128>);

/// Every stay of a space so far, as it was last recorded.
pub(crate) fn stays(world: &mut World, space: u128) -> Vec<Seen> {
    let taken = world.spaces.take_stays();
    world.stays.extend(taken.into_iter().map(|(space_id, stay)| ((space_id, stay.position), stay)));
    let of_space =
        world.stays.iter().filter(|((space_id, _), _)| *space_id == id::<parking_domain::id::Space>(space));
    of_space
        .map(|(_, stay)| {
            let second = |at: Instant| (at - t(0)).num_seconds();
            let reservation = stay.reservation_id.map(|id| id.uuid().as_u128());
            (second(stay.arrived_at), stay.departure.map(|departure| second(departure.at)), reservation)
        })
        .collect()
}

pub(crate) fn after(steps: impl IntoIterator<Item = Step>) -> Vec<Seen> {
    let mut world = World::with_sensor();
    world.given(steps);
    stays(&mut world, 1)
}

pub(crate) fn pending(world: &World) -> Option<u128> {
    let (reservation_id, _) = world.spaces.space(id(1)).expect("a space").unconfirmed_arrival()?;
    Some(reservation_id.uuid().as_u128())
}

/// The window of a reservation in minutes, booked at second 0.
pub(crate) fn books(n: u128, start: i64, end: i64) -> Step {
    booked(n, (start * MINUTE, end * MINUTE), 0)
}

#[test]
fn two_overrides_and_a_booking_over_one_parked_car_are_one_stay() {
    let blocked = |n, from, until| {
        [override_set(n, OverrideKind::Blocked, from), override_started(n, from), override_ended(n, until)]
    };
    let mut world = World::with_sensor();
    world.given([vacant(1, 0), occupied(1, 10)]);
    world.given(blocked(1, 100, 200)).given([occupied(1, 210)]).given(blocked(2, 300, 400));
    world.given([
        booked(9, (20 * MINUTE, 30 * MINUTE), 500),
        started(9, 20 * MINUTE),
        completed(9, 30 * MINUTE),
    ]);
    world.given([occupied(1, 31 * MINUTE), vacant(1, 40 * MINUTE)]);
    assert_eq!(stays(&mut world, 1), [(10, Some(40 * MINUTE), Some(9))]);
}

#[test]
fn a_repeated_reading_begins_no_stay_and_a_vehicle_that_left_and_came_back_does() {
    let seen = after([occupied(1, 10), occupied(1, 20), vacant(1, 30), vacant(1, 40), occupied(1, 50)]);
    assert_eq!(seen, [(10, Some(30), None), (50, None, None)]);
}

#[test]
fn the_first_reading_of_a_newly_assigned_sensor_begins_a_stay() {
    let mut world = World::new();
    world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 10), assigned(1, 1, 20)]);
    assert_eq!(world.shown(1), (SpaceState::Occupied, 5, Reason::Sensor));
    assert_eq!(stays(&mut world, 1), [] as [Seen; 0], "it was reported before");
    world.given([occupied(1, 30), occupied(1, 40)]);
    assert_eq!(stays(&mut world, 1), [(30, None, None)]);
}

#[test]
fn a_disabled_sensor_begins_no_stay_ends_the_one_that_lasts_and_is_not_shown() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    let unknown = (SpaceState::Unknown, 7, Reason::NothingKnown);
    assert_eq!(world.then(device_updated(1, disabled(), 20)), unknown);
    assert_eq!(world.then(occupied(1, 30)), unknown);
    assert_eq!(stays(&mut world, 1), [(10, Some(20), None)]);
    assert_eq!(world.then(device_updated(1, sensor(), 40)), (SpaceState::Occupied, 5, Reason::Sensor));
    assert_eq!(stays(&mut world, 1), [(10, Some(20), None)], "its last report is from before");
    world.given([occupied(1, 50)]);
    assert_eq!(stays(&mut world, 1), [(10, Some(20), None), (50, None, None)]);
}

#[test]
fn a_sensor_enabled_after_its_time_out_is_not_shown() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), device_updated(1, disabled(), 20)]);
    let day = 86_400;
    let shown = world.then(device_updated(1, sensor(), day));
    assert_eq!(shown, (SpaceState::Unknown, 7, Reason::NothingKnown));
}

#[test]
fn silence_neither_begins_nor_ends_a_stay() {
    let silent = [occupied(1, 10), fell_silent(1, 10, 100)];
    assert_eq!(after(silent.clone()), [(10, None, None)]);
    let mut back = World::with_sensor();
    back.given(silent).given([occupied(1, 200), vacant(1, 300)]);
    assert_eq!(stays(&mut back, 1), [(10, Some(300), None)]);
}

#[test]
fn a_stay_ends_when_its_sensor_is_moved_taken_away_released_or_the_space_deleted() {
    for end in [
        unassigned(1, 1, 50),
        released(1, 50),
        deleted(1, 50),
        assigned(2, 1, 50),
        claimed(1, TENANT + 1, sensor(), 50),
    ] {
        let mut world = World::with_sensor();
        world.given([claimed(2, TENANT, sensor(), 0), occupied(1, 10), end.clone()]);
        assert_eq!(stays(&mut world, 1), [(10, Some(50), None)], "{end:?}");
    }
    let mut moved = World::with_sensor();
    moved.given([occupied(1, 10), reassigned(1, 1, 2, 50)]);
    assert_eq!(stays(&mut moved, 2), [] as [Seen; 0]);
    moved.given([occupied(1, 60)]);
    assert_eq!(stays(&mut moved, 1), [(10, Some(50), None)]);
    assert_eq!(stays(&mut moved, 2), [(60, None, None)], "the first reading at the new space");
}

#[test]
fn an_unconfirmed_reading_neither_begins_nor_ends_a_stay() {
    let mut world = World::with_sensor().policy(|policy| policy.debounce_readings = 2);
    world.given([occupied(1, 10)]);
    assert_eq!(stays(&mut world, 1), [] as [Seen; 0]);
    world.given([occupied(1, 15), vacant(1, 30), occupied(1, 35)]);
    assert_eq!(stays(&mut world, 1), [(15, None, None)]);
    world.given([vacant(1, 50), vacant(1, 55)]);
    assert_eq!(stays(&mut world, 1), [(15, Some(55), None)]);
}

#[test]
fn a_stay_survives_in_a_stored_fold() {
    let mut world = World::with_sensor();
    world.given([books(3, 1, 60), occupied(1, 30)]);
    let stored = crate::world::stored(&world.spaces);
    let space_id: SpaceId = id(1);
    let loaded = crate::world::loaded(&stored);
    assert_eq!(loaded.space(space_id), world.spaces.space(space_id));
    assert!(loaded.space(space_id).and_then(|space| space.stay()).is_some());
}

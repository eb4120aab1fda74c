//! Intentions for processes: confirm reservations by the sensor, and send displays their light.

use parking_domain::downlink::Light;
use parking_domain::occupancy::confirm::{self, Arrival};
use parking_domain::policy::Policy;
use parking_domain::space::{Confirmation, OverrideKind};

use crate::steps::{
    TENANT, assigned, booked, claimed, completed, confirmed, deleted, fell_silent, id, occupied,
    override_set, override_started, rescheduled, sensor, started, t, vacant,
};
use crate::world::World;

fn arrival(world: &World) -> Option<(i64, u128)> {
    let arrival = confirm::by_sensor(
        world.spaces.space(id(1)).expect("a space"),
        world.spaces.policy(id(1)).expect("a space has a policy"),
    )?;
    let Arrival { space_id, reservation_id, at } = arrival;
    assert_eq!(space_id, id(1));
    Some(((at - t(0)).num_seconds(), reservation_id.uuid().as_u128()))
}

#[test]
fn an_arrival_during_an_unconfirmed_reservation_is_pending_until_confirmed() {
    let mut world = World::with_sensor();
    world.given([vacant(1, 10), started(3, 20)]);
    assert_eq!(arrival(&world), None);
    assert_eq!(world.when(occupied(1, 30)), [], "what is shown stays");
    assert_eq!(arrival(&world), Some((30, 3)));
    world.given([occupied(1, 40)]);
    assert_eq!(arrival(&world), Some((30, 3)));
    world.given([vacant(1, 50), occupied(1, 60)]);
    assert_eq!(arrival(&world), Some((30, 3)), "it arrived, even if it left later");
    world.given([confirmed(3, Confirmation::Sensor, 30)]);
    assert_eq!(arrival(&world), None);
}

#[test]
fn an_arrival_is_not_pending_once_the_reservation_is_over_moved_or_checked_in() {
    let arrived = || {
        let mut world = World::with_sensor();
        world.given([started(3, 20), occupied(1, 30)]);
        assert_eq!(arrival(&world), Some((30, 3)));
        world
    };
    for end in
        [completed(3, 40), confirmed(3, Confirmation::CheckIn, 40), rescheduled(3, (20, 50), (90, 95), 40)]
    {
        let mut world = arrived();
        world.given([end]);
        assert_eq!(arrival(&world), None);
    }
}

#[test]
fn a_vehicle_present_before_the_start_arrives_at_the_start() {
    let mut world = World::with_sensor();
    world.given([booked(3, (20, 90), 0), occupied(1, 19), started(3, 20), occupied(1, 30)]);
    assert_eq!(arrival(&world), Some((20, 3)));
}

#[test]
fn no_arrival_is_pending_if_the_policy_does_not_let_sensors_confirm() {
    let mut world = World::with_sensor().policy(|policy| policy.allow_sensor_override = false);
    world.given([started(3, 20), occupied(1, 30)]);
    assert_eq!(arrival(&world), None);
}

#[test]
fn a_late_start_event_includes_vehicles_that_arrived_since() {
    for (second, expected) in [(19, Some((20, 3))), (20, Some((20, 3))), (25, Some((25, 3)))] {
        let mut world = World::with_sensor();
        world.given([booked(3, (20, 90), 0), vacant(1, 10), occupied(1, second), started(3, 20)]);
        assert_eq!(arrival(&world), expected, "arrived at {second}");
    }
    let mut gone = World::with_sensor();
    gone.given([booked(3, (20, 90), 0), occupied(1, 21), vacant(1, 22), started(3, 20)]);
    assert_eq!(arrival(&gone), Some((21, 3)), "it came, even if it left before the start was recorded");
    let mut gone = World::with_sensor();
    gone.given([booked(3, (20, 90), 0), occupied(1, 19), vacant(1, 20), started(3, 20)]);
    assert_eq!(arrival(&gone), None, "it was gone at the start");
    let mut checked_in = World::with_sensor();
    checked_in.given([
        booked(3, (20, 90), 0),
        confirmed(3, Confirmation::CheckIn, 15),
        occupied(1, 25),
        started(3, 20),
    ]);
    assert_eq!(arrival(&checked_in), None);
}

#[test]
fn a_checked_in_or_approached_reservation_needs_no_sensor() {
    let mut world = World::with_sensor();
    world.given([started(3, 20), confirmed(3, Confirmation::CheckIn, 21), occupied(1, 30)]);
    assert_eq!(arrival(&world), None);
    let mut world = World::with_sensor();
    world.given([crate::steps::approached(3, 20), occupied(1, 30)]);
    assert_eq!(arrival(&world), None);
}

#[test]
fn only_a_confirmed_reading_is_an_arrival() {
    let mut world = World::with_sensor().policy(|policy| policy.debounce_readings = 2);
    world.given([started(3, 20), occupied(1, 30)]);
    assert_eq!(arrival(&world), None);
    world.given([occupied(1, 31)]);
    assert_eq!(arrival(&world), Some((31, 3)));

    let mut brought = World::new();
    brought.given([started(3, 20), claimed(1, TENANT, sensor(), 21), occupied(1, 30), assigned(1, 1, 40)]);
    assert_eq!(arrival(&brought), None, "a presence at assignment was reported elsewhere");
    brought.given([occupied(1, 50)]);
    assert_eq!(arrival(&brought), Some((50, 3)), "the first reading of a sensor assigned late");
}

#[test]
fn an_override_hides_the_vehicle_but_not_its_arrival() {
    let mut world = World::with_sensor();
    world.given([override_set(1, OverrideKind::OutOfService, 10), override_started(1, 10)]);
    world.given([started(3, 20), occupied(1, 30)]);
    assert_eq!(arrival(&world), Some((30, 3)));
}

#[test]
fn the_earliest_arrival_comes_first() {
    let mut world = World::with_sensor();
    world.given([started(4, 20), occupied(1, 30), vacant(1, 31), started(3, 32), occupied(1, 40)]);
    assert_eq!(arrival(&world), Some((30, 4)));
    world.given([confirmed(4, Confirmation::Sensor, 30)]);
    assert_eq!(arrival(&world), Some((40, 3)));
}

#[test]
fn a_display_gets_its_light_when_it_changes() {
    let mut world = World::with_sensor();
    let policy = Policy::default();
    let begun = world.changes[0];
    assert_eq!(confirm::light(&begun), Some(Light::steady(policy.free_color)));
    let free = world.when(vacant(1, 10)).remove(0);
    assert_eq!(confirm::light(&free), None, "a display shows free and unknown alike");
    let taken = world.when(occupied(1, 20)).remove(0);
    assert_eq!(confirm::light(&taken), Some(Light::steady(policy.occupied_color)));
    let silent = world.when(fell_silent(1, 20, 30)).remove(0);
    assert_eq!(confirm::light(&silent), None);
    let ended = world.when(deleted(1, 40)).remove(0);
    assert_eq!(confirm::light(&ended), None);
}

//! The reservation that a stay belongs to (decision 0042).

use parking_domain::occupancy::{Reason, SpaceState};
use parking_domain::policy::Policy;
use parking_domain::space::{Confirmation, OverrideKind};

use crate::stays::{MINUTE, after, books, pending, stays};
use crate::steps::{
    Step, TENANT, assigned, booked, cancelled, checked_out, claimed, completed, confirmed, device_updated,
    disabled, not_taken_up, occupied, override_set, override_started, policy_activated, policy_is,
    rescheduled, sensor, started, unassigned, vacant,
};
use crate::world::World;

#[test]
fn a_running_reservation_whose_sensor_is_assigned_or_enabled_late_gets_the_stay() {
    let late: [&[Step]; 2] = [
        &[claimed(1, TENANT, sensor(), 0), occupied(1, 61), assigned(1, 1, 62)],
        &[
            claimed(1, TENANT, disabled(), 0),
            assigned(1, 1, 1),
            occupied(1, 61),
            device_updated(1, sensor(), 62),
        ],
    ];
    for steps in late {
        let mut world = World::new();
        world.given([books(3, 1, 60), started(3, MINUTE)]).given(steps.iter().cloned());
        assert_eq!(pending(&world), None, "its last word is from before");
        world.given([occupied(1, 63)]);
        assert_eq!(pending(&world), Some(3));
        assert_eq!(stays(&mut world, 1), [(63, None, Some(3))]);
    }
}

#[test]
fn the_previous_guests_overstaying_car_does_not_confirm_the_next_reservation() {
    let mut world = World::with_sensor();
    world.given([books(1, 10, 20), books(2, 20, 30), started(1, 10 * MINUTE), occupied(1, 11 * MINUTE)]);
    world.given([confirmed(1, Confirmation::Sensor, 11 * MINUTE), completed(1, 20 * MINUTE)]);
    world.given([started(2, 20 * MINUTE), occupied(1, 21 * MINUTE)]);
    assert_eq!(pending(&world), None);
    world.given([vacant(1, 22 * MINUTE), occupied(1, 23 * MINUTE)]);
    assert_eq!(pending(&world), Some(2), "the next guest's car");
    let first = (11 * MINUTE, Some(22 * MINUTE), Some(1));
    assert_eq!(stays(&mut world, 1), [first, (23 * MINUTE, None, Some(2))]);
}

#[test]
fn a_stay_belongs_to_the_one_running_then_the_next_within_its_time_then_the_one_booked_during_it() {
    let at = |minute| occupied(1, minute * MINUTE);
    let day = 24 * 60 * MINUTE;
    let cases: [(&str, Vec<Step>, Option<u128>); 16] = [
        ("the running one", vec![books(1, 10, 20), books(2, 20, 30), at(19)], Some(1)),
        ("at its first moment", vec![books(1, 10, 20), at(10)], Some(1)),
        ("not at its end", vec![books(1, 10, 20), books(2, 20, 30), at(20)], Some(2)),
        ("the next, 15 minutes before", vec![books(1, 25, 30), at(10)], Some(1)),
        ("not earlier", vec![books(1, 25, 30), occupied(1, 10 * MINUTE - 1)], None),
        ("only the next", vec![books(1, 26, 30), books(2, 30, 31), at(10)], None),
        ("one booked during it", vec![at(10), booked(1, (90 * MINUTE, 99 * MINUTE), 11 * MINUTE)], Some(1)),
        ("none booked after it", vec![at(10), vacant(1, 660), booked(1, (720, 780), 661)], None),
        (
            "the next, although another was booked first",
            vec![at(10), booked(1, (90 * MINUTE, 99 * MINUTE), 660), booked(2, (720, 780), 661)],
            Some(2),
        ),
        (
            "the first to start of those booked during it",
            vec![
                at(10),
                booked(1, (90 * MINUTE, 99 * MINUTE), 660),
                booked(2, (60 * MINUTE, 70 * MINUTE), 661),
            ],
            Some(2),
        ),
        (
            "also after a move",
            vec![
                at(10),
                booked(1, (60 * MINUTE, 70 * MINUTE), 660),
                booked(2, (90 * MINUTE, 99 * MINUTE), 661),
                rescheduled(2, (90 * MINUTE, 99 * MINUTE), (40 * MINUTE, 50 * MINUTE), 662),
            ],
            Some(2),
        ),
        ("one for the next 24 hours", vec![at(10), booked(1, (660 + day, 720 + day), 660)], Some(1)),
        ("none for another day", vec![at(10), booked(1, (661 + day, 720 + day), 660)], None),
        (
            "the one that starts in two minutes and not the one for Monday",
            vec![at(0), booked(1, (4 * day, 4 * day + 60), 300), booked(2, (600, 120 * MINUTE), 480)],
            Some(2),
        ),
        (
            "the one that has started",
            vec![
                books(1, 20, 30),
                at(10),
                started(1, 20 * MINUTE),
                booked(2, (40 * MINUTE, 50 * MINUTE), 1201),
            ],
            Some(1),
        ),
        (
            "the one that is checked in",
            vec![
                books(1, 20, 30),
                at(10),
                confirmed(1, Confirmation::CheckIn, 660),
                booked(2, (12 * MINUTE, 15 * MINUTE), 661),
            ],
            Some(1),
        ),
    ];
    for (what, steps, expected) in cases {
        let seen = after(steps);
        assert_eq!(seen.last().map(|(_, _, reservation)| *reservation), Some(expected), "{what}: {seen:?}");
    }
}

#[test]
fn a_longer_threshold_lets_the_vehicle_come_earlier_and_a_shorter_one_no_later() {
    for (threshold, minute, expected) in [(3600, 60, Some(1)), (3600, 59, None), (60, 105, Some(1))] {
        let mut world = World::with_sensor().policy(|policy| policy.reserved_soon_threshold_sec = threshold);
        world.given([books(1, 120, 130), occupied(1, minute * MINUTE)]);
        assert_eq!(stays(&mut world, 1), [(minute * MINUTE, None, expected)], "{threshold} {minute}");
    }
}

#[test]
fn the_cancellation_of_another_reservation_gives_a_past_stay_to_nobody() {
    let seen = after([occupied(1, 60), vacant(1, 120), books(1, 0, 30), books(2, 60, 90), cancelled(2, 180)]);
    assert_eq!(seen, [(60, Some(120), None)]);
}

#[test]
fn a_running_reservation_that_has_its_stay_leaves_later_vehicles_to_the_next() {
    let seen = after([
        books(1, 10, 30),
        books(2, 30, 40),
        occupied(1, 11 * MINUTE),
        vacant(1, 12 * MINUTE),
        occupied(1, 20 * MINUTE),
    ]);
    assert_eq!(seen, [(660, Some(720), Some(1)), (1200, None, Some(2))]);
}

#[test]
fn a_vehicle_that_leaves_before_the_start_leaves_the_reservation_to_another() {
    let mut world = World::with_sensor();
    world.given([
        books(1, 20, 30),
        occupied(1, 10 * MINUTE),
        vacant(1, 20 * MINUTE),
        started(1, 20 * MINUTE),
    ]);
    assert_eq!((stays(&mut world, 1), pending(&world)), (vec![(600, Some(1200), None)], None));
    world.given([occupied(1, 21 * MINUTE)]);
    assert_eq!(pending(&world), Some(1));
}

#[test]
fn a_stay_before_two_back_to_back_reservations_belongs_to_the_first_only() {
    let mut world = World::with_sensor();
    world.given([books(1, 20, 30), books(2, 30, 40), occupied(1, 10 * MINUTE), started(1, 20 * MINUTE)]);
    assert_eq!(pending(&world), Some(1));
    world.given([confirmed(1, Confirmation::Sensor, 1200), completed(1, 1800), started(2, 1800)]);
    assert_eq!(pending(&world), None);
    assert_eq!(stays(&mut world, 1), [(600, None, Some(1))]);
}

#[test]
fn a_reservation_cancelled_or_moved_before_its_start_leaves_the_stay_to_another() {
    let waits = || [books(1, 20, 30), books(2, 24, 28), books(3, 60, 70), occupied(1, 10 * MINUTE)];
    for (what, step, expected) in [
        ("cancelled before its start", cancelled(1, 11 * MINUTE), Some(2)),
        ("moved to another start", rescheduled(1, (1200, 1800), (5400, 6000), 660), Some(2)),
        ("prolonged", rescheduled(1, (1200, 1800), (1200, 1860), 660), Some(1)),
        ("cancelled after its start", cancelled(1, 21 * MINUTE), Some(1)),
        ("not taken up", not_taken_up(1, 25 * MINUTE), Some(1)),
        ("checked out early", checked_out(1, 15 * MINUTE), Some(1)),
    ] {
        let seen = after(waits().into_iter().chain([step]));
        assert_eq!(seen, [(600, None, expected)], "{what}");
    }
    let seen = after([books(1, 20, 30), occupied(1, 600), rescheduled(1, (1200, 1800), (5400, 6000), 660)]);
    assert_eq!(seen, [(600, None, Some(1))], "it is booked anew while the vehicle stands there");
}

#[test]
fn an_end_before_the_stay_that_is_recorded_late_leaves_the_stay_to_the_next() {
    let mut world = World::with_sensor();
    world.given([books(1, 10, 40), books(2, 40, 50), started(1, 600), occupied(1, 30 * MINUTE)]);
    assert_eq!(pending(&world), Some(1));
    world.given([not_taken_up(1, 25 * MINUTE)]);
    assert_eq!((stays(&mut world, 1), pending(&world)), (vec![(1800, None, Some(2))], None));
    world.given([started(2, 40 * MINUTE)]);
    assert_eq!(pending(&world), Some(2));
}

#[test]
fn an_end_before_a_stay_that_is_recorded_after_another_stay_began_takes_the_first_one() {
    let mut world = World::with_sensor();
    world.given([books(1, 0, 60), books(2, 60, 120), started(1, 0)]);
    world.given([occupied(1, 20 * MINUTE), vacant(1, 25 * MINUTE), occupied(1, 50 * MINUTE)]);
    let (first, second) = ((1200, Some(1500)), (3000, None));
    assert_eq!(stays(&mut world, 1), [(first.0, first.1, Some(1)), (second.0, second.1, Some(2))]);
    world.given([not_taken_up(1, 15 * MINUTE)]);
    assert_eq!(stays(&mut world, 1), [(first.0, first.1, None), (second.0, second.1, Some(2))]);
    world.given([started(2, 60 * MINUTE)]);
    assert_eq!(pending(&world), Some(2));
}

#[test]
fn a_confirmation_is_not_withdrawn_by_a_policy_or_by_the_vehicle() {
    let mut world = World::with_sensor();
    world.given([
        books(3, 1, 60),
        started(3, MINUTE),
        occupied(1, 70),
        confirmed(3, Confirmation::Sensor, 70),
    ]);
    let seen = (SpaceState::Occupied, 5, Reason::Sensor);
    assert_eq!(world.shown(1), seen);
    let policy = Policy { allow_sensor_override: false, ..Policy::default() };
    world.given([policy_is(5, policy, 80)]);
    assert_eq!(world.then(policy_activated(5, 81)), seen);
    assert_eq!(world.then(vacant(1, 90)), (SpaceState::Free, 5, Reason::Sensor));
    assert_eq!(world.then(unassigned(1, 1, 95)), (SpaceState::Unknown, 7, Reason::NothingKnown));
}

#[test]
fn an_override_that_hides_the_sensor_changes_nothing_about_the_stay() {
    let mut world = World::with_sensor();
    world.given([books(3, 1, 60), override_set(1, OverrideKind::OutOfService, 10), override_started(1, 10)]);
    world.given([started(3, MINUTE), occupied(1, 70), vacant(1, 80)]);
    assert_eq!((stays(&mut world, 1), pending(&world)), (vec![(70, Some(80), Some(3))], Some(3)));
}

//! The seven levels, one row each, and every combination of their conditions.

use Fact::{
    Approached, Blocked, CheckedInWithoutSensor, CheckedOutWithoutSensor, HandFree, HandMaintenance,
    HandOccupied, HandReserved, HandUnknown, OutOfService, Running, RunningCheckedIn, RunningSensed,
    SensorFree, SensorOccupied, Silent,
};
use parking_domain::downlink::Light;
use parking_domain::occupancy::{Reason, Sign, SpaceState};
use parking_domain::policy::Policy;
use parking_domain::space::{Confirmation, OverrideKind, StateByHand};

use crate::steps::{
    Step, TENANT, approached, assigned, checked_out, claimed, confirmed, fell_silent, id, occupied,
    override_set, override_started, sensor, set_by_hand, started, vacant,
};
use crate::world::World;

/// A condition. The sensor is assigned to the space unless a fact says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fact {
    OutOfService,
    HandMaintenance,
    Blocked,
    Running,
    HandReserved,
    Approached,
    SensorFree,
    SensorOccupied,
    Silent,
    HandFree,
    HandOccupied,
    HandUnknown,
    RunningSensed,
    RunningCheckedIn,
    CheckedInWithoutSensor,
    CheckedOutWithoutSensor,
}

impl Fact {
    fn steps(self) -> Vec<Step> {
        let running = |n, confirmation| vec![started(n, 20), confirmed(n, confirmation, 21)];
        match self {
            OutOfService => vec![override_set(1, OverrideKind::OutOfService, 10), override_started(1, 10)],
            Blocked => vec![override_set(2, OverrideKind::Blocked, 10), override_started(2, 10)],
            HandMaintenance => vec![set_by_hand(StateByHand::Maintenance, 50)],
            HandReserved => vec![set_by_hand(StateByHand::Reserved, 50)],
            HandFree => vec![set_by_hand(StateByHand::Free, 50)],
            HandOccupied => vec![set_by_hand(StateByHand::Occupied, 50)],
            HandUnknown => vec![set_by_hand(StateByHand::Unknown, 51)],
            Running => vec![started(3, 20)],
            RunningSensed => running(4, Confirmation::Sensor),
            RunningCheckedIn | CheckedInWithoutSensor => running(5, Confirmation::CheckIn),
            CheckedOutWithoutSensor => {
                let mut steps = running(7, Confirmation::CheckIn);
                steps.push(checked_out(7, 30));
                steps
            }
            Approached => vec![approached(6, 20)],
            SensorFree => vec![vacant(1, 40)],
            SensorOccupied => vec![occupied(1, 40)],
            Silent => vec![fell_silent(1, 40, 45)],
        }
    }
}

type Row = (&'static [Fact], SpaceState, Sign, &'static str, u8, Reason);

const ORANGE: &str = "ffa500";
const YELLOW: &str = "ffff00";
const GREY: &str = "808080";
const PURPLE: &str = "800080";
const RED: &str = "ff0000";
const GREEN: &str = "00ff00";

const TABLE: [Row; 40] = {
    use Reason as R;
    use Sign as D;
    use SpaceState as S;
    [
        // Each level alone.
        (&[OutOfService], S::Maintenance, D::Maintenance, PURPLE, 1, R::OutOfService),
        (&[HandMaintenance], S::Maintenance, D::Maintenance, PURPLE, 1, R::ByHand),
        (&[Blocked], S::Maintenance, D::Maintenance, GREY, 2, R::Blocked),
        (&[Running], S::Reserved, D::Reserved, ORANGE, 3, R::ReservationRunning),
        (&[HandReserved], S::Reserved, D::Reserved, ORANGE, 3, R::ByHand),
        (&[Approached], S::Reserved, D::Reserved, YELLOW, 4, R::ReservedSoon),
        (&[SensorFree], S::Free, D::Free, GREEN, 5, R::Sensor),
        (&[SensorOccupied], S::Occupied, D::Occupied, RED, 5, R::Sensor),
        (&[HandFree], S::Free, D::Free, GREEN, 5, R::ByHand),
        (&[HandOccupied], S::Occupied, D::Occupied, RED, 5, R::ByHand),
        (&[CheckedInWithoutSensor], S::Occupied, D::Occupied, RED, 5, R::CheckedIn),
        (&[CheckedOutWithoutSensor], S::Free, D::Free, GREEN, 5, R::CheckedOut),
        (&[SensorFree, Silent], S::Free, D::Free, GREEN, 6, R::SensorSilent),
        (&[SensorOccupied, Silent], S::Occupied, D::Occupied, RED, 6, R::SensorSilent),
        (&[], S::Unknown, D::Free, GREEN, 7, R::NothingKnown),
        (&[Silent], S::Unknown, D::Free, GREEN, 7, R::NothingKnown),
        // Each level against the next ones.
        (&[OutOfService, HandMaintenance], S::Maintenance, D::Maintenance, PURPLE, 1, R::OutOfService),
        (&[OutOfService, Blocked], S::Maintenance, D::Maintenance, PURPLE, 1, R::OutOfService),
        (&[HandMaintenance, Blocked], S::Maintenance, D::Maintenance, PURPLE, 1, R::ByHand),
        (
            &[OutOfService, Running, SensorOccupied],
            S::Maintenance,
            D::Maintenance,
            PURPLE,
            1,
            R::OutOfService,
        ),
        (&[Blocked, Running], S::Maintenance, D::Maintenance, GREY, 2, R::Blocked),
        (&[Blocked, HandReserved], S::Maintenance, D::Maintenance, GREY, 2, R::Blocked),
        (&[Blocked, SensorOccupied], S::Maintenance, D::Maintenance, GREY, 2, R::Blocked),
        (&[Running, HandReserved], S::Reserved, D::Reserved, ORANGE, 3, R::ReservationRunning),
        (&[Running, Approached], S::Reserved, D::Reserved, ORANGE, 3, R::ReservationRunning),
        (&[HandReserved, Approached], S::Reserved, D::Reserved, ORANGE, 3, R::ByHand),
        (&[Running, SensorOccupied], S::Reserved, D::Reserved, ORANGE, 3, R::ReservationRunning),
        (&[Running, HandFree], S::Reserved, D::Reserved, ORANGE, 3, R::ReservationRunning),
        (&[Approached, SensorOccupied], S::Reserved, D::Reserved, YELLOW, 4, R::ReservedSoon),
        (&[Approached, HandOccupied], S::Reserved, D::Reserved, YELLOW, 4, R::ReservedSoon),
        (&[SensorOccupied, HandFree], S::Free, D::Free, GREEN, 5, R::ByHand),
        (&[SensorOccupied, Silent, HandFree], S::Free, D::Free, GREEN, 5, R::ByHand),
        (&[SensorOccupied, HandFree, HandUnknown], S::Occupied, D::Occupied, RED, 5, R::Sensor),
        // A confirmed reservation does not reserve the display any more.
        (&[RunningSensed, SensorOccupied], S::Occupied, D::Occupied, RED, 5, R::Sensor),
        (&[RunningCheckedIn, SensorFree], S::Free, D::Free, GREEN, 5, R::Sensor),
        (&[RunningCheckedIn, SensorOccupied, Silent], S::Occupied, D::Occupied, RED, 6, R::SensorSilent),
        (&[CheckedInWithoutSensor, HandFree], S::Free, D::Free, GREEN, 5, R::ByHand),
        (&[CheckedOutWithoutSensor, HandOccupied], S::Occupied, D::Occupied, RED, 5, R::ByHand),
        (&[CheckedOutWithoutSensor, Approached], S::Reserved, D::Reserved, YELLOW, 4, R::ReservedSoon),
        (&[CheckedInWithoutSensor, HandFree, HandUnknown], S::Occupied, D::Occupied, RED, 5, R::CheckedIn),
    ]
};

fn given(facts: &[Fact], policy: Policy) -> World {
    let mut world = World::new().policy(|own| *own = policy);
    world.given([claimed(1, TENANT, sensor(), 0)]);
    if !facts.iter().any(|fact| matches!(fact, CheckedInWithoutSensor | CheckedOutWithoutSensor)) {
        world.given([assigned(1, 1, 0)]);
    }
    world.given(facts.iter().flat_map(|fact| fact.steps()));
    world
}

#[test]
fn every_row_of_the_table_holds() {
    for (facts, state, sign, colour, level, reason) in TABLE {
        let world = given(facts, Policy::default());
        let (shown, _) = world.spaces.space(id(1)).expect("a space").last_shown();
        assert_eq!((shown.state, shown.level, shown.reason), (state, level, reason), "{facts:?}");
        assert_eq!(shown.display.state, sign, "{facts:?}");
        assert_eq!(shown.display.light, Light::steady(colour.parse().expect("a colour")), "{facts:?}");
    }
}

/// The list names the reasons that have rows; the compiler checks that the match below names all reasons.
#[test]
fn every_reason_has_a_row() {
    let reasons = [
        Reason::OutOfService,
        Reason::Blocked,
        Reason::ByHand,
        Reason::ReservationRunning,
        Reason::ReservedSoon,
        Reason::Sensor,
        Reason::CheckedIn,
        Reason::CheckedOut,
        Reason::SensorSilent,
        Reason::NothingKnown,
    ];
    for expected_reason in reasons {
        let levels = match expected_reason {
            Reason::OutOfService => vec![1],
            Reason::ByHand => vec![1, 3, 5],
            Reason::Blocked => vec![2],
            Reason::ReservationRunning => vec![3],
            Reason::ReservedSoon => vec![4],
            Reason::Sensor | Reason::CheckedIn | Reason::CheckedOut => vec![5],
            Reason::SensorSilent => vec![6],
            Reason::NothingKnown => vec![7],
        };
        let mut found: Vec<u8> = TABLE
            .iter()
            .filter(|(.., reason)| *reason == expected_reason)
            .map(|(.., level, _)| *level)
            .collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, levels, "{expected_reason:?}");
    }
}

#[test]
fn of_several_conditions_the_first_wins() {
    let conditions = [
        (OutOfService, 1, Reason::OutOfService),
        (HandMaintenance, 1, Reason::ByHand),
        (Blocked, 2, Reason::Blocked),
        (Running, 3, Reason::ReservationRunning),
        (HandReserved, 3, Reason::ByHand),
        (Approached, 4, Reason::ReservedSoon),
        (SensorOccupied, 5, Reason::Sensor),
    ];
    for chosen in 0..1_u32 << conditions.len() {
        let holds = |index: usize| chosen >> index & 1 == 1;
        let facts: Vec<Fact> =
            (0..conditions.len()).filter(|index| holds(*index)).map(|i| conditions[i].0).collect();
        if facts.contains(&HandMaintenance) && facts.contains(&HandReserved) {
            continue;
        }
        let expected =
            (0..conditions.len()).find(|index| holds(*index)).map(|i| (conditions[i].1, conditions[i].2));
        let (_, level, reason) = given(&facts, Policy::default()).shown(1);
        assert_eq!((level, reason), expected.unwrap_or((7, Reason::NothingKnown)), "{facts:?}");
    }
}

#[test]
fn if_the_sensor_does_not_count_the_space_is_reserved_until_a_check_in() {
    let strict = Policy { allow_sensor_override: false, ..Policy::default() };
    let mut world = given(&[Running, SensorOccupied], strict);
    assert_eq!(world.shown(1), (SpaceState::Reserved, 3, Reason::ReservationRunning));
    let checked_in = confirmed(3, Confirmation::CheckIn, 60);
    assert_eq!(world.then(checked_in), (SpaceState::Occupied, 5, Reason::Sensor));
    let confirmed_before = given(&[RunningSensed, SensorOccupied], strict);
    assert_eq!(confirmed_before.shown(1), (SpaceState::Occupied, 5, Reason::Sensor), "it is not withdrawn");
}

#[test]
fn the_light_before_a_reservation_blinks_if_the_policy_says_so() {
    let blinking = Policy { blink_reserved_soon: true, blink_pattern_ms: 300, ..Policy::default() };
    for (facts, light) in [
        (&[Approached], Light::blinking(blinking.reserved_soon_color, 300)),
        (&[Running], Light::steady(blinking.reserved_color)),
    ] {
        let world = given(facts, blinking);
        let (shown, _) = world.spaces.space(id(1)).expect("a space").last_shown();
        assert_eq!(shown.display.light, light, "{facts:?}");
    }
}

#[test]
fn every_colour_comes_from_the_policy() {
    let colour = |n: u8| parking_domain::downlink::Colour { red: n, green: n, blue: n };
    let policy = Policy {
        occupied_color: colour(1),
        free_color: colour(2),
        reserved_color: colour(3),
        reserved_soon_color: colour(4),
        blocked_color: colour(5),
        out_of_service_color: colour(6),
        ..Policy::default()
    };
    let rows: [(&[Fact], u8); 10] = [
        (&[SensorOccupied], 1),
        (&[SensorOccupied, Silent], 1),
        (&[SensorFree], 2),
        (&[], 2),
        (&[Running], 3),
        (&[HandReserved], 3),
        (&[Approached], 4),
        (&[Blocked], 5),
        (&[OutOfService], 6),
        (&[HandMaintenance], 6),
    ];
    for (facts, n) in rows {
        let world = given(facts, policy);
        let (shown, _) = world.spaces.space(id(1)).expect("a space").last_shown();
        assert_eq!(shown.display.light, Light::steady(colour(n)), "{facts:?}");
    }
}

#[test]
fn the_serialised_form() {
    let json = |facts: &[Fact]| {
        let world = given(facts, Policy::default());
        let (shown, _) = world.spaces.space(id(1)).expect("a space").last_shown();
        serde_json::to_string(&shown).expect("serialises")
    };
    assert_eq!(
        json(&[Running]),
        r#"{"state":"reserved","display":{"state":"RESERVED","light":{"colour":"ffa500","on":255,"off":0}},"level":3,"reason":"reservation_running"}"#
    );
    assert_eq!(
        json(&[]),
        r#"{"state":"unknown","display":{"state":"FREE","light":{"colour":"00ff00","on":255,"off":0}},"level":7,"reason":"nothing_known"}"#
    );
}

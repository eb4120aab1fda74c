//! Overrides, reservations, policies and the life cycle of a space.

use parking_domain::actor::Actor;
use parking_domain::downlink::{Colour, Light};
use parking_domain::occupancy::{Cause, Reason, Shown, SpaceState};
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::space::{Confirmation, OverrideKind, SpaceEvent};
use parking_domain::tenant::{NamedPolicy, TenantEvent};

use crate::steps::{
    Step, TENANT, approached, booked, cancelled, checked_out, completed, confirmed, created, deleted, id,
    occupied, of_space, of_tenant, override_cleared, override_ended, override_set, override_started,
    policy_activated, policy_is, rescheduled, site_is, space_updated, started, t, vacant,
};
use crate::world::World;

const NOTHING: (SpaceState, u8, Reason) = (SpaceState::Unknown, 7, Reason::NothingKnown);
const RESERVED: (SpaceState, u8, Reason) = (SpaceState::Reserved, 3, Reason::ReservationRunning);
const SOON: (SpaceState, u8, Reason) = (SpaceState::Reserved, 4, Reason::ReservedSoon);

fn colour(n: u8) -> Colour {
    Colour { red: n, green: n, blue: n }
}

fn free_is(n: u8) -> PolicyOverrides {
    PolicyOverrides { free_color: Some(colour(n)), ..PolicyOverrides::default() }
}

fn light(shown: Option<Shown>) -> Light {
    shown.expect("something").display.light
}

fn light_of(world: &World, space: u128) -> Light {
    let (shown, _) = world.spaces.space(id(space)).expect("a space").last_shown();
    shown.display.light
}

#[test]
fn a_space_starts_unknown_and_shows_nothing_after_its_deletion() {
    let mut world = World::new();
    let begun = world.when(created(3, TENANT, 10));
    assert_eq!(begun.len(), 1);
    let change = begun[0];
    assert_eq!((change.space_id, change.position, change.ordinal, change.at), (id(3), 4, 0, t(10)));
    assert_eq!((change.from, change.cause), (None, Cause::Created(Actor::System)));
    assert_eq!(change.to.map(|shown| (shown.state, shown.level)), Some((SpaceState::Unknown, 7)));
    assert_eq!(world.when(created(3, TENANT, 11)), [], "once");

    let ended = world.when(deleted(3, 20));
    assert_eq!(ended.len(), 1);
    assert_eq!((ended[0].from, ended[0].to, ended[0].at), (change.to, None, t(20)));
    assert_eq!(ended[0].cause, Cause::Deleted(Actor::System));
    assert!(world.spaces.space(id(3)).is_none());
    assert_eq!(world.when(deleted(3, 21)), []);
}

#[test]
fn time_never_runs_backwards_within_a_space() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 100)]);
    let change = world.when(override_set(1, OverrideKind::Blocked, 50)).pop();
    assert_eq!(change, None, "an override that is set shows when it starts");
    let change = world.when(override_started(1, 50)).remove(0);
    assert_eq!((change.at, change.cause), (t(100), Cause::Override(id(1))));
    let change = world.when(override_ended(1, 101)).remove(0);
    assert_eq!(change.at, t(101), "when it was due, not when it was recorded");
    assert_eq!(world.when(deleted(1, 60)).remove(0).at, t(101));
}

#[test]
fn an_override_shows_from_its_start_to_its_end_or_until_it_is_cleared() {
    let mut world = World::new();
    let blocked = (SpaceState::Maintenance, 2, Reason::Blocked);
    assert_eq!(world.then(override_set(1, OverrideKind::Blocked, 5)), NOTHING);
    assert_eq!(world.then(override_started(1, 10)), blocked);
    assert_eq!(world.then(override_set(2, OverrideKind::OutOfService, 15)), blocked);
    let out = (SpaceState::Maintenance, 1, Reason::OutOfService);
    assert_eq!(world.then(override_started(2, 20)), out);
    assert_eq!(world.then(override_ended(1, 30)), out);
    assert_eq!(world.then(override_cleared(2, 40)), NOTHING);
    assert_eq!(world.then(override_started(2, 50)), NOTHING, "a cleared override does not start");
    assert_eq!(world.then(override_started(3, 50)), NOTHING, "nor one that was never set");
}

#[test]
fn a_reservation_is_shown_as_soon_then_reserved_then_not_at_all() {
    let ends: [(&str, Step); 5] = [
        ("completed", completed(1, 50)),
        ("checked out", checked_out(1, 50)),
        ("cancelled", cancelled(1, 50)),
        (
            "expired",
            of_space(1, SpaceEvent::ReservationExpired { reservation_id: id(1), due: t(50), at: t(51) }),
        ),
        (
            "no show",
            of_space(1, SpaceEvent::ReservationNotTakenUp { reservation_id: id(1), due: t(50), at: t(51) }),
        ),
    ];
    for (what, end) in ends {
        let mut world = World::new();
        assert_eq!(world.then(approached(1, 10)), SOON);
        assert_eq!(world.then(started(1, 20)), RESERVED);
        assert_eq!(world.then(approached(1, 30)), RESERVED, "it has begun");
        let change = world.when(end).pop().expect(what);
        assert_eq!((change.at, change.cause), (t(50), Cause::Reservation(id(1))), "{what}");
        assert_eq!(world.shown(1), NOTHING, "{what}");
    }
}

#[test]
fn the_end_of_one_reservation_leaves_another_one() {
    let mut world = World::new();
    world.given([started(1, 10), approached(2, 20)]);
    assert_eq!(world.then(completed(1, 30)), SOON);
    assert_eq!(world.then(completed(9, 31)), SOON);
}

#[test]
fn a_moved_reservation_is_no_longer_soon_but_a_prolonged_one_is() {
    let mut world = World::new();
    world.given([approached(1, 10)]);
    assert_eq!(world.then(rescheduled(1, (20, 30), (20, 40), 11)), SOON);
    assert_eq!(world.then(rescheduled(1, (20, 40), (21, 40), 12)), NOTHING);
    world.given([started(2, 20)]);
    assert_eq!(world.then(rescheduled(2, (20, 30), (20, 40), 25)), RESERVED);
    world.given([approached(3, 26)]);
    assert_eq!(world.then(rescheduled(2, (20, 40), (90, 95), 27)), SOON, "the others are unaffected");
}

/// The space's own threshold.
fn soon_is(seconds: u32, second: i64) -> Step {
    let own = PolicyOverrides { reserved_soon_threshold_sec: Some(seconds), ..PolicyOverrides::default() };
    space_updated(1, own, second)
}

#[test]
fn lowering_the_threshold_takes_reserved_back_until_the_start_is_near_again() {
    let mut world = World::new();
    world.given([soon_is(3600, 0), booked(1, (4000, 9000), 0)]);
    assert_eq!(world.then(approached(1, 400)), SOON);
    assert_eq!(world.then(soon_is(900, 1000)), NOTHING);
    assert_eq!(world.then(approached(1, 400)), NOTHING, "by the threshold before");
    assert_eq!(world.then(soon_is(3600, 1100)), SOON, "raised again");
    assert_eq!(world.then(soon_is(900, 1200)), NOTHING);
    assert_eq!(world.then(approached(1, 3100)), SOON);
    assert_eq!(world.then(soon_is(600, 3500)), SOON, "its start is near by that one too");
    assert_eq!(world.then(soon_is(0, 3600)), NOTHING, "zero means not at all");
    assert_eq!(world.then(started(1, 4000)), RESERVED);
}

#[test]
fn a_threshold_of_the_tenant_or_the_site_takes_reserved_back_too() {
    let soon = |seconds| PolicyOverrides {
        reserved_soon_threshold_sec: Some(seconds),
        ..PolicyOverrides::default()
    };
    let mut world = World::new();
    world.given([site_is(soon(3600), 0), booked(1, (4000, 9000), 0)]);
    assert_eq!(world.then(approached(1, 400)), SOON);
    assert_eq!(world.then(site_is(soon(60), 500)), NOTHING);
    world.given([site_is(PolicyOverrides::default(), 510)]);
    assert_eq!(world.then(approached(1, 3100)), SOON);
    let policy = Policy { reserved_soon_threshold_sec: 60, ..Policy::default() };
    world.given([policy_is(5, policy, 3200)]);
    assert_eq!(world.then(policy_activated(5, 3201)), NOTHING);
}

#[test]
fn a_check_in_before_the_start_occupies_the_space() {
    let mut world = World::new();
    world.given([approached(1, 10)]);
    let there = (SpaceState::Occupied, 5, Reason::CheckedIn);
    assert_eq!(world.then(confirmed(1, Confirmation::CheckIn, 15)), there);
    assert_eq!(world.then(approached(1, 16)), there);
    assert_eq!(world.then(started(1, 20)), there);
    world.given([confirmed(2, Confirmation::CheckIn, 25)]);
    assert_eq!(world.then(completed(1, 30)), there, "the next one checked in early too");
}

#[test]
fn each_policy_level_overrides_the_previous_one_and_changes_show_at_once() {
    let mut world = World::new();
    let green = Light::steady(Policy::default().free_color);
    assert_eq!(light_of(&world, 1), green);
    let policy = Policy { free_color: colour(1), ..Policy::default() };
    assert_eq!(world.when(policy_is(5, policy, 10)), [], "not active yet");

    let changes = world.when(policy_activated(5, 11));
    let seen: Vec<_> = changes.iter().map(|c| (c.space_id, c.ordinal, c.at, c.cause, light(c.to))).collect();
    let one = Light::steady(colour(1));
    assert_eq!(seen, [(id(1), 0, t(11), Cause::Policy, one), (id(2), 1, t(11), Cause::Policy, one)]);

    assert_eq!(world.when(site_is(free_is(2), 20)).len(), 2);
    let changes = world.when(space_updated(1, free_is(3), 30));
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].at, changes[0].cause), (t(30), Cause::Policy));
    assert_eq!(
        (light_of(&world, 1), light_of(&world, 2)),
        (Light::steady(colour(3)), Light::steady(colour(2)))
    );
    assert_eq!(world.spaces.policy(id(1)).map(|policy| policy.free_color), Some(colour(3)));

    assert_eq!(world.when(site_is(PolicyOverrides::default(), 40)).len(), 1, "space 1 has its own");
    assert_eq!(light_of(&world, 2), one);
    let updated = TenantEvent::DisplayPolicyUpdated {
        policy_id: id(5),
        policy: Box::new(NamedPolicy {
            name: String::new(),
            description: None,
            policy: Policy { free_color: colour(4), ..policy },
        }),
        at: t(50),
        by: Actor::System,
    };
    world.given([of_tenant(TENANT, updated)]);
    assert_eq!(light_of(&world, 2), Light::steady(colour(4)));
    world.given([policy_activated(6, 60)]);
    assert_eq!(light_of(&world, 2), green, "an unknown policy means the default");
    world.given([space_updated(1, PolicyOverrides::default(), 70)]);
    assert_eq!(light_of(&world, 1), green);
}

#[test]
fn a_policy_applies_to_its_own_tenants_and_sites_spaces_only() {
    let mut world = World::new();
    world.given([created(3, TENANT + 1, 0)]);
    let policy = Policy { free_color: colour(1), ..Policy::default() };
    assert_eq!(world.given([policy_is(5, policy, 10)]).when(policy_activated(5, 11)).len(), 2);
    let other_site = match site_is(free_is(2), 20) {
        Step::Happens(_, event) => Step::Happens(id::<parking_domain::id::Site>(71).to_string(), event),
        other @ Step::Sends(_) => other,
    };
    assert_eq!(world.when(other_site), []);
    assert_eq!(world.when(site_is(free_is(2), 20)).len(), 3);
    let archived = parking_domain::site::SiteEvent::SiteArchived {
        tenant_id: id(TENANT),
        name: String::new(),
        slug: String::new(),
        at: t(30),
        by: Actor::System,
    };
    let stream = id::<parking_domain::id::Site>(crate::steps::SITE).to_string();
    let event = parking_domain::stored::Event::Site(archived);
    assert_eq!(
        world.when(Step::Happens(stream, Box::new(event))).len(),
        3,
        "an archived site has no overrides"
    );
    assert!(world.spaces.site(id(crate::steps::SITE)).is_none());
}

#[test]
fn a_space_created_later_starts_with_the_policies_in_force() {
    let mut world = World::new().policy(|policy| policy.free_color = colour(1));
    let born = world.when(created(3, TENANT, 10));
    assert_eq!(light(born[0].to), Light::steady(colour(1)));
}

#[test]
fn only_a_change_of_what_is_shown_is_reported() {
    let mut world = World::with_sensor();
    assert_eq!(world.when(vacant(1, 10)).len(), 1);
    assert_eq!(world.when(vacant(1, 20)), []);
    assert_eq!(world.when(space_updated(1, PolicyOverrides::default(), 30)), []);
    let (_, since) = world.spaces.space(id(1)).expect("a space").last_shown();
    assert_eq!(since, t(10));
}

#[test]
fn accessors_return_the_state() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    let space = world.spaces.space(id(1)).expect("a space");
    assert_eq!(
        (space.space_id(), space.tenant_id(), space.site_id()),
        (id(1), id(TENANT), id(crate::steps::SITE))
    );
    assert_eq!(space.sensor().map(|sensor| (sensor.dev_eui, sensor.since)), Some((1.into(), Some(t(10)))));
    assert_eq!((world.spaces.spaces().count(), world.spaces.devices().count()), (2, 1));
    assert!(world.spaces.tenant(id(TENANT)).is_none());
    let world = world.policy(|policy| policy.free_color = colour(9));
    assert_eq!(world.spaces.tenant(id(TENANT)).map(|own| own.in_force().free_color), Some(colour(9)));
}

//! When a sensor counts as silent, and the effects.

use chrono::TimeDelta;
use parking_domain::device::Definition;
use parking_domain::instant::Instant;
use parking_domain::occupancy::silence::{due, shortest_timeout, timeout};
use parking_domain::occupancy::{Cause, DeviceFacts, Reason, SpaceState};
use parking_domain::policy::{Policy, PolicyOverrides};

use crate::steps::{
    Counter, Frame, Step, TENANT, alive, assigned, claimed, device_updated, disabled, eui, fell_silent,
    occupied, sensor, space_updated, t, unassigned, vacant, with,
};
use crate::world::World;

const HOUR: i64 = 3600;

fn with_timeout(seconds: u32) -> Policy {
    Policy { sensor_unknown_timeout_sec: Some(seconds), ..Policy::default() }
}

#[test]
fn the_timeout_is_the_policys_or_three_heartbeats_of_the_device_or_its_model() {
    let model = Some("browan-tbms100");
    let cases = [
        (with_timeout(60), Some(100), model, 60),
        (with_timeout(0), Some(100), model, 0),
        (Policy::default(), Some(100), model, 300),
        (Policy::default(), None, model, 3 * HOUR),
        (Policy::default(), None, Some("none such"), 72 * HOUR),
        (Policy::default(), None, None, 72 * HOUR),
        (Policy::default(), Some(u32::MAX), None, 3 * i64::from(u32::MAX)),
    ];
    for (policy, own, codec, seconds) in cases {
        assert_eq!(timeout(&policy, own, codec), TimeDelta::seconds(seconds), "{own:?} {codec:?}");
    }
    assert_eq!(due(t(10), TimeDelta::seconds(5)), Some(t(15)));
    assert_eq!(due(Instant::MAX, TimeDelta::seconds(1)), None);
}

#[test]
fn no_uplink_leads_to_less_than_the_shortest_timeout() {
    let cases = [
        (with_timeout(60), Some(100), None, 60),
        (Policy::default(), Some(100), None, 300),
        (Policy::default(), None, Some("browan-tbms100"), 3 * HOUR),
        (Policy::default(), None, None, 1800),
    ];
    for (policy, own, chosen, seconds) in cases {
        let shortest = shortest_timeout(&policy, own, chosen);
        assert_eq!(shortest, TimeDelta::seconds(seconds), "{own:?} {chosen:?}");
        for codec in ["bosch-tps110", "decentlab-dl-lid", "dragino-ldds75", "nwave-nps405", "none such"] {
            assert!(timeout(&policy, own, chosen.or(Some(codec))) >= shortest, "{codec}");
        }
    }
}

#[test]
fn silence_is_due_for_claimed_and_enabled_sensors_that_were_heard() {
    let mut world = World::new();
    let due_after = |world: &mut World, step: Step| {
        world.given([step]);
        world.spaces.silent_due(eui(1))
    };
    assert_eq!(due_after(&mut world, occupied(1, 10)), None, "without an owner");
    assert_eq!(due_after(&mut world, claimed(1, TENANT, sensor(), 20)), Some(t(10 + 3 * HOUR)));
    assert_eq!(due_after(&mut world, device_updated(1, disabled(), 30)), None);
    assert_eq!(due_after(&mut world, device_updated(1, sensor(), 40)), Some(t(10 + 3 * HOUR)));
    assert_eq!(due_after(&mut world, alive(1, 50)), Some(t(50 + 3 * HOUR)));
    let often = Definition { heartbeat_sec: Some(60), ..sensor() };
    assert_eq!(due_after(&mut world, device_updated(1, often, 60)), Some(t(50 + 180)));
    assert_eq!(due_after(&mut world, fell_silent(1, 50, 230)), None, "already silent");
    assert_eq!(due_after(&mut world, vacant(1, 300)), Some(t(300 + 180)));
    world.given([claimed(2, TENANT, sensor(), 0)]);
    assert_eq!(world.spaces.silent_due(eui(2)), None, "never heard");
    assert_eq!(world.spaces.silent_due(eui(3)), None);
}

#[test]
fn the_chosen_codec_defines_the_heartbeat_before_anything_is_decoded() {
    let mut world = World::new();
    let chosen = Definition { codec: Some("dragino-ldds75".to_owned()), ..sensor() };
    world.given([claimed(1, TENANT, chosen, 0), alive(1, 10)]);
    assert_eq!(world.spaces.silent_due(eui(1)), Some(t(10 + HOUR)));
}

#[test]
fn the_policy_of_the_sensors_space_counts_or_else_the_tenants() {
    let mut world = World::new().policy(|policy| policy.sensor_unknown_timeout_sec = Some(100));
    world.given([claimed(1, TENANT, sensor(), 0), occupied(1, 10)]);
    assert_eq!(world.spaces.silent_due(eui(1)), Some(t(110)));
    let own = PolicyOverrides { sensor_unknown_timeout_sec: Some(50), ..PolicyOverrides::default() };
    world.given([space_updated(1, own, 20), assigned(1, 1, 20)]);
    assert_eq!(world.spaces.silent_due(eui(1)), Some(t(60)));
    world.given([unassigned(1, 1, 30)]);
    assert_eq!(world.spaces.silent_due(eui(1)), Some(t(110)));
}

#[test]
fn a_silent_sensors_presence_stays_at_a_lower_level() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10)]);
    let change = world.when(fell_silent(1, 10, 100)).remove(0);
    assert_eq!((change.at, change.cause), (t(100), Cause::Silence(eui(1))), "when it was due");
    let (from, to) = (change.from.expect("before"), change.to.expect("after"));
    assert_eq!((to.state, to.level, to.reason), (SpaceState::Occupied, 6, Reason::SensorSilent));
    assert_eq!(from.display, to.display, "the light stays");
    assert_eq!(world.when(fell_silent(1, 10, 100)), [], "once");
}

#[test]
fn any_frame_in_order_ends_the_silence() {
    for frame in [alive(1, 200), occupied(1, 200)] {
        let mut world = World::with_sensor();
        world.given([occupied(1, 10), fell_silent(1, 10, 100)]);
        assert_eq!(world.then(frame), (SpaceState::Occupied, 5, Reason::Sensor));
        assert!(!world.spaces.device(eui(1)).expect("a device").is_silent());
    }
}

#[test]
fn a_join_ends_the_silence_and_a_late_one_does_not() {
    use parking_domain::chirpstack::EventKind;
    use parking_domain::stored::Event;
    use parking_domain::uplinks::{DeviceJoined, Standing, UplinkEvent};

    let mut world = World::with_sensor();
    world.given([occupied(1, 10), fell_silent(1, 10, 100)]);
    let Some((stream, Event::Uplink(UplinkEvent::UplinkReceived(uplink)))) =
        world.log.iter().find(|(_, event)| matches!(event, Event::Uplink(_))).cloned()
    else {
        panic!("an uplink was recorded");
    };
    let mut report = uplink.report.clone();
    report.received_at = t(200);
    let joined = |standing| {
        let (heard_at, session, dev_addr) = (t(200), 2, None);
        let report = report.clone();
        Event::Uplink(UplinkEvent::DeviceJoined(DeviceJoined {
            report,
            heard_at,
            session,
            standing,
            dev_addr,
        }))
    };
    assert_eq!(world.append(stream.clone(), joined(Standing::Late)), [], "{:?}", EventKind::Join);
    let status = Event::Uplink(UplinkEvent::DeviceStatusReported { report: report.clone() });
    assert_eq!(world.append(stream.clone(), status), []);
    assert_eq!(world.append(stream, joined(Standing::InOrder)).len(), 1);
    assert_eq!(world.shown(1), (SpaceState::Occupied, 5, Reason::Sensor));
    assert_eq!(world.spaces.device(eui(1)).and_then(DeviceFacts::last_heard_at), Some(t(200)));
}

#[test]
fn a_silence_that_ended_before_its_event_is_ignored() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), vacant(1, 11)]);
    assert_eq!(world.when(fell_silent(1, 10, 100)), []);
    assert!(!world.spaces.device(eui(1)).expect("a device").is_silent());
    assert_eq!(world.when(fell_silent(1, 11, 100)).len(), 1);
}

#[test]
fn a_silent_sensor_without_readings_leaves_the_state_unknown() {
    let mut world = World::with_sensor();
    world.given([alive(1, 10)]);
    assert_eq!(world.then(fell_silent(1, 10, 100)), (SpaceState::Unknown, 7, Reason::NothingKnown));
    assert_eq!(world.then(occupied(1, 200)), (SpaceState::Occupied, 5, Reason::Sensor));
}

#[test]
fn an_unassigned_sensors_silence_does_not_affect_the_space() {
    let mut world = World::with_sensor();
    world.given([occupied(1, 10), unassigned(1, 1, 20)]);
    assert_eq!(world.when(fell_silent(1, 10, 100)), []);
    assert!(world.spaces.device(eui(1)).expect("a device").is_silent());
}

#[test]
fn a_battery_only_frame_of_a_known_codec_shows_life() {
    let mut world = World::new();
    let chosen = Definition { codec: Some("milesight-vs330".to_owned()), ..sensor() };
    world.given([claimed(1, TENANT, chosen, 0), assigned(1, 1, 0)]);
    let battery = Frame {
        dev: 1,
        second: 10,
        f_port: 85,
        data: vec![0x01, 0x75, 0x5f],
        counter: Counter::Next,
        profile: "",
    };
    world.given([with(Step::Sends(battery), Counter::Next)]);
    let facts = world.spaces.device(eui(1)).expect("a device");
    assert_eq!((facts.last_heard_at(), facts.problem()), (Some(t(10)), None));
    assert_eq!(world.shown(1), (SpaceState::Unknown, 7, Reason::NothingKnown));
}

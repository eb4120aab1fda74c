//! A tenant with a site, a few spaces and devices, and the log of their events. Uplinks go through their aggregate, so
//! that their standings are real.

use std::collections::{BTreeMap, HashMap};

use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::id::SpaceId;
use parking_domain::occupancy::{Change, Parts, Reason, SpaceMachine, SpaceState, Spaces, Stay, Touched};
use parking_domain::payload::Payload;
use parking_domain::policy::{Policy, PolicyOverrides};
use parking_domain::stored::Event;
use parking_domain::uplinks::{self, LookUp, RecordReport, Source, Standing, UplinkEvent, Uplinks};
use serde_json::json;

use crate::steps::{
    Counter, Frame, Step, TENANT, assigned, claimed, created, eui, id, policy_activated, policy_is, sensor,
    site_is, t,
};

/// The fold and its log.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) spaces: Spaces,
    pub(crate) log: Vec<(String, Event)>,
    pub(crate) changes: Vec<Change>,
    /// The stays that a test has taken.
    pub(crate) stays: BTreeMap<(SpaceId, i64), Stay>,
    streams: HashMap<u64, (Uplinks, u32)>,
}

impl World {
    /// A tenant, its site, and the spaces 1 and 2, created at second 0.
    pub(crate) fn new() -> Self {
        let mut world = Self::default();
        world.given([site_is(PolicyOverrides::default(), 0), created(1, TENANT, 0), created(2, TENANT, 0)]);
        world
    }

    /// As new, with the sensor 1 claimed and assigned to space 1.
    pub(crate) fn with_sensor() -> Self {
        let mut world = Self::new();
        world.given([claimed(1, TENANT, sensor(), 0), assigned(1, 1, 0)]);
        world
    }

    /// With an active policy that differs from the default one by `change`.
    pub(crate) fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = Policy::default();
        change(&mut policy);
        self.given([policy_is(99, policy, 0), policy_activated(99, 0)]);
        self
    }

    pub(crate) fn given(&mut self, steps: impl IntoIterator<Item = Step>) -> &mut Self {
        for step in steps {
            self.when(step);
        }
        self
    }

    /// Applies a step; returns the changes of what is shown.
    pub(crate) fn when(&mut self, step: Step) -> Vec<Change> {
        let (stream, event) = match step {
            Step::Happens(stream, event) => (stream, *event),
            Step::Sends(frame) => {
                (uplinks::stream_id(Source::Platform, eui(frame.dev)), Event::Uplink(self.record(&frame)))
            }
        };
        self.append(stream, event)
    }

    pub(crate) fn append(&mut self, stream: String, event: Event) -> Vec<Change> {
        let position = i64::try_from(self.log.len()).expect("a short log") + 1;
        let changes = self.spaces.apply(position, &stream, &event);
        self.log.push((stream, event));
        self.changes.extend(&changes);
        changes
    }

    /// Applies a step; returns what space 1 shows: state, level and reason.
    pub(crate) fn then(&mut self, step: Step) -> (SpaceState, u8, Reason) {
        self.when(step);
        self.shown(1)
    }

    pub(crate) fn shown(&self, space: u128) -> (SpaceState, u8, Reason) {
        let (shown, _) = self.spaces.space(id(space)).expect("a space").last_shown();
        (shown.state, shown.level, shown.reason)
    }

    pub(crate) fn standing(&self) -> Standing {
        match self.log.last() {
            Some((_, Event::Uplink(UplinkEvent::UplinkReceived(uplink)))) => uplink.standing,
            other => panic!("expected an uplink, got {other:?}"),
        }
    }

    /// Counters increase by ten, so that some values remain for late frames.
    fn record(&mut self, frame: &Frame) -> UplinkEvent {
        let number = self.log.len();
        let (state, counter) = self.streams.entry(frame.dev).or_default();
        let f_cnt = match frame.counter {
            Counter::Next => {
                *counter += 10;
                *counter
            }
            Counter::Skipped => counter.saturating_sub(1 + u32::try_from(number % 9).expect("small")),
            Counter::Same => *counter,
        };
        let body = json!({
            "deviceInfo": {"devEui": eui(frame.dev).to_string(), "deviceProfileName": frame.profile},
            "deduplicationId": format!("id {number}"), "time": t(frame.second).to_string(), "devAddr": "0100a001",
            "fCnt": f_cnt, "fPort": frame.f_port, "data": Payload::from(frame.data.clone()),
        });
        let report = chirpstack::parse(EventKind::Up, body.to_string().as_bytes()).expect("a report");
        let command = RecordReport { report, at: t(frame.second), look_up: LookUp::Absent };
        let event = state.decide(&command).expect("recorded").remove(0);
        state.evolve(&event);
        event
    }
}

/// The stored parts of the fold, by key.
pub(crate) fn stored(spaces: &Spaces) -> BTreeMap<String, String> {
    let mut store = BTreeMap::new();
    let parts = spaces.to_parts();
    let touched = Touched {
        spaces: parts.spaces.iter().map(SpaceMachine::space_id).collect(),
        devices: parts.devices.iter().map(|(key, _)| *key).collect(),
        sites: parts.sites.iter().map(|(key, _)| *key).collect(),
        tenants: parts.tenants.iter().map(|(key, _)| *key).collect(),
    };
    store_touched(&mut store, spaces, &touched);
    store
}

/// Stores the touched parts, as a projection does.
pub(crate) fn store_touched(store: &mut BTreeMap<String, String>, spaces: &Spaces, touched: &Touched) {
    let json = |value: Option<serde_json::Result<String>>| value.map(|json| json.expect("serialises"));
    let spaces_now = touched
        .spaces
        .iter()
        .map(|key| (format!("space {key}"), json(spaces.space(*key).map(serde_json::to_string))));
    let devices_now = touched
        .devices
        .iter()
        .map(|key| (format!("device {key}"), json(spaces.device(*key).map(serde_json::to_string))));
    let sites_now = touched
        .sites
        .iter()
        .map(|key| (format!("site {key}"), json(spaces.site(*key).map(serde_json::to_string))));
    let tenants_now = touched
        .tenants
        .iter()
        .map(|key| (format!("tenant {key}"), json(spaces.tenant(*key).map(serde_json::to_string))));
    for (key, value) in spaces_now.chain(devices_now).chain(sites_now).chain(tenants_now) {
        match value {
            Some(value) => store.insert(key, value),
            None => store.remove(&key),
        };
    }
}

/// Loads stored parts, as a projection does on start.
pub(crate) fn loaded(store: &BTreeMap<String, String>) -> Spaces {
    let mut parts = Parts::default();
    for (key, value) in store {
        match key.split_once(' ').expect("a key") {
            ("space", _) => parts.spaces.push(serde_json::from_str(value).expect("a space")),
            ("device", key) => {
                parts
                    .devices
                    .push((key.parse().expect("an EUI"), serde_json::from_str(value).expect("a device")));
            }
            ("site", key) => {
                parts.sites.push((key.parse().expect("an id"), serde_json::from_str(value).expect("a site")));
            }
            ("tenant", key) => {
                parts
                    .tenants
                    .push((key.parse().expect("an id"), serde_json::from_str(value).expect("policies")));
            }
            other => panic!("{other:?}"),
        }
    }
    Spaces::from_parts(parts)
}

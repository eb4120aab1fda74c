//! A month of car parks in a log: the simulation's reports through their aggregates, bookings, overrides, check-ins and
//! moved devices, in the order in which a platform would append them.
#![expect(clippy::unwrap_used, reason = "a failure here fails a test")]

mod outages;

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use parking_commands::append::StreamAppend;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::device::{Category, Definition as DeviceDefinition, Device, DeviceCommand};
use parking_domain::document::Document;
use parking_domain::id::{SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::silence;
use parking_domain::patch::Patch;
use parking_domain::policy::Policy;
use parking_domain::site::{NewSite, Site, SiteCommand};
use parking_domain::space::{
    BookReservation, CheckIn, CreateSpace, DefinitionPatch, Details, MAX_DURATION, OverrideKind, PassTime,
    SetOverride, Space, SpaceCommand, Window,
};
use parking_domain::uplinks::{LookUp, RecordReport, Source, UplinkEvent, Uplinks, stream_id};
use parking_simulator::{Act, Plan, Simulation, Step};
use serde_json::json;
use uuid::Uuid;

use crate::EventLog;
use crate::world::outages::Outage;

/// The tenant of the car parks.
pub const TENANT: TenantId = TenantId::DEFAULT;
const BY: Actor = Actor::System;

/// Events appended at once.
const CHUNK: usize = 300;

/// The zones of the three sites: two with summer time, one with a half-hour offset.
pub const ZONES: [&str; 3] = ["Europe/Paris", "America/New_York", "Asia/Kolkata"];

/// The n-th site, from 0.
pub fn site(n: usize) -> SiteId {
    Uuid::from_u128(0x517e_0000 + n as u128).into()
}

/// The n-th space, from 0.
pub fn space(n: usize) -> SpaceId {
    Uuid::from_u128(0x5bac_0000 + n as u128).into()
}

/// Every fifth sensor has a heartbeat of ten minutes and does not keep to it: it falls silent again and again.
const IMPATIENT: usize = 5;
const HEARTBEAT_SEC: u32 = 600;

/// The current streams, and the events waiting to be appended.
pub struct World<'a> {
    log: &'a EventLog,
    uplinks: HashMap<DevEui, Uplinks>,
    devices: HashMap<DevEui, Device>,
    /// When each impatient sensor was last heard, while it is not silent.
    awaited: BTreeMap<DevEui, Instant>,
    spaces: Vec<Space>,
    /// Appended together, one group after the other: in each, the events are in the order of its streams.
    waiting: Vec<Vec<StreamAppend>>,
    booked: u128,
    /// Check-ins to come, with the numbers of their spaces.
    guests: Vec<(usize, CheckIn)>,
    /// The sensors that are unassigned or disabled for some time, with the numbers of their spaces.
    outages: Vec<(Outage, DevEui, usize)>,
}

impl<'a> World<'a> {
    /// An empty world on an empty log.
    pub fn new(log: &'a EventLog) -> Self {
        Self {
            log,
            uplinks: HashMap::new(),
            devices: HashMap::new(),
            awaited: BTreeMap::new(),
            spaces: Vec::new(),
            waiting: Vec::new(),
            booked: 0,
            guests: Vec::new(),
            outages: Vec::new(),
        }
    }

    /// Runs the simulation and returns it for its truth.
    ///
    /// # Panics
    ///
    /// When the append fails.
    pub async fn run(mut self, plan: Plan) -> Simulation {
        let mut simulation = Simulation::new(plan);
        let (start, end) = (Instant::at_or_before(plan.start), Instant::at_or_before(plan.end));
        self.build(&mut simulation, start).await;
        let mut step_number = 0_u64;
        while let Some(Step { at, act }) = simulation.next() {
            step_number += 1;
            let at = Instant::at_or_before(at);
            self.pass_time(at);
            match act {
                Act::Report { event, body } => self.report(event, &body.to_string(), at),
                Act::Book { space, from, until } if until < plan.end - TimeDelta::days(1) => {
                    let (start, end) = (Instant::at_or_before(from), Instant::at_or_before(until));
                    self.book(space, Window { start, end }, at, step_number);
                }
                Act::Book { .. } => {}
            }
            if at >= end - TimeDelta::days(1) {
                self.end_outages(&mut simulation, at);
            } else if step_number.is_multiple_of(199) {
                self.end_outages(&mut simulation, at);
                self.disturb(&mut simulation, step_number, at);
            }
            if self.waiting.len() >= CHUNK {
                self.flush().await;
            }
        }
        self.pass_time(end);
        self.block(step_number, end + TimeDelta::days(1), end);
        self.flush().await;
        simulation
    }

    /// Creates sites, spaces and devices. Every fourth sensor is assigned late.
    async fn build(&mut self, simulation: &mut Simulation, at: Instant) {
        for (n, zone) in ZONES.iter().enumerate() {
            let create = SiteCommand::CreateSite {
                site: Box::new(NewSite {
                    name: format!("Site {n}"),
                    slug: format!("site-{n}"),
                    definition: serde_json::from_value(json!({"timezone": zone})).unwrap(),
                }),
                asked: asked(at),
            };
            let events = Site::default().decide(&create).unwrap();
            self.append::<Site>(&site(n).to_string(), &events, Some(TENANT));
        }
        let devices: Vec<_> = simulation.devices().collect();
        for (n, (dev_eui, model)) in devices.into_iter().enumerate() {
            let definition = DefinitionPatch {
                auto_release_minutes: (n % 4 == 0).then_some(30),
                building: Patch::Set(format!("B{}", n % 2)),
                ..DefinitionPatch::default()
            };
            let create = CreateSpace {
                site_id: site(n % ZONES.len()),
                code: format!("P-{n:03}"),
                definition,
                asked: asked(at),
            };
            self.spaces.push(Space::default());
            self.space(n, &SpaceCommand::CreateSpace(Box::new(create)));
            self.claim(dev_eui.into(), n, model.profile(), at);
            if n % 4 == 1 {
                self.outages.push((Outage::Unassigned, dev_eui.into(), n));
            } else {
                self.assign(dev_eui.into(), n, at);
                simulation.watch(n, true, at.utc());
            }
            self.flush().await;
        }
    }

    fn claim(&mut self, dev_eui: DevEui, n: usize, profile: &str, at: Instant) {
        let definition = DeviceDefinition {
            name: format!("{profile} {n}"),
            enabled: true,
            manufacturer: None,
            model: Some(profile.to_owned()),
            codec: None,
            threshold: None,
            heartbeat_sec: n.is_multiple_of(IMPATIENT).then_some(HEARTBEAT_SEC),
            display_type: None,
            location: None,
            config: Document::default(),
            metadata: Document::default(),
        };
        self.device(
            dev_eui,
            &DeviceCommand::ClaimDevice {
                category: Category::Sensor,
                definition: Box::new(definition),
                asked: asked(at),
            },
        );
    }

    fn assign(&mut self, dev_eui: DevEui, n: usize, at: Instant) {
        let reason = Some("month".to_owned());
        let assign =
            DeviceCommand::AssignDevice { space_id: space(n), replace: false, reason, asked: asked(at) };
        self.device(dev_eui, &assign);
    }

    fn report(&mut self, event: &str, body: &str, at: Instant) {
        let report = chirpstack::parse(EventKind::from_name(event).unwrap(), body.as_bytes()).unwrap();
        let dev_eui = report.dev_eui;
        let stream = self.uplinks.entry(dev_eui).or_default();
        let command = RecordReport { report, at, look_up: LookUp::Absent };
        let Ok(events) = stream.decide(&command) else { return };
        for event in &events {
            stream.evolve(event);
        }
        let owned = self.devices.get(&dev_eui).and_then(Device::definition);
        if owned.is_some_and(|definition| definition.heartbeat_sec.is_some()) {
            self.awaited.extend(
                events
                    .iter()
                    .filter(|event| is_sign(event))
                    .map(|event| (dev_eui, event.report().received_at)),
            );
        }
        self.append::<Uplinks>(&stream_id(Source::Platform, dev_eui), &events, None);
    }

    fn book(&mut self, n: usize, window: Window, at: Instant, chance: u64) {
        self.booked += 1;
        let reservation_id = Uuid::from_u128(0xb00c_0000 + self.booked).into();
        let details = Box::new(Details { reservation_type: Some("visitor".into()), ..Details::default() });
        let book =
            BookReservation { reservation_id, window, max_duration: MAX_DURATION, details, asked: asked(at) };
        self.space(n, &SpaceCommand::BookReservation(Box::new(book)));
        if chance.is_multiple_of(3) {
            let asked = asked(window.start.max(at));
            self.guests.push((n, CheckIn { reservation_id, asked }));
        }
    }

    /// Blocks a space for three hours.
    fn block(&mut self, chance: u64, from: Instant, at: Instant) {
        let n = usize::try_from(chance).unwrap() % self.spaces.len();
        let set = SetOverride {
            override_id: Uuid::from_u128(0x0e44_0000 + u128::from(chance)).into(),
            kind: if chance.is_multiple_of(4) { OverrideKind::Blocked } else { OverrideKind::OutOfService },
            from,
            until: Some(from + TimeDelta::hours(3)),
            reason: Some("works".to_owned()),
            notes: None,
            asked: asked(at),
        };
        self.space(n, &SpaceCommand::SetOverride(Box::new(set)));
    }

    /// Checks in the guests whose time has come, and does what else is due.
    fn pass_time(&mut self, at: Instant) {
        for (n, check_in) in self.guests.extract_if(.., |(_, it)| it.asked.at <= at).collect::<Vec<_>>() {
            self.space(n, &SpaceCommand::CheckIn(check_in));
        }
        let reserved_soon = TimeDelta::minutes(15);
        for n in 0..self.spaces.len() {
            if self.spaces[n].next_due(reserved_soon).is_some_and(|due| due.at <= at) {
                self.space(n, &SpaceCommand::PassTime(PassTime { at, reserved_soon, arrivals_known: true }));
            }
        }
        self.note_silences(at);
    }

    fn note_silences(&mut self, at: Instant) {
        let timeout = silence::timeout(&Policy::default(), Some(HEARTBEAT_SEC), None);
        let silent: Vec<(DevEui, Instant)> = self
            .awaited
            .iter()
            .filter(|(dev_eui, heard_at)| **heard_at + timeout <= at && self.is_enabled(**dev_eui))
            .map(|(k, v)| (*k, *v))
            .collect();
        for (dev_eui, last_heard_at) in silent {
            self.awaited.remove(&dev_eui);
            let due = last_heard_at + timeout;
            self.device(dev_eui, &DeviceCommand::ReportSilence { last_heard_at, due, at });
        }
    }

    fn is_enabled(&self, dev_eui: DevEui) -> bool {
        self.devices.get(&dev_eui).and_then(Device::definition).is_some_and(|definition| definition.enabled)
    }

    /// Executes a command; a refused one has no effect.
    fn space(&mut self, n: usize, command: &SpaceCommand) {
        let events = self.spaces[n].decide(command).unwrap_or_default();
        for event in &events {
            self.spaces[n].evolve(event);
        }
        self.append::<Space>(&space(n).to_string(), &events, Some(TENANT));
    }

    fn device(&mut self, dev_eui: DevEui, command: &DeviceCommand) {
        let device = self.devices.entry(dev_eui).or_default();
        let events = device.decide(command).unwrap();
        for event in &events {
            device.evolve(event);
        }
        self.append::<Device>(&dev_eui.to_string(), &events, Some(TENANT));
    }

    fn append<A: Decider>(&mut self, id: &str, events: &[A::Event], tenant: Option<TenantId>) {
        if events.is_empty() {
            return;
        }
        let part = self.log.ids.domain_part::<A>(id, tenant, events);
        let is_it = |stream: &StreamAppend| stream.aggregate_type == A::TYPE && stream.aggregate_id == id;
        match self.waiting.last_mut() {
            Some(group) if group.last().is_some_and(is_it) => {
                group.last_mut().unwrap().events.extend(part.events);
            }
            // Events after those of another stream are appended after them.
            Some(group) if !group.iter().any(is_it) => group.push(part),
            _ => self.waiting.push(vec![part]),
        }
    }

    async fn flush(&mut self) {
        for streams in std::mem::take(&mut self.waiting) {
            self.log.writer.append(self.log.ids.over(streams)).await.unwrap();
        }
    }
}

/// True for what the device itself sent.
fn is_sign(event: &UplinkEvent) -> bool {
    matches!(event, UplinkEvent::UplinkReceived(_) | UplinkEvent::DeviceJoined(_))
}

fn asked(at: Instant) -> Asked {
    Asked { tenant_id: TENANT, by: BY, at }
}

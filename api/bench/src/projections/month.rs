//! A month of a car park as events: the simulation's reports through their aggregates, and bookings with their
//! consequences, in the order in which a platform would append them.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta};
use cqrs_es::{Aggregate, DomainEvent};
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::device::{Category, Device, DeviceCommand};
use parking_domain::id::{SiteId, SpaceId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::site::{NewSite, Site, SiteCommand};
use parking_domain::space::{
    BookReservation, CreateSpace, DefinitionPatch, Details, MAX_DURATION, PassTime, Space, SpaceCommand,
    Window,
};
use parking_domain::uplinks::{LookUp, RecordReport, Source, Uplinks, stream_id};
use parking_simulator::{Act, Faults, Plan, Simulation, Step};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use crate::BenchError;

const TENANT: TenantId = TenantId::DEFAULT;
const BY: Actor = Actor::System;

/// Fewer than a space causes in a month.
const EVENTS_OF_A_SPACE: u32 = 600;

/// Spaces of one site.
const SPACES_OF_A_SITE: usize = 200;

/// An event with its stream and sequence.
pub(super) struct Made {
    pub(super) aggregate_type: &'static str,
    pub(super) aggregate_id: String,
    pub(super) sequence: i64,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) event_type: String,
    pub(super) event_version: String,
    pub(super) payload: String,
    pub(super) recorded_at: Instant,
    pub(super) body: Option<String>,
}

/// The running month.
pub(super) struct Month {
    simulation: Simulation,
    left: usize,
    now: Instant,
    uplinks: HashMap<DevEui, Uplinks>,
    spaces: Vec<Space>,
    booked: u128,
    sequences: HashMap<(&'static str, String), i64>,
    made: Vec<Made>,
}

impl Month {
    /// This many events, in as many spaces as they need.
    pub(super) fn new(events: u32) -> Self {
        let start = DateTime::from_timestamp_nanos(1_791_590_400_000_000_000);
        let spaces = events / EVENTS_OF_A_SPACE + 1;
        let plan = Plan {
            seed: 7,
            spaces,
            start,
            end: start + TimeDelta::days(30),
            faults: Faults::USUAL,
            first_session: 1,
        };
        Self {
            simulation: Simulation::new(plan),
            left: events as usize,
            now: Instant::at_or_before(start),
            uplinks: HashMap::new(),
            spaces: Vec::new(),
            booked: 0,
            sequences: HashMap::new(),
            made: Vec::new(),
        }
    }

    /// The next events, in chunks; empty at the end.
    pub(super) fn go_on(&mut self) -> Result<Vec<Made>, BenchError> {
        if self.spaces.is_empty() {
            self.build()?;
        }
        while self.made.is_empty() && self.left > 0 {
            let Some(Step { at, act }) = self.simulation.next() else { break };
            let at = Instant::at_or_before(at);
            self.pass_time(at)?;
            match act {
                Act::Report { event, body } => self.report(event, body.to_string(), at)?,
                Act::Book { space, from, until } => {
                    let (start, end) = (Instant::at_or_before(from), Instant::at_or_before(until));
                    self.book(space, Window { start, end }, at);
                }
            }
        }
        self.made.truncate(self.left);
        self.left -= self.made.len();
        Ok(std::mem::take(&mut self.made))
    }

    fn build(&mut self) -> Result<(), BenchError> {
        let devices: Vec<_> = self.simulation.devices().collect();
        for (n, (dev_eui, model)) in devices.into_iter().enumerate() {
            let site_id = SiteId::from(Uuid::from_u128(0x517e_0000 + (n / SPACES_OF_A_SITE) as u128));
            if n % SPACES_OF_A_SITE == 0 {
                let site = NewSite {
                    name: format!("Site {site_id}"),
                    slug: format!("site-{site_id}"),
                    definition: serde_json::from_value(json!({"timezone": "Europe/Paris"}))?,
                };
                let create = SiteCommand::CreateSite { site: Box::new(site), asked: asked(self.now) };
                self.execute(&mut Site::default(), &site_id.to_string(), &create)?;
            }
            let (code, definition) = (format!("P-{n:05}"), DefinitionPatch::default());
            let asked = asked(self.now);
            self.spaces.push(Space::default());
            self.at_space(
                n,
                &SpaceCommand::CreateSpace(Box::new(CreateSpace { site_id, code, definition, asked })),
            )?;
            self.install(dev_eui.into(), n, model.profile())?;
        }
        Ok(())
    }

    /// Claims a device and assigns it to its space.
    fn install(&mut self, dev_eui: DevEui, n: usize, profile: &str) -> Result<(), BenchError> {
        let definition = json!({"name": format!("{profile} {n}"), "enabled": true, "model": profile});
        let claim = DeviceCommand::ClaimDevice {
            category: Category::Sensor,
            definition: serde_json::from_value(definition)?,
            asked: asked(self.now),
        };
        let assign = DeviceCommand::AssignDevice {
            space_id: space_id(n),
            replace: false,
            reason: None,
            asked: asked(self.now),
        };
        let mut device = Device::default();
        self.execute(&mut device, &dev_eui.to_string(), &claim)?;
        self.execute(&mut device, &dev_eui.to_string(), &assign)
    }

    fn report(&mut self, event: &str, body: String, at: Instant) -> Result<(), BenchError> {
        let kind = EventKind::from_name(event).ok_or("the simulation reports what ChirpStack does")?;
        let report = chirpstack::parse(kind, body.as_bytes())?;
        let dev_eui = report.dev_eui;
        let mut stream = self.uplinks.remove(&dev_eui).unwrap_or_default();
        let made = self.made.len();
        // A report that was recorded before is refused.
        let _refused = self.execute(
            &mut stream,
            &stream_id(Source::Platform, dev_eui),
            &RecordReport { report, at, look_up: LookUp::Absent },
        );
        self.uplinks.insert(dev_eui, stream);
        if let Some(made) = self.made.get_mut(made) {
            made.body = Some(body);
        }
        Ok(())
    }

    fn book(&mut self, n: usize, window: Window, at: Instant) {
        self.booked += 1;
        let book = BookReservation {
            reservation_id: Uuid::from_u128(0xb00c_0000 + self.booked).into(),
            window,
            max_duration: MAX_DURATION,
            details: Box::new(Details::default()),
            asked: asked(at),
        };
        // A reserved space refuses.
        let _refused = self.at_space(n, &SpaceCommand::BookReservation(Box::new(book)));
    }

    /// Reservations begin and end, minute by minute.
    fn pass_time(&mut self, at: Instant) -> Result<(), BenchError> {
        if at < self.now + TimeDelta::minutes(1) {
            return Ok(());
        }
        self.now = at;
        let reserved_soon = TimeDelta::minutes(15);
        for n in 0..self.spaces.len() {
            if self.spaces[n].next_due(reserved_soon).is_some_and(|due| due.at <= at) {
                self.at_space(
                    n,
                    &SpaceCommand::PassTime(PassTime { at, reserved_soon, arrivals_known: true }),
                )?;
            }
        }
        Ok(())
    }

    fn at_space(&mut self, n: usize, command: &SpaceCommand) -> Result<(), BenchError> {
        let mut space = std::mem::take(&mut self.spaces[n]);
        let done = self.execute(&mut space, &space_id(n).to_string(), command);
        self.spaces[n] = space;
        done
    }

    fn execute<A: Decider>(
        &mut self,
        aggregate: &mut A,
        id: &str,
        command: &A::Command,
    ) -> Result<(), BenchError>
    where
        A::Event: Serialize,
        A::Error: Send + Sync + 'static,
    {
        let tenant_id = (A::TYPE != Uplinks::TYPE).then(|| TENANT.uuid());
        for event in aggregate.decide(command)? {
            aggregate.evolve(&event);
            let sequence = self.sequences.entry((A::TYPE, id.to_owned())).or_default();
            *sequence += 1;
            self.made.push(Made {
                aggregate_type: A::TYPE,
                aggregate_id: id.to_owned(),
                sequence: *sequence,
                tenant_id,
                event_type: event.event_type(),
                event_version: event.event_version(),
                payload: serde_json::to_string(&event)?,
                recorded_at: self.now,
                body: None,
            });
        }
        Ok(())
    }
}

fn space_id(n: usize) -> SpaceId {
    Uuid::from_u128(0x5bac_0000 + n as u128).into()
}

fn asked(at: Instant) -> Asked {
    Asked { tenant_id: TENANT, by: BY, at }
}

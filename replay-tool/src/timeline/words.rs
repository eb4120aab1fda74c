//! What an event tells, in words: what happened, when, who did it and why. What is sealed stays so.

use chrono::SecondsFormat;
use parking_domain::actor::Actor;
use parking_domain::device::DeviceEvent;
use parking_domain::display::DisplayEvent;
use parking_domain::instant::Instant;
use parking_domain::occupancy::{Cause, Change};
use parking_domain::space::{Confirmation, SpaceEvent, Window};
use parking_domain::stored::Event;
use parking_domain::uplinks::UplinkEvent;
use serde::Serialize;

/// What is told.
#[derive(Debug)]
pub(super) struct Telling {
    pub(super) what: String,
    pub(super) at: Instant,
    pub(super) by: Option<Actor>,
    pub(super) why: Option<String>,
}

impl Telling {
    /// None for events of streams that no timeline is of. `id` is the stream's.
    pub(super) fn of(id: &str, event: &Event) -> Option<Self> {
        match event {
            Event::Space(event) => of_space(event),
            Event::Device(event) => Some(of_device(id, event)),
            Event::Uplink(event) => Some(of_uplink(event)),
            Event::Display(event) => Some(of_display(event)),
            Event::Site(_) | Event::Gateway(_) | Event::Tenant(_) | Event::User(_) | Event::Log(_) => None,
        }
    }

    pub(super) fn of_change(change: &Change) -> Self {
        let what = match (change.from, change.to) {
            (_, None) => "shown no more".to_owned(),
            (Some(from), Some(to)) if from.state == to.state => {
                format!("still {}, now for another reason ({})", word(to.state), word(to.reason))
            }
            (_, Some(to)) => format!("now {} ({})", word(to.state), word(to.reason)),
        };
        Self { what, at: change.at, by: None, why: Some(cause(change.cause)) }
    }

    fn new(what: impl Into<String>, at: Instant) -> Self {
        Self { what: what.into(), at, by: None, why: None }
    }

    fn by(self, actor: Actor) -> Self {
        Self { by: Some(actor), ..self }
    }

    fn because(self, reason: Option<&String>) -> Self {
        Self { why: reason.cloned(), ..self }
    }

    /// What the platform did by itself, later than it was due or not.
    fn due(self, due: Instant) -> Self {
        let why = (due != self.at).then(|| format!("due at {}", time(due)));
        Self { by: Some(Actor::System), why, ..self }
    }
}

fn of_space(event: &SpaceEvent) -> Option<Telling> {
    let telling = match event {
        SpaceEvent::SpaceCreated { site_id, code, at, by, .. } => {
            Telling::new(format!("made as {code} on site {site_id}"), *at).by(*by)
        }
        SpaceEvent::SpaceUpdated { at, by, .. } => Telling::new("described anew", *at).by(*by),
        SpaceEvent::SpaceCodeChanged { from, to, at, by, .. } => {
            Telling::new(format!("called {to} instead of {from}"), *at).by(*by)
        }
        SpaceEvent::SpaceDeleted { reason, at, by, .. } => {
            Telling::new("deleted", *at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::StateSetByHand { state, reason, at, by } => {
            Telling::new(format!("said to be {}", word(state)), *at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::OverrideSet { override_id, kind, from, until, reason, at, by, .. } => {
            let until =
                until.map_or_else(|| "until it is cleared".to_owned(), |until| format!("to {}", time(until)));
            let what = format!("override {override_id} set: {} from {} {until}", word(kind), time(*from));
            Telling::new(what, *at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::OverrideStarted { override_id, due, at } => {
            Telling::new(format!("override {override_id} begins"), *at).due(*due)
        }
        SpaceEvent::OverrideEnded { override_id, due, at } => {
            Telling::new(format!("override {override_id} is over"), *at).due(*due)
        }
        SpaceEvent::OverrideCleared { override_id, at, by } => {
            Telling::new(format!("override {override_id} cleared"), *at).by(*by)
        }
        event => return of_reservation(event),
    };
    Some(telling)
}

fn of_reservation(event: &SpaceEvent) -> Option<Telling> {
    let id = event.reservation_id()?;
    let told = |what: &str, at: &Instant| Telling::new(format!("reservation {id} {what}"), *at);
    let telling = match event {
        SpaceEvent::ReservationBooked { window, at, by, .. } => {
            told(&format!("booked {}", window_in_words(*window)), at).by(*by)
        }
        SpaceEvent::ReservationRescheduled { to, at, by, .. } => {
            told(&format!("moved, now {}", window_in_words(*to)), at).by(*by)
        }
        SpaceEvent::ReservationAmended { at, by, .. } => told("amended", at).by(*by),
        SpaceEvent::ReservationCancelled { reason, at, by, .. } => {
            let reason = reason.as_ref().map(|_| "for a reason that is sealed".to_owned());
            told("cancelled", at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::ReservationApproached { due, at, .. } => told("begins soon", at).due(*due),
        SpaceEvent::ReservationStarted { due, at, .. } => told("begins", at).due(*due),
        SpaceEvent::ReservationConfirmed { confirmation: Confirmation::CheckIn, at, by, .. } => {
            told("checked in", at).by(*by)
        }
        SpaceEvent::ReservationConfirmed { confirmation: Confirmation::Sensor, at, by, .. } => {
            told("confirmed: its vehicle was seen", at).by(*by)
        }
        SpaceEvent::ReservationCheckedOut { at, by, .. } => told("checked out", at).by(*by),
        SpaceEvent::ReservationCompleted { due, at, .. } => told("is over", at).due(*due),
        SpaceEvent::ReservationExpired { due, at, .. } => told("is over, nobody came", at).due(*due),
        SpaceEvent::ReservationNotTakenUp { due, at, .. } => {
            told("released, nobody came in time", at).due(*due)
        }
        // The rest is about no reservation.
        _ => return None,
    };
    Some(telling)
}

fn of_device(id: &str, event: &DeviceEvent) -> Telling {
    match event {
        DeviceEvent::DeviceClaimed { tenant_id, category, definition, at, by } => {
            let what =
                format!("{} {id} claimed for tenant {tenant_id} as {}", word(category), definition.name);
            Telling::new(what, *at).by(*by)
        }
        DeviceEvent::DeviceUpdated { at, by, .. } => {
            Telling::new(format!("device {id} described anew"), *at).by(*by)
        }
        DeviceEvent::DeviceAssigned { space_id, category, reason, at, by } => {
            let what = format!("{} {id} put at space {space_id}", word(category));
            Telling::new(what, *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceReassigned { from, to, category, reason, at, by } => {
            let what = format!("{} {id} moved from space {from} to space {to}", word(category));
            Telling::new(what, *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceUnassigned { space_id, category, reason, at, by } => {
            let what = format!("{} {id} taken from space {space_id}", word(category));
            Telling::new(what, *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceReleased { reason, at, by } => {
            Telling::new(format!("device {id} given up"), *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceRetired { reason, at, by } => {
            Telling::new(format!("device {id} taken out of use"), *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceFellSilent { last_heard_at, due, at } => {
            let what = format!("device {id} silent since {}", time(*last_heard_at));
            Telling::new(what, *at).due(*due)
        }
        DeviceEvent::OrphanDismissed { reason, at, by } => {
            let what = format!("device {id} put out of sight until it is heard again");
            Telling::new(what, *at).by(*by).because(reason.as_ref())
        }
    }
}

fn of_uplink(event: &UplinkEvent) -> Telling {
    let what = match event {
        UplinkEvent::UplinkReceived(uplink) => {
            let frame = uplink.f_cnt.map_or_else(|| "uplink".to_owned(), |f_cnt| format!("uplink {f_cnt}"));
            let (session, port, standing) = (uplink.session, uplink.f_port, word(uplink.standing));
            format!("{frame} of session {session} on port {port}, {standing}")
        }
        UplinkEvent::DeviceJoined(join) => format!("joined: session {} begins", join.session),
        UplinkEvent::DeviceStatusReported { .. } => "battery and margin reported".to_owned(),
        UplinkEvent::DownlinkAcknowledged { .. } => "downlink acknowledged, or not in time".to_owned(),
        UplinkEvent::DownlinkTransmitted { .. } => "downlink taken by a gateway".to_owned(),
        UplinkEvent::NetworkLogged { .. } => "warning of the network server".to_owned(),
        UplinkEvent::DeviceLocated { .. } => "position found by the network server".to_owned(),
    };
    Telling::new(what, event.report().received_at)
}

fn of_display(event: &DisplayEvent) -> Telling {
    match event {
        DisplayEvent::DownlinkRequested { downlink_id, order, at, by, .. } => {
            Telling::new(format!("downlink {downlink_id} asked for"), *at)
                .by(*by)
                .because(Some(&order.reason))
        }
        DisplayEvent::DownlinkSuperseded { downlink_id, at } => {
            Telling::new(format!("downlink {downlink_id} dropped for a newer one"), *at)
        }
        DisplayEvent::DownlinkSent { downlink_id, at, .. } => {
            Telling::new(format!("downlink {downlink_id} sent"), *at)
        }
        DisplayEvent::DownlinkConfirmed { downlink_id, at } => {
            Telling::new(format!("downlink {downlink_id} confirmed"), *at)
        }
        DisplayEvent::DownlinkFailed { downlink_id, attempt, last, reason, at } => {
            let then = if *last { "given up" } else { "to be tried again" };
            let what = format!("downlink {downlink_id} failed at attempt {attempt}, {then}");
            Telling::new(what, *at).because(Some(reason))
        }
    }
}

fn cause(cause: Cause) -> String {
    match cause {
        Cause::Created(by) => format!("{by} made it"),
        Cause::Deleted(by) => format!("{by} deleted it"),
        Cause::Sensor(dev_eui) => format!("sensor {dev_eui} was heard"),
        Cause::Silence(dev_eui) => format!("sensor {dev_eui} was not heard for too long"),
        Cause::Assignment(dev_eui) => format!("sensor {dev_eui} came, went or was enabled"),
        Cause::ByHand(by) => format!("{by} said so"),
        Cause::Override(id) => format!("override {id}"),
        Cause::Reservation(id) => format!("reservation {id}"),
        Cause::Policy => "another policy".to_owned(),
    }
}

fn window_in_words(Window { start, end }: Window) -> String {
    format!("from {} to {}", time(start), time(end))
}

pub(super) fn time(at: Instant) -> String {
    at.utc().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// As the log writes it, with its words apart.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}

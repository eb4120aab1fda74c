//! Describes an event in words: what happened, when, by whom and why. Sealed data stays sealed.

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

/// An event in words.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) what: String,
    pub(super) at: Instant,
    pub(super) by: Option<Actor>,
    pub(super) why: Option<String>,
}

impl Description {
    /// None for events of streams that have no timeline. `id` is the stream's.
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

    /// A timed change; it may be later than its due time.
    fn due(self, due: Instant) -> Self {
        let why = (due != self.at).then(|| format!("due at {}", time(due)));
        Self { by: Some(Actor::System), why, ..self }
    }
}

fn of_space(event: &SpaceEvent) -> Option<Description> {
    let description = match event {
        SpaceEvent::SpaceCreated { site_id, code, at, by, .. } => {
            Description::new(format!("made as {code} on site {site_id}"), *at).by(*by)
        }
        SpaceEvent::SpaceUpdated { at, by, .. } => Description::new("described anew", *at).by(*by),
        SpaceEvent::SpaceCodeChanged { from, to, at, by, .. } => {
            Description::new(format!("called {to} instead of {from}"), *at).by(*by)
        }
        SpaceEvent::SpaceDeleted { reason, at, by, .. } => {
            Description::new("deleted", *at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::StateSetByHand { state, reason, at, by } => {
            Description::new(format!("said to be {}", word(state)), *at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::OverrideSet { override_id, kind, from, until, reason, at, by, .. } => {
            let until =
                until.map_or_else(|| "until it is cleared".to_owned(), |until| format!("to {}", time(until)));
            let what = format!("override {override_id} set: {} from {} {until}", word(kind), time(*from));
            Description::new(what, *at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::OverrideStarted { override_id, due, at } => {
            Description::new(format!("override {override_id} begins"), *at).due(*due)
        }
        SpaceEvent::OverrideEnded { override_id, due, at } => {
            Description::new(format!("override {override_id} is over"), *at).due(*due)
        }
        SpaceEvent::OverrideCleared { override_id, at, by } => {
            Description::new(format!("override {override_id} cleared"), *at).by(*by)
        }
        event => return of_reservation(event),
    };
    Some(description)
}

fn of_reservation(event: &SpaceEvent) -> Option<Description> {
    let id = event.reservation_id()?;
    let reservation = |what: &str, at: &Instant| Description::new(format!("reservation {id} {what}"), *at);
    let description = match event {
        SpaceEvent::ReservationBooked { window, at, by, .. } => {
            reservation(&format!("booked {}", window_in_words(*window)), at).by(*by)
        }
        SpaceEvent::ReservationRescheduled { to, at, by, .. } => {
            reservation(&format!("moved, now {}", window_in_words(*to)), at).by(*by)
        }
        SpaceEvent::ReservationAmended { at, by, .. } => reservation("amended", at).by(*by),
        SpaceEvent::ReservationCancelled { reason, at, by, .. } => {
            let reason = reason.as_ref().map(|_| "for a reason that is sealed".to_owned());
            reservation("cancelled", at).by(*by).because(reason.as_ref())
        }
        SpaceEvent::ReservationApproached { due, at, .. } => reservation("begins soon", at).due(*due),
        SpaceEvent::ReservationStarted { due, at, .. } => reservation("begins", at).due(*due),
        SpaceEvent::ReservationConfirmed { confirmation: Confirmation::CheckIn, at, by, .. } => {
            reservation("checked in", at).by(*by)
        }
        SpaceEvent::ReservationConfirmed { confirmation: Confirmation::Sensor, at, by, .. } => {
            reservation("confirmed: its vehicle was seen", at).by(*by)
        }
        SpaceEvent::ReservationCheckedOut { at, by, .. } => reservation("checked out", at).by(*by),
        SpaceEvent::ReservationCompleted { due, at, .. } => reservation("is over", at).due(*due),
        SpaceEvent::ReservationExpired { due, at, .. } => reservation("is over, nobody came", at).due(*due),
        SpaceEvent::ReservationNotTakenUp { due, at, .. } => {
            reservation("released, nobody came in time", at).due(*due)
        }
        // Other events concern no reservation.
        _ => return None,
    };
    Some(description)
}

fn of_device(id: &str, event: &DeviceEvent) -> Description {
    match event {
        DeviceEvent::DeviceClaimed { tenant_id, category, definition, at, by } => {
            let what =
                format!("{} {id} claimed for tenant {tenant_id} as {}", word(category), definition.name);
            Description::new(what, *at).by(*by)
        }
        DeviceEvent::DeviceUpdated { at, by, .. } => {
            Description::new(format!("device {id} described anew"), *at).by(*by)
        }
        DeviceEvent::DeviceAssigned { space_id, category, reason, at, by } => {
            let what = format!("{} {id} put at space {space_id}", word(category));
            Description::new(what, *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceReassigned { from, to, category, reason, at, by } => {
            let what = format!("{} {id} moved from space {from} to space {to}", word(category));
            Description::new(what, *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceUnassigned { space_id, category, reason, at, by } => {
            let what = format!("{} {id} taken from space {space_id}", word(category));
            Description::new(what, *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceReleased { reason, at, by } => {
            Description::new(format!("device {id} given up"), *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceRetired { reason, at, by } => {
            Description::new(format!("device {id} taken out of use"), *at).by(*by).because(reason.as_ref())
        }
        DeviceEvent::DeviceFellSilent { last_heard_at, due, at } => {
            let what = format!("device {id} silent since {}", time(*last_heard_at));
            Description::new(what, *at).due(*due)
        }
        DeviceEvent::OrphanDismissed { reason, at, by } => {
            let what = format!("device {id} put out of sight until it is heard again");
            Description::new(what, *at).by(*by).because(reason.as_ref())
        }
    }
}

fn of_uplink(event: &UplinkEvent) -> Description {
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
    Description::new(what, event.report().received_at)
}

fn of_display(event: &DisplayEvent) -> Description {
    match event {
        DisplayEvent::DownlinkRequested { downlink_id, order, at, by, .. } => {
            Description::new(format!("downlink {downlink_id} asked for"), *at)
                .by(*by)
                .because(Some(&order.reason))
        }
        DisplayEvent::DownlinkSuperseded { downlink_id, at } => {
            Description::new(format!("downlink {downlink_id} dropped for a newer one"), *at)
        }
        DisplayEvent::DownlinkSent { downlink_id, at, .. } => {
            Description::new(format!("downlink {downlink_id} sent"), *at)
        }
        DisplayEvent::DownlinkConfirmed { downlink_id, at } => {
            Description::new(format!("downlink {downlink_id} confirmed"), *at)
        }
        DisplayEvent::DownlinkFailed { downlink_id, attempt, last, reason, at } => {
            let then = if *last { "given up" } else { "to be tried again" };
            let what = format!("downlink {downlink_id} failed at attempt {attempt}, {then}");
            Description::new(what, *at).because(Some(reason))
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

/// The stored word, with its parts separated by spaces.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.replace('_', " "),
        _ => String::new(),
    }
}

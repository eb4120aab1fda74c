//! Decoding of stored events: the one place that knows every event type ever released.

mod recorded;

use std::sync::LazyLock;

use cqrs_es::{Aggregate, DomainEvent};

use crate::aggregate::Decider;
use crate::device::{Device, DeviceEvent};
use crate::display::{Display, DisplayEvent};
use crate::gateway::{Gateway, GatewayEvent};
use crate::log::{Log, LogEvent};
use crate::site::{Site, SiteEvent};
use crate::space::{Space, SpaceEvent};
use crate::tenant::{Tenant, TenantEvent};
use crate::upcast::Upcasters;
use crate::uplinks::{UplinkEvent, Uplinks};
use crate::user::{User, UserEvent};

pub use recorded::Recorded;

/// An event of any stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Of an `uplinks` stream.
    Uplink(UplinkEvent),
    /// Of a `device` stream.
    Device(DeviceEvent),
    /// Of a `display` stream.
    Display(DisplayEvent),
    /// Of a `space` stream.
    Space(SpaceEvent),
    /// Of a `site` stream.
    Site(SiteEvent),
    /// Of a `gateway` stream.
    Gateway(GatewayEvent),
    /// Of a `tenant` stream.
    Tenant(TenantEvent),
    /// Of a `user` stream.
    User(UserEvent),
    /// Of the `log` stream.
    Log(LogEvent),
}

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer release, or not by this platform.
    #[error("unknown event {event_type} version {event_version}: a newer release may know it")]
    Unknown {
        /// The event type.
        event_type: String,
        /// The event's version.
        event_version: String,
    },
    /// The payload is not what its type and version promise.
    #[error("the payload is not a valid {event_type}: {source}")]
    Payload {
        /// The event type.
        event_type: String,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// The payload contains another type than the row.
    #[error("the row says {event_type}, the payload holds {found}")]
    TypeMismatch {
        /// The event type of the row.
        event_type: String,
        /// The event type of the payload.
        found: String,
    },
}

/// The upcasters from every released form of an event to the current one: none yet.
pub fn upcasters() -> &'static Upcasters {
    static UPCASTERS: LazyLock<Upcasters> = LazyLock::new(Upcasters::default);
    &UPCASTERS
}

/// Decodes a stored payload in any released form.
pub fn decode(
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<Event, DecodeError> {
    match aggregate_type {
        Uplinks::TYPE => read::<Uplinks>(upcasters(), event_type, event_version, payload).map(Event::Uplink),
        Device::TYPE => read::<Device>(upcasters(), event_type, event_version, payload).map(Event::Device),
        Display::TYPE => read::<Display>(upcasters(), event_type, event_version, payload).map(Event::Display),
        Site::TYPE => read::<Site>(upcasters(), event_type, event_version, payload).map(Event::Site),
        Gateway::TYPE => read::<Gateway>(upcasters(), event_type, event_version, payload).map(Event::Gateway),
        Tenant::TYPE => read::<Tenant>(upcasters(), event_type, event_version, payload).map(Event::Tenant),
        User::TYPE => read::<User>(upcasters(), event_type, event_version, payload).map(Event::User),
        Space::TYPE => read::<Space>(upcasters(), event_type, event_version, payload).map(Event::Space),
        Log::TYPE => read::<Log>(upcasters(), event_type, event_version, payload).map(Event::Log),
        _ => Err(unknown(event_type, event_version)),
    }
}

/// Decodes a stored payload as an event of an aggregate. The current form is parsed directly; older forms are upcast
/// first.
pub fn read<A: Decider>(
    upcasters: &Upcasters,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<A::Event, DecodeError> {
    read_as::<A>(upcasters, event_type, event_version, payload, |payload| serde_json::from_str(payload))
}

/// As [`read`], for a fold only: fields that `evolve` does not use may be missing.
pub fn read_bare<A: Decider>(
    upcasters: &Upcasters,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<A::Event, DecodeError> {
    read_as::<A>(upcasters, event_type, event_version, payload, A::read_bare)
}

fn read_as<A: Decider>(
    upcasters: &Upcasters,
    event_type: &str,
    event_version: &str,
    payload: &str,
    parse: impl FnOnce(&str) -> serde_json::Result<A::Event>,
) -> Result<A::Event, DecodeError> {
    if !upcasters.applies_to(event_type, event_version) {
        return parse_current::<A>(event_type, event_version, || parse(payload));
    }
    let upcast =
        serde_json::from_str(payload).map(|value| upcasters.upcast(event_type, event_version, value));
    let upcast =
        upcast.map_err(|source| DecodeError::Payload { event_type: event_type.to_owned(), source })?;
    parse_current::<A>(&upcast.event_type, &upcast.event_version, || {
        serde_json::from_value(upcast.payload.clone())
    })
}

/// Parses an event of the current form. A newer form is refused without parsing: it may parse and mean something else.
fn parse_current<A: Decider>(
    event_type: &str,
    event_version: &str,
    parse: impl FnOnce() -> Result<A::Event, serde_json::Error>,
) -> Result<A::Event, DecodeError> {
    if !A::EVENTS.contains(&(event_type, event_version)) {
        return Err(unknown(event_type, event_version));
    }
    let event =
        parse().map_err(|source| DecodeError::Payload { event_type: event_type.to_owned(), source })?;
    if event.event_type() != event_type {
        return Err(DecodeError::TypeMismatch {
            event_type: event_type.to_owned(),
            found: event.event_type(),
        });
    }
    Ok(event)
}

fn unknown(event_type: &str, event_version: &str) -> DecodeError {
    DecodeError::Unknown { event_type: event_type.to_owned(), event_version: event_version.to_owned() }
}

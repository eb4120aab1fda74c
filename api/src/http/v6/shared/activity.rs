//! The view of an activity.

use chrono::{DateTime, Utc};
use parking_domain::actor::Actor;
use parking_domain::device::device_id;
use parking_projections::engine::seek::RowPosition;
use parking_projections::registry::activity::read::Listed;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;
use crate::http::kit::seek::InLogOrder;

/// An activity entry: one event of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityView {
    /// The position of the event.
    position: i64,
    timestamp: DateTime<Utc>,
    /// The actor: `user/…`, `api_key/…`, `sensor/…` or `system`. On the dashboard, where people read it: the guest of a
    /// reservation, or the actor in words.
    user: String,
    /// The actor: `user/…`, `api_key/…`, `sensor/…` or `system`.
    #[schema(value_type = String)]
    actor: Actor,
    /// The resource type: `reservation`, `space`, `device`, `site`, ….
    r#type: String,
    /// The event type.
    kind: String,
    /// The event type in words: `confirmed`, `cancelled`, `device assigned`, ….
    status: String,
    /// The code of the space concerned. On the dashboard, if it concerns none: the name or the EUI of the device or the site.
    space: Option<String>,
    /// The resource: an id or an EUI.
    stream_id: String,
    site_id: Option<Uuid>,
    space_id: Option<Uuid>,
    device_id: Option<Uuid>,
    dev_eui: Option<String>,
    /// Further details in a few fields.
    #[schema(value_type = Object)]
    summary: Value,
}

impl Item for ActivityView {
    const PLURAL: &'static str = "activity";
}

impl InLogOrder for ActivityView {
    fn row_position(&self) -> RowPosition {
        RowPosition { position: self.position, ordinal: 0 }
    }
}

impl ActivityView {
    pub(crate) fn of(row: Listed) -> Self {
        let Listed { activity, space_code } = row;
        let of_reservation = activity.kind.starts_with("Reservation");
        Self {
            position: activity.position,
            timestamp: activity.at.utc(),
            user: activity.actor.to_string(),
            actor: activity.actor,
            r#type: if of_reservation { "reservation".to_owned() } else { activity.stream_type },
            status: status(&activity.kind),
            kind: activity.kind,
            space: space_code,
            stream_id: activity.stream_id,
            site_id: activity.site_id,
            space_id: activity.space_id,
            device_id: activity.dev_eui.map(device_id),
            dev_eui: activity.dev_eui.map(|dev_eui| format!("{dev_eui:X}")),
            summary: activity.summary,
        }
    }
}

impl ActivityView {
    /// The reservation concerned.
    pub(crate) fn reservation_id(&self) -> Option<Uuid> {
        self.summary.get("reservation_id")?.as_str()?.parse().ok()
    }

    /// The same entry for people.
    pub(crate) fn for_people(self, guest: Option<&str>) -> Self {
        let actor = match self.actor {
            Actor::User(_) => "Operator".to_owned(),
            Actor::ApiKey(_) => "API key".to_owned(),
            Actor::Sensor(dev_eui) => format!("Sensor {dev_eui:X}"),
            Actor::System => "System".to_owned(),
        };
        let name = || self.summary.get("name")?.as_str().map(ToOwned::to_owned);
        let subject = || name().or_else(|| self.dev_eui.clone()).unwrap_or_else(|| self.stream_id.clone());
        let space = Some(self.space.clone().unwrap_or_else(subject));
        Self { user: guest.map_or(actor, ToOwned::to_owned), space, ..self }
    }
}

/// The event type in words. V6's front end colours `confirmed` and `cancelled`.
fn status(kind: &str) -> String {
    match kind.strip_prefix("Reservation") {
        Some("Booked") => "confirmed".to_owned(),
        Some(rest) => words(rest),
        None => words(kind),
    }
}

fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_types_are_written_in_words() {
        for (kind, expected) in [
            ("ReservationBooked", "confirmed"),
            ("ReservationCancelled", "cancelled"),
            ("ReservationNotTakenUp", "not taken up"),
            ("DeviceAssigned", "device assigned"),
        ] {
            assert_eq!(status(kind), expected);
        }
    }
}

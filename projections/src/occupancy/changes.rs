//! Read model `changes`: what changed at spaces, reservations and devices, in the order of the log.
//!
//! Live readers and followers read only this. Its rows are kept for some days; a batch that adds rows notifies once.

pub mod read;

use parking_domain::device::DeviceEvent;
use parking_domain::downlink::Light;
use parking_domain::instant::Instant;
use parking_domain::occupancy::confirm::Arrival;
use parking_domain::occupancy::{Change, Reason, Sign, SpaceState};
use parking_domain::stored::Event;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::{Decoded, Tables};
use crate::engine::retention;
use crate::engine::rows::insert;
use crate::occupancy::placement::SpacePlacement;

pub(super) const TABLES: Tables =
    Tables { names: &["changes"], internal: &[], schema: include_str!("changes.sql") };

/// The channel that a batch with new rows notifies.
pub const CHANNEL: &str = "changes_recorded";

/// What a change concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A space: its shown state, or its definition and overrides.
    Space,
    /// A reservation.
    Reservation,
    /// A device of the tenant.
    Device,
    /// A vehicle at a reserved space, whose reservation has not recorded it yet.
    Arrival,
}

/// What a space shows from a change on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewState {
    /// When, as effective time.
    pub at: Instant,
    /// The state before; none at the space's creation.
    pub from: Option<SpaceState>,
    /// The state; none, like the fields below, at the space's deletion.
    pub to: Option<SpaceState>,
    /// The reason.
    pub reason: Option<Reason>,
    /// The meaning of the display.
    pub sign: Option<Sign>,
    /// What the display shows.
    pub light: Option<Light>,
}

/// A row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The event that caused it.
    pub position: i64,
    /// Its number among the changes of that event, from 0.
    pub ordinal: i64,
    /// The owner.
    pub tenant_id: Uuid,
    /// The site of the space.
    pub site_id: Option<Uuid>,
    /// The space; none for a device that is assigned to none.
    pub space_id: Option<Uuid>,
    /// What it concerns.
    pub kind: ChangeKind,
    /// The id of the space, the reservation or the device.
    pub subject: String,
    /// The type of the event that caused it.
    pub event_type: String,
    /// What the space shows from now on; none if that did not change.
    pub state: Option<NewState>,
    /// When the event was recorded.
    pub recorded_at: Instant,
}

/// Collects the rows of a batch.
#[derive(Default)]
pub(super) struct Changes {
    /// Events recorded before this time get no rows: they would be deleted. Read once.
    horizon: Option<Instant>,
    entries: Vec<Entry>,
}

impl Changes {
    /// Reads the horizon. Call it first.
    pub(super) async fn load(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.horizon.is_none() {
            let horizon = retention::horizon(connection, "changes").await?;
            self.horizon = Some(horizon.unwrap_or(Instant::MIN));
        }
        Ok(())
    }

    /// Adds what an event itself changed, at the space or for the device that it concerns.
    pub(super) fn take_event(&mut self, decoded: &Decoded<'_>, placement: Option<SpacePlacement>) {
        let stream = || decoded.recorded.aggregate_id.clone();
        let (kind, subject) = match decoded.event {
            Event::Space(event) => match event.reservation_id() {
                Some(reservation_id) => (ChangeKind::Reservation, reservation_id.to_string()),
                None => (ChangeKind::Space, stream()),
            },
            Event::Device(DeviceEvent::OrphanDismissed { .. }) => return,
            Event::Device(_) => (ChangeKind::Device, stream()),
            _ => return,
        };
        self.push(decoded, placement, kind, subject, None);
    }

    /// Adds a change of what a space shows.
    pub(super) fn take_change(&mut self, decoded: &Decoded<'_>, change: &Change, placement: SpacePlacement) {
        let state = NewState {
            at: change.at,
            from: change.from.map(|shown| shown.state),
            to: change.to.map(|shown| shown.state),
            reason: change.to.map(|shown| shown.reason),
            sign: change.to.map(|shown| shown.display.state),
            light: change.to.map(|shown| shown.display.light),
        };
        let subject = change.space_id.to_string();
        self.push(decoded, Some(placement), ChangeKind::Space, subject, Some(state));
    }

    /// Adds an arrival that became pending.
    pub(super) fn take_arrival(
        &mut self,
        decoded: &Decoded<'_>,
        arrival: &Arrival,
        placement: SpacePlacement,
    ) {
        let subject = arrival.reservation_id.to_string();
        self.push(decoded, Some(placement), ChangeKind::Arrival, subject, None);
    }

    fn push(
        &mut self,
        decoded: &Decoded<'_>,
        placement: Option<SpacePlacement>,
        kind: ChangeKind,
        subject: String,
        state: Option<NewState>,
    ) {
        let recorded = decoded.recorded;
        // A device's new owner does not own the space where the former owner had it.
        let placement = placement
            .filter(|placement| recorded.tenant_id.is_none_or(|tenant_id| tenant_id == placement.tenant_id));
        let tenant_id = recorded.tenant_id.or(placement.map(|placement| placement.tenant_id));
        let (Some(tenant_id), false) = (tenant_id, Some(recorded.recorded_at) < self.horizon) else { return };
        let ordinal = match self.entries.last() {
            Some(last) if last.position == recorded.position => last.ordinal + 1,
            _ => 0,
        };
        self.entries.push(Entry {
            position: recorded.position,
            ordinal,
            tenant_id,
            site_id: placement.map(|placement| placement.site_id),
            space_id: placement.map(|placement| placement.space_id),
            kind,
            subject,
            event_type: recorded.event_type.clone(),
            state,
            recorded_at: recorded.recorded_at,
        });
    }

    /// Writes the rows. Those of the live table are announced when the transaction commits.
    pub(super) async fn save(&mut self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let entries = std::mem::take(&mut self.entries);
        let Some(last) = entries.last() else { return Ok(()) };
        insert(connection, "changes", &entries).await?;
        sqlx::query("select pg_notify($1, $2) where current_schema() = 'projections'")
            .bind(CHANNEL)
            .bind(last.position.to_string())
            .execute(connection)
            .await
            .map(drop)
    }
}

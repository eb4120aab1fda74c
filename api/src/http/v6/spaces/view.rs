//! A space as V6's clients read it: every name that any of them has for a field.

use chrono::{DateTime, Utc};
use parking_domain::device::{Status, device_id};
use parking_domain::document::Document;
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::occupancy::{Cause, Reason, Sign, SpaceState};
use parking_domain::sensors::Occupancy;
use parking_domain::space::SpaceEvent;
use parking_projections::space_history::Moment;
use parking_projections::spaces::read::{Listed, Standing};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;
use crate::http::v6::shared::counts::CountsView;

/// A space: what it is, and what is shown of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpaceView {
    id: Uuid,
    tenant_id: Uuid,
    site_id: Uuid,
    site_name: Option<String>,
    code: String,
    /// The code.
    space_number: String,
    name: String,
    display_name: String,
    /// `free`, `occupied`, `reserved`, `maintenance` or `unknown`.
    #[schema(value_type = String)]
    current_state: SpaceState,
    /// The current state.
    #[schema(value_type = String)]
    status: SpaceState,
    state_changed_at: DateTime<Utc>,
    /// When the state changed.
    last_state_change: DateTime<Utc>,
    /// Why the state is what it is.
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    /// What its display stands for.
    #[schema(value_type = Option<String>)]
    display_state: Option<Sign>,
    enabled: bool,
    auto_release_minutes: Option<u16>,
    building: Option<String>,
    floor: Option<String>,
    zone: Option<String>,
    gps_latitude: Option<f64>,
    gps_longitude: Option<f64>,
    /// The EUI of the sensor that stands there.
    sensor_eui: Option<String>,
    sensor_device_id: Option<Uuid>,
    /// What the sensor last said: `occupied`, `vacant` or `unknown`.
    #[schema(value_type = Option<String>)]
    sensor_state: Option<Occupancy>,
    /// The EUI of the display that stands there.
    display_eui: Option<String>,
    display_device_id: Option<Uuid>,
    #[serde(flatten)]
    #[schema(value_type = DevicesThere)]
    devices: Option<DevicesThere>,
    #[schema(value_type = Object)]
    config: Document,
    #[schema(value_type = Object)]
    metadata: Document,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// Of a look back: the position of the change that made the state what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of_position: Option<i64>,
}

/// The devices that stand at a space, where they were asked for.
#[derive(Debug, Serialize, ToSchema)]
struct DevicesThere {
    sensor_device: Option<DeviceThere>,
    display_device: Option<DeviceThere>,
}

/// A device that stands at a space.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceThere {
    id: Uuid,
    dev_eui: String,
    name: String,
    #[schema(value_type = String)]
    status: Status,
}

impl Item for SpaceView {
    const PLURAL: &'static str = "spaces";
}

impl SpaceView {
    /// A space now.
    pub(crate) fn of(row: &Listed) -> Self {
        let (space, is) = (row.space.clone(), row.space.definition.clone());
        let shown = row.occupancy.as_ref();
        let state = shown.map_or(SpaceState::Unknown, |shown| shown.state);
        let since = shown.map_or(space.created_at, |shown| shown.since);
        let (sensor, display) = (row.sensor.as_ref(), row.display.as_ref());
        let eui = |device: &Standing| format!("{:X}", device.dev_eui);
        Self {
            id: space.space_id,
            tenant_id: space.tenant_id,
            site_id: space.site_id,
            site_name: row.site_name.clone(),
            space_number: space.code.clone(),
            code: space.code,
            name: is.name,
            display_name: is.display_name,
            current_state: state,
            status: state,
            state_changed_at: since.utc(),
            last_state_change: since.utc(),
            reason: shown.map(|shown| shown.reason),
            display_state: shown.map(|shown| shown.sign),
            enabled: is.enabled,
            auto_release_minutes: is.auto_release_minutes,
            building: is.building,
            floor: is.floor,
            zone: is.zone,
            gps_latitude: is.position.map(|place| place.latitude),
            gps_longitude: is.position.map(|place| place.longitude),
            sensor_eui: sensor.map(eui),
            sensor_device_id: sensor.map(|sensor| device_id(sensor.dev_eui)),
            sensor_state: sensor.map(|sensor| sensor.occupancy),
            display_eui: display.map(eui),
            display_device_id: display.map(|display| device_id(display.dev_eui)),
            devices: None,
            config: is.config,
            metadata: is.metadata,
            created_at: space.created_at.utc(),
            updated_at: space.updated_at.utc(),
            as_of_position: None,
        }
    }

    /// A space now, with what stands there.
    pub(crate) fn with_devices(row: &Listed) -> Self {
        let there = |device: &Standing| DeviceThere {
            id: device_id(device.dev_eui),
            dev_eui: format!("{:X}", device.dev_eui),
            name: device.name.clone(),
            status: device.status,
        };
        let (sensor_device, display_device) =
            (row.sensor.as_ref().map(there), row.display.as_ref().map(there));
        Self { devices: Some(DevicesThere { sensor_device, display_device }), ..Self::of(row) }
    }

    /// Today's definition with the state of then.
    pub(crate) fn looked_back(self, moment: &Moment) -> Self {
        let state = moment.state.unwrap_or(SpaceState::Unknown);
        Self {
            current_state: state,
            status: state,
            state_changed_at: moment.at.utc(),
            last_state_change: moment.at.utc(),
            reason: moment.reason,
            display_state: moment.sign,
            as_of_position: Some(moment.position),
            ..self
        }
    }
}

/// A change of a space's past.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MomentView {
    /// When it happened.
    timestamp: DateTime<Utc>,
    /// When the platform recorded it.
    recorded_at: DateTime<Utc>,
    #[schema(value_type = Option<String>)]
    previous_state: Option<SpaceState>,
    /// The state from then on; none once the space is deleted.
    #[schema(value_type = Option<String>)]
    new_state: Option<SpaceState>,
    #[schema(value_type = Option<String>)]
    reason: Option<Reason>,
    /// Which of the seven levels decided, 1 the strongest.
    level: Option<i16>,
    #[schema(value_type = Option<String>)]
    display_state: Option<Sign>,
    /// In a word, who caused it: `sensor`, `reservation`, `manual`, `system`.
    source: &'static str,
    /// What caused it.
    #[schema(value_type = Object)]
    cause: Cause,
    /// The event that caused it.
    position: i64,
    /// The change's number among those of that event.
    ordinal: i64,
}

impl Item for MomentView {
    const PLURAL: &'static str = "history";
}

impl MomentView {
    pub(crate) fn of(moment: &Moment) -> Self {
        Self {
            timestamp: moment.at.utc(),
            recorded_at: moment.recorded_at.utc(),
            previous_state: moment.previous_state,
            new_state: moment.state,
            reason: moment.reason,
            level: moment.level,
            display_state: moment.sign,
            source: moment.cause.source(),
            cause: moment.cause,
            position: moment.position,
            ordinal: moment.ordinal,
        }
    }
}

/// A space that is no more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpaceEnded {
    success: bool,
    space_id: Uuid,
    space_code: Option<String>,
    message: &'static str,
}

impl SpaceEnded {
    pub(crate) fn of(space_id: SpaceId, events: &[SpaceEvent]) -> Self {
        let space_code = events.iter().find_map(|event| match event {
            SpaceEvent::SpaceDeleted { code, .. } => Some(code.clone()),
            _ => None,
        });
        Self { success: true, space_id: space_id.uuid(), space_code, message: "the space is deleted" }
    }
}

/// What came of saying what a space's state is: something stronger may decide.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateSet {
    space_id: Uuid,
    #[schema(value_type = Option<String>)]
    previous_state: Option<SpaceState>,
    #[schema(value_type = Option<String>)]
    current_state: Option<SpaceState>,
    changed: bool,
    source: &'static str,
    message: &'static str,
}

impl StateSet {
    pub(crate) fn of(space_id: SpaceId, previous: Option<SpaceState>, current: Option<SpaceState>) -> Self {
        let changed = previous != current;
        let message = if changed { "the state has changed" } else { "the state is as it was" };
        Self {
            space_id: space_id.uuid(),
            previous_state: previous,
            current_state: current,
            changed,
            source: "manual",
            message,
        }
    }
}

/// How the spaces of a site, or all of them, are filled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatsView {
    pub(crate) site_id: Option<Uuid>,
    #[schema(value_type = Uuid)]
    pub(crate) tenant_id: TenantId,
    #[serde(flatten)]
    pub(crate) counts: CountsView,
}

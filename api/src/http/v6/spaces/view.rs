//! The views of spaces, with the field names of all of V6's clients.

use chrono::{DateTime, Utc};
use parking_domain::device::{Status, device_id};
use parking_domain::document::Document;
use parking_domain::id::{SpaceId, TenantId};
use parking_domain::occupancy::{Cause, ChangeSource, Reason, Sign, SpaceState};
use parking_domain::sensors::Occupancy;
use parking_domain::space::SpaceEvent;
use parking_projections::engine::seek::RowPosition;
use parking_projections::occupancy::space_history::Moment;
use parking_projections::occupancy::space_occupancy::SpaceOccupancy;
use parking_projections::past::space::PastSpace;
use parking_projections::registry::spaces::Space;
use parking_projections::registry::spaces::read as spaces;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;
use crate::http::kit::seek::InLogOrder;
use crate::http::v6::shared::counts::CountsView;
use crate::http::v6::shared::last_event::LastEventView;
use crate::http::v6::shared::words;

/// A space with its occupancy and its devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SpaceView {
    id: Uuid,
    tenant_id: Uuid,
    site_id: Uuid,
    site_name: Option<String>,
    code: String,
    /// Same as `code`.
    space_number: String,
    name: String,
    display_name: String,
    #[schema(value_type = words::SpaceState)]
    current_state: SpaceState,
    /// Same as `current_state`.
    #[schema(value_type = words::SpaceState)]
    status: SpaceState,
    state_changed_at: DateTime<Utc>,
    /// Same as `state_changed_at`.
    last_state_change: DateTime<Utc>,
    #[schema(value_type = Option<words::StateReason>)]
    reason: Option<Reason>,
    /// The state that the display shows.
    #[schema(value_type = Option<words::Sign>)]
    display_state: Option<Sign>,
    enabled: bool,
    auto_release_minutes: Option<u16>,
    building: Option<String>,
    floor: Option<String>,
    zone: Option<String>,
    gps_latitude: Option<f64>,
    gps_longitude: Option<f64>,
    /// The EUI of the assigned sensor.
    sensor_eui: Option<String>,
    sensor_device_id: Option<Uuid>,
    /// The sensor's last reading.
    #[schema(value_type = Option<words::Occupancy>)]
    sensor_state: Option<Occupancy>,
    /// The EUI of the assigned display.
    display_eui: Option<String>,
    display_device_id: Option<Uuid>,
    #[serde(flatten)]
    #[schema(value_type = AssignedDevices)]
    devices: Option<AssignedDevices>,
    #[schema(value_type = Object)]
    config: Document,
    #[schema(value_type = Object)]
    metadata: Document,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(flatten)]
    #[schema(value_type = LastEventView)]
    last: Option<LastEventView>,
}

/// The devices assigned to a space, only on request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DevicesThere)]
struct AssignedDevices {
    sensor_device: Option<AssignedDevice>,
    display_device: Option<AssignedDevice>,
}

/// A device assigned to a space.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeviceThere)]
struct AssignedDevice {
    id: Uuid,
    dev_eui: String,
    name: String,
    #[schema(value_type = words::DeviceStatus)]
    status: Status,
}

impl Item for SpaceView {
    const PLURAL: &'static str = "spaces";
}

impl SpaceView {
    /// The view of a space with its current state.
    pub(crate) fn of(row: spaces::Listed) -> Self {
        let spaces::Listed { space, site_name, occupancy, sensor, display, .. } = row;
        Self::new(space, site_name, occupancy.as_ref(), (sensor.as_ref(), display.as_ref()))
    }

    /// The view of a space as it was.
    pub(crate) fn of_past(past: PastSpace) -> Self {
        let PastSpace { last, space, site_name, occupancy, sensor, display } = past;
        let devices = (sensor.as_ref(), display.as_ref());
        Self { last: Some(last.into()), ..Self::new(space, site_name, occupancy.as_ref(), devices) }
    }

    fn new(
        space: Space,
        site_name: Option<String>,
        shown: Option<&SpaceOccupancy>,
        (sensor, display): (Option<&spaces::Standing>, Option<&spaces::Standing>),
    ) -> Self {
        let definition = space.definition;
        let state = shown.map_or(SpaceState::Unknown, |shown| shown.state);
        let since = shown.map_or(space.created_at, |shown| shown.since);
        let eui = |device: &spaces::Standing| format!("{:X}", device.dev_eui);
        Self {
            id: space.space_id,
            tenant_id: space.tenant_id,
            site_id: space.site_id,
            site_name,
            space_number: space.code.clone(),
            code: space.code,
            name: definition.name,
            display_name: definition.display_name,
            current_state: state,
            status: state,
            state_changed_at: since.utc(),
            last_state_change: since.utc(),
            reason: shown.map(|shown| shown.reason),
            display_state: shown.map(|shown| shown.sign),
            enabled: definition.enabled,
            auto_release_minutes: definition.auto_release_minutes,
            building: definition.building,
            floor: definition.floor,
            zone: definition.zone,
            gps_latitude: definition.position.map(|position| position.latitude),
            gps_longitude: definition.position.map(|position| position.longitude),
            sensor_eui: sensor.map(eui),
            sensor_device_id: sensor.map(|sensor| device_id(sensor.dev_eui)),
            sensor_state: sensor.map(|sensor| sensor.occupancy),
            display_eui: display.map(eui),
            display_device_id: display.map(|display| device_id(display.dev_eui)),
            devices: None,
            config: definition.config,
            metadata: definition.metadata,
            created_at: space.created_at.utc(),
            updated_at: space.updated_at.utc(),
            last: None,
        }
    }

    /// The view of a space with its current state and its devices.
    pub(crate) fn with_devices(mut row: spaces::Listed) -> Self {
        // The rest of the view does not contain the names.
        let assigned = |device: &mut spaces::Standing| AssignedDevice {
            id: device_id(device.dev_eui),
            dev_eui: format!("{:X}", device.dev_eui),
            name: std::mem::take(&mut device.name),
            status: device.status,
        };
        let (sensor_device, display_device) =
            (row.sensor.as_mut().map(assigned), row.display.as_mut().map(assigned));
        Self { devices: Some(AssignedDevices { sensor_device, display_device }), ..Self::of(row) }
    }
}

/// A change of a space's state or display.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MomentView {
    /// When the change happened.
    timestamp: DateTime<Utc>,
    /// When the platform recorded the change.
    recorded_at: DateTime<Utc>,
    #[schema(value_type = Option<words::SpaceState>)]
    previous_state: Option<SpaceState>,
    /// The state after the change; null once the space is deleted.
    #[schema(value_type = Option<words::SpaceState>)]
    new_state: Option<SpaceState>,
    #[schema(value_type = Option<words::StateReason>)]
    reason: Option<Reason>,
    /// The level that decided, from 1 (strongest) to 7.
    level: Option<i16>,
    #[schema(value_type = Option<words::Sign>)]
    display_state: Option<Sign>,
    #[schema(value_type = words::ChangeSource)]
    source: ChangeSource,
    /// The cause in detail.
    #[schema(value_type = Object)]
    cause: Cause,
    /// The id of the request that appended the causing event: its `X-Request-Id`.
    request_id: Option<String>,
    /// The position of the causing event.
    position: i64,
    /// The number of the change among all changes by the same event.
    ordinal: i64,
}

impl Item for MomentView {
    const PLURAL: &'static str = "history";
}

impl InLogOrder for MomentView {
    fn row_position(&self) -> RowPosition {
        RowPosition { position: self.position, ordinal: self.ordinal }
    }
}

impl MomentView {
    pub(crate) fn of(moment: &Moment, request_id: Option<String>) -> Self {
        Self {
            request_id,
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

/// A deleted space.
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

/// The result of setting a space's state by hand. A stronger level, such as an override, may still decide the state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateSet {
    space_id: Uuid,
    #[schema(value_type = Option<words::SpaceState>)]
    previous_state: Option<SpaceState>,
    #[schema(value_type = Option<words::SpaceState>)]
    current_state: Option<SpaceState>,
    changed: bool,
    #[schema(value_type = words::ChangeSource)]
    source: ChangeSource,
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
            source: ChangeSource::Manual,
            message,
        }
    }
}

/// The occupancy of a site's spaces, or of all spaces of the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatsView {
    pub(crate) site_id: Option<Uuid>,
    #[schema(value_type = Uuid)]
    pub(crate) tenant_id: TenantId,
    #[serde(flatten)]
    pub(crate) counts: CountsView,
}

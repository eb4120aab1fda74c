//! A space as V6's clients read it: every name that any of them has for a field.

use parking_projections::space_history::Moment;
use parking_projections::spaces::read::Listed;
use serde_json::{Value, json};

/// A space now.
pub(crate) fn view(row: &Listed) -> Value {
    let (space, is) = (&row.space, &row.space.definition);
    let state = row.occupancy.as_ref().map_or(json!("unknown"), |occupancy| json!(occupancy.state));
    let since = row.occupancy.as_ref().map_or(space.created_at, |occupancy| occupancy.since);
    let upper = |eui: &Option<String>| eui.as_ref().map(|eui| eui.to_uppercase());
    json!({
        "id": space.space_id, "tenant_id": space.tenant_id, "site_id": space.site_id, "site_name": row.site_name,
        "code": space.code, "space_number": space.code, "name": is.name, "display_name": is.display_name,
        "current_state": state, "status": state, "state_changed_at": since, "last_state_change": since,
        "reason": row.occupancy.as_ref().map(|occupancy| occupancy.reason),
        "sensor_state": null,
        "display_state": row.occupancy.as_ref().map(|occupancy| occupancy.sign),
        "enabled": is.enabled, "auto_release_minutes": is.auto_release_minutes,
        "building": is.building, "floor": is.floor, "zone": is.zone,
        "gps_latitude": is.position.map(|place| place.latitude),
        "gps_longitude": is.position.map(|place| place.longitude),
        "sensor_eui": upper(&row.sensor_eui), "display_eui": upper(&row.display_eui),
        "config": is.config, "metadata": is.metadata,
        "created_at": space.created_at, "updated_at": space.updated_at,
    })
}

/// A space as it was: today's definition with the state of then.
pub(crate) fn view_as_of(row: &Listed, moment: &Moment) -> Value {
    let mut view = view(row);
    view["current_state"] = json!(moment.state);
    view["status"] = json!(moment.state);
    view["state_changed_at"] = json!(moment.at);
    view["last_state_change"] = json!(moment.at);
    view["reason"] = json!(moment.reason);
    view["display_state"] = json!(moment.sign);
    view["as_of_position"] = json!(moment.position);
    view
}

/// A change of a space's past.
pub(crate) fn moment(moment: &Moment) -> Value {
    json!({
        "timestamp": moment.at, "recorded_at": moment.recorded_at,
        "previous_state": moment.previous_state, "new_state": moment.state,
        "reason": moment.reason, "level": moment.level, "display_state": moment.sign,
        "source": moment.cause.source(), "cause": moment.cause,
        "position": moment.position, "ordinal": moment.ordinal,
    })
}

//! The downlink that makes a space's display show a light.

use super::event::Order;
use crate::downlink::{DisplayType, Downlink, Light, Unshowable};
use crate::id::SpaceId;

/// The priority of space-state downlinks: below manual requests, above requests that can wait.
pub const SHOWING_PRIORITY: u8 = 3;

/// The order that makes a display of this type show the space's light.
pub fn order_to_show(
    display_type: &DisplayType,
    space_id: SpaceId,
    light: Light,
) -> Result<Order, Unshowable> {
    let Downlink { f_port, confirmed, data } = display_type.downlink(light)?;
    Ok(Order {
        space_id: Some(space_id),
        light: Some(light),
        f_port,
        confirmed,
        data,
        priority: SHOWING_PRIORITY,
        reason: "space_state".to_owned(),
    })
}

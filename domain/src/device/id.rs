//! A device's UUID, which contains the `dev_eui`. Layout: UUID version 8 (RFC 9562, section 5.8), the EUI's digits
//! first, then a mark for devices.

use uuid::Uuid;

use crate::eui_uuid::{EuiOf, decode, encode};
use crate::lorawan::DevEui;

/// The UUID of the device: `58a0cb0000100001` is `58a0cb00-0010-8000-8101-4555492d3634`.
pub fn device_id(dev_eui: DevEui) -> Uuid {
    encode(EuiOf::Device, dev_eui.into())
}

/// The device of a UUID; `None` for a UUID that [`device_id`] did not make.
pub fn dev_eui_of(id: Uuid) -> Option<DevEui> {
    decode(EuiOf::Device, id).map(DevEui::from)
}

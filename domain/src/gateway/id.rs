//! A gateway's UUID. It contains the EUI as a device's UUID does, with a different mark so that the two cannot be
//! confused.

use uuid::Uuid;

use crate::eui_uuid::{EuiOf, decode, encode};
use crate::lorawan::GatewayEui;

/// The UUID of the gateway: `0016c001f1500001` is `0016c001-f150-8000-8102-4555492d3634`.
pub fn gateway_id(eui: GatewayEui) -> Uuid {
    encode(EuiOf::Gateway, eui.into())
}

/// The gateway of a UUID; `None` for a UUID that [`gateway_id`] did not make.
pub fn gateway_eui_of(id: Uuid) -> Option<GatewayEui> {
    decode(EuiOf::Gateway, id).map(GatewayEui::from)
}

//! A gateway's UUID: it contains the EUI, as a device's does, with a mark of its own so that the two never mix.

use uuid::Uuid;

use crate::eui_uuid::{EuiOf, decode, encode};
use crate::lorawan::GatewayEui;

/// The UUID of the gateway: `0016c001f1500001` is `0016c001-f150-8000-8102-4555492d3634`.
pub fn gateway_id(eui: GatewayEui) -> Uuid {
    encode(EuiOf::Gateway, eui.into())
}

/// The gateway of a UUID; none for one that [`gateway_id`] did not make.
pub fn gateway_eui_of(id: Uuid) -> Option<GatewayEui> {
    decode(EuiOf::Gateway, id).map(GatewayEui::from)
}

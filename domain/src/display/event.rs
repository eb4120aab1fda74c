//! Events of a display's downlinks, version 1.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::aggregate::events;
use crate::downlink::Light;
use crate::id::{DownlinkId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::payload::Payload;

/// An event of a `display` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum DisplayEvent {
    /// A downlink is requested. An earlier request that is not sent yet is superseded.
    DownlinkRequested {
        downlink_id: DownlinkId,
        tenant_id: TenantId,
        order: Box<Order>,
        at: Instant,
        by: Actor,
    },
    /// The request is not sent, because a newer one was made.
    DownlinkSuperseded { downlink_id: DownlinkId, at: Instant },
    /// The network server queued it.
    DownlinkSent { downlink_id: DownlinkId, queue_item_id: String, at: Instant },
    /// The device acknowledged it, or a gateway sent it if no acknowledgement is requested.
    DownlinkConfirmed { downlink_id: DownlinkId, at: Instant },
    /// An attempt failed. It is tried again unless `last` is set.
    DownlinkFailed { downlink_id: DownlinkId, attempt: u8, last: bool, reason: String, at: Instant },
}

events!(DisplayEvent {
    DownlinkRequested: "1",
    DownlinkSuperseded: "1",
    DownlinkSent: "1",
    DownlinkConfirmed: "1",
    DownlinkFailed: "1",
});

/// A downlink to send, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The space whose state it shows, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space_id: Option<SpaceId>,
    /// The light, if it shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub light: Option<Light>,
    /// The port.
    pub f_port: u8,
    /// Whether the device acknowledges.
    pub confirmed: bool,
    /// The bytes.
    pub data: Payload,
    /// 1, the most urgent, to 10.
    pub priority: u8,
    /// A short reason.
    pub reason: String,
}

//! What a display was told, and what came back, version 1.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::aggregate::events;
use crate::downlink::Light;
use crate::id::{DownlinkId, SpaceId, TenantId};
use crate::instant::Instant;
use crate::payload::Payload;

/// An event of a `display` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum DisplayEvent {
    /// Something is to be sent to it. What was asked for before and not sent yet is not sent any more.
    DownlinkRequested {
        downlink_id: DownlinkId,
        tenant_id: TenantId,
        order: Box<Order>,
        at: Instant,
        by: Actor,
    },
    /// It was asked for and is not sent: something newer was asked for.
    DownlinkSuperseded { downlink_id: DownlinkId, at: Instant },
    /// The network server has it in its queue.
    DownlinkSent { downlink_id: DownlinkId, queue_item_id: String, at: Instant },
    /// The device acknowledged it; or a gateway sent it, where no acknowledgement is asked for.
    DownlinkConfirmed { downlink_id: DownlinkId, at: Instant },
    /// An attempt failed. It will be tried again until `attempt` is the last.
    DownlinkFailed { downlink_id: DownlinkId, attempt: u8, last: bool, reason: String, at: Instant },
}

events!(DisplayEvent {
    DownlinkRequested: "1",
    DownlinkSuperseded: "1",
    DownlinkSent: "1",
    DownlinkConfirmed: "1",
    DownlinkFailed: "1",
});

/// What is to be sent, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    /// The space whose state it shows, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space_id: Option<SpaceId>,
    /// The light, if it is one.
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
    /// Why, in a word.
    pub reason: String,
}

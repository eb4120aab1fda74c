//! What can be asked of a display's stream.
//!
//! Only a request can be refused. The rest comes from the process that sends downlinks and hears what became of them; it
//! may say a thing twice or too late. What is unknown, old or settled then gives no events, and does no harm.

use super::event::Order;
use crate::actor::Actor;
use crate::id::{DownlinkId, TenantId};
use crate::instant::Instant;

/// A command to a `display` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "what a variant says, its fields say")]
pub enum DisplayCommand {
    /// Tell the display something. What the newest order does already is not asked for again, unless by `force`; nor
    /// is an id that is known.
    RequestDownlink {
        downlink_id: DownlinkId,
        tenant_id: TenantId,
        order: Box<Order>,
        force: bool,
        at: Instant,
        by: Actor,
    },
    /// The network server took it into its queue.
    MarkDownlinkSent { downlink_id: DownlinkId, queue_item_id: String, at: Instant },
    /// The device acknowledged it; or a gateway sent it, where no acknowledgement is asked for. May be heard before
    /// [`DisplayCommand::MarkDownlinkSent`].
    ConfirmDownlink { downlink_id: DownlinkId, at: Instant },
    /// An attempt to send it failed, or the network server gave it up.
    FailDownlink { downlink_id: DownlinkId, reason: String, at: Instant },
}

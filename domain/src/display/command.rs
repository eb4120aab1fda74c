//! Commands to a display's stream.
//!
//! Only a request can be refused. The other commands come from the process that sends downlinks and receives their
//! outcomes; it may repeat itself or be late. An unknown, old or settled downlink then gives no events.

use super::event::Order;
use crate::asked::Asked;
use crate::id::DownlinkId;
use crate::instant::Instant;

/// A command to a `display` stream.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum DisplayCommand {
    /// Request a downlink. No event if the newest order sends the same, unless `force` is set; nor if the id is known.
    RequestDownlink { downlink_id: DownlinkId, order: Box<Order>, force: bool, asked: Asked },
    /// The network server took it into its queue.
    MarkDownlinkSent { downlink_id: DownlinkId, queue_item_id: String, at: Instant },
    /// The device acknowledged it, or a gateway sent it if no acknowledgement is requested. May arrive before
    /// [`DisplayCommand::MarkDownlinkSent`].
    ConfirmDownlink { downlink_id: DownlinkId, at: Instant },
    /// An attempt to send it failed, or the network server gave it up.
    FailDownlink { downlink_id: DownlinkId, reason: String, at: Instant },
}

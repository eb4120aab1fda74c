//! An order and its status.

use serde::{Deserialize, Serialize};

use super::event::Order;
use crate::id::DownlinkId;

/// The status of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// To be sent, for the first time or again.
    Queued,
    /// Sent; the outcome is not known yet.
    Pending,
    /// The device acknowledged it, or a gateway sent it.
    Confirmed,
    /// All attempts failed.
    Failed,
}

/// An order and its status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TrackedOrder {
    pub(super) downlink_id: DownlinkId,
    pub(super) order: Order,
    pub(super) status: Status,
    pub(super) failed_attempts: u8,
}

impl TrackedOrder {
    pub(super) fn new(downlink_id: DownlinkId, order: Order) -> Self {
        Self { downlink_id, order, status: Status::Queued, failed_attempts: 0 }
    }

    /// True when it is sent or confirmed.
    pub(super) fn is_sent(&self) -> bool {
        match self.status {
            Status::Pending | Status::Confirmed => true,
            Status::Queued | Status::Failed => false,
        }
    }

    /// True while an outcome is possible. A confirmed or failed order is final.
    pub(super) fn is_open(&self) -> bool {
        match self.status {
            Status::Queued | Status::Pending => true,
            Status::Confirmed | Status::Failed => false,
        }
    }

    /// True unless it failed, if it sends the same bytes to the same port as the other order.
    pub(super) fn sends_the_same_as(&self, other: &Order) -> bool {
        self.status != Status::Failed && (self.order.f_port, &self.order.data) == (other.f_port, &other.data)
    }
}

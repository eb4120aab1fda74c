//! An order and how it fares.

use serde::{Deserialize, Serialize};

use super::event::Order;
use crate::id::DownlinkId;

/// How an order fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// To be sent, for the first time or again.
    Queued,
    /// Sent; what became of it is not known yet.
    Pending,
    /// The device acknowledged it, or a gateway sent it.
    Confirmed,
    /// Tried in vain, and not tried again.
    Failed,
}

/// An order and how it fares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) downlink_id: DownlinkId,
    pub(super) order: Order,
    pub(super) status: Status,
    pub(super) failed_attempts: u8,
}

impl Asked {
    pub(super) fn new(downlink_id: DownlinkId, order: Order) -> Self {
        Self { downlink_id, order, status: Status::Queued, failed_attempts: 0 }
    }

    /// True once it is on its way or has arrived.
    pub(super) fn left(&self) -> bool {
        match self.status {
            Status::Pending | Status::Confirmed => true,
            Status::Queued | Status::Failed => false,
        }
    }

    /// True while an outcome is possible. What is confirmed or has failed for good stays so.
    pub(super) fn is_open(&self) -> bool {
        match self.status {
            Status::Queued | Status::Pending => true,
            Status::Confirmed | Status::Failed => false,
        }
    }

    /// True when it brings the display to show just what the other order would.
    pub(super) fn does_the_same_as(&self, other: &Order) -> bool {
        self.status != Status::Failed && (self.order.f_port, &self.order.data) == (other.f_port, &other.data)
    }
}

//! The rules of a display's downlinks: validation, redundant requests, and how an order ends.

use std::ops::RangeInclusive;

use super::Display;
use super::event::{DisplayEvent, Order};
use super::refusal::DisplayRefusal;
use super::tracked::{Status, TrackedOrder};
use crate::id::DownlinkId;
use crate::instant::Instant;
use crate::limits;

/// The maximum number of attempts of an order.
pub const MOST_ATTEMPTS: u8 = 3;

/// The maximum application payload of a LoRaWAN frame, in bytes.
pub const MOST_BYTES: usize = 242;

/// The application ports.
pub const PORTS: RangeInclusive<u8> = 1..=223;

/// The priorities, from the most urgent.
pub const PRIORITIES: RangeInclusive<u8> = 1..=10;

/// Refuses an order that no network server would send.
pub(super) fn check(order: &Order) -> Result<(), DisplayRefusal> {
    if !PRIORITIES.contains(&order.priority) {
        return Err(DisplayRefusal::PriorityOutOfBounds);
    }
    if !PORTS.contains(&order.f_port) {
        return Err(DisplayRefusal::PortOutOfBounds);
    }
    if !(1..=MOST_BYTES).contains(&order.data.as_bytes().len()) {
        return Err(DisplayRefusal::DataOutOfBounds);
    }
    if limits::text("reason", &order.reason, limits::DOWNLINK_REASON).is_err() {
        return Err(DisplayRefusal::ReasonTooLong);
    }
    Ok(())
}

impl Display {
    /// True when the id is known, or the newest order sends the same and has not failed and `force` is not set.
    pub(super) fn is_redundant(&self, downlink_id: DownlinkId, order: &Order, force: bool) -> bool {
        let is_known = self.find_order(downlink_id).is_some();
        let sends_the_same = self.newest.as_ref().is_some_and(|newest| newest.sends_the_same_as(order));
        is_known || (sends_the_same && !force)
    }

    /// Only a queued order can be sent.
    pub(super) fn sent(
        &self,
        downlink_id: DownlinkId,
        queue_item_id: String,
        at: Instant,
    ) -> Option<DisplayEvent> {
        self.find_order(downlink_id).filter(|order| order.status == Status::Queued)?;
        let queue_item_id = limits::cut(queue_item_id, limits::LABEL);
        Some(DisplayEvent::DownlinkSent { downlink_id, queue_item_id, at })
    }

    pub(super) fn confirmed(&self, downlink_id: DownlinkId, at: Instant) -> Option<DisplayEvent> {
        self.find_order(downlink_id).filter(|order| order.is_open())?;
        Some(DisplayEvent::DownlinkConfirmed { downlink_id, at })
    }

    /// The third failure is the last. So is the first failure of an overtaken order, which is not tried again.
    pub(super) fn failed(
        &self,
        downlink_id: DownlinkId,
        reason: String,
        at: Instant,
    ) -> Option<DisplayEvent> {
        let order = self.find_order(downlink_id).filter(|order| order.is_open())?;
        let attempt = order.failed_attempts.saturating_add(1);
        let last = attempt >= MOST_ATTEMPTS || !self.is_newest(order);
        let reason = limits::cut(reason, limits::REASON);
        Some(DisplayEvent::DownlinkFailed { downlink_id, attempt, last, reason, at })
    }

    fn is_newest(&self, order: &TrackedOrder) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.downlink_id == order.downlink_id)
    }
}

//! The rules of a display's downlinks: what may be asked for, what is needless, and how an order ends.

use std::ops::RangeInclusive;

use super::Display;
use super::asked::{Asked, Status};
use super::event::{DisplayEvent, Order};
use super::refusal::DisplayRefusal;
use crate::id::DownlinkId;
use crate::instant::Instant;
use crate::limits;

/// How often an order is tried.
pub const MOST_ATTEMPTS: u8 = 3;

/// The most bytes that a LoRaWAN frame carries for an application.
pub const MOST_BYTES: usize = 242;

/// The ports of applications.
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
    /// True when the newest order does it already. An order that failed for good does nothing.
    pub(super) fn makes_needless(&self, downlink_id: DownlinkId, order: &Order, force: bool) -> bool {
        let is_known = self.asked(downlink_id).is_some();
        let does_it = self.newest.as_ref().is_some_and(|newest| newest.does_the_same_as(order));
        is_known || (does_it && !force)
    }

    /// Only what is queued can be sent.
    pub(super) fn sent(
        &self,
        downlink_id: DownlinkId,
        queue_item_id: String,
        at: Instant,
    ) -> Option<DisplayEvent> {
        self.asked(downlink_id).filter(|asked| asked.status == Status::Queued)?;
        let queue_item_id = limits::cut(queue_item_id, limits::LABEL);
        Some(DisplayEvent::DownlinkSent { downlink_id, queue_item_id, at })
    }

    pub(super) fn confirmed(&self, downlink_id: DownlinkId, at: Instant) -> Option<DisplayEvent> {
        self.asked(downlink_id).filter(|asked| asked.is_open())?;
        Some(DisplayEvent::DownlinkConfirmed { downlink_id, at })
    }

    /// The third failure is the last. So is the first of an order that a newer one overtook: it is not tried again.
    pub(super) fn failed(
        &self,
        downlink_id: DownlinkId,
        reason: String,
        at: Instant,
    ) -> Option<DisplayEvent> {
        let asked = self.asked(downlink_id).filter(|asked| asked.is_open())?;
        let attempt = asked.failed_attempts.saturating_add(1);
        let last = attempt >= MOST_ATTEMPTS || !self.is_newest(asked);
        let reason = limits::cut(reason, limits::REASON);
        Some(DisplayEvent::DownlinkFailed { downlink_id, attempt, last, reason, at })
    }

    fn is_newest(&self, asked: &Asked) -> bool {
        self.newest.as_ref().is_some_and(|newest| newest.downlink_id == asked.downlink_id)
    }
}

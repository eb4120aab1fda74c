//! A display's downlinks: one at a time, the newest wins.
//!
//! A newer order supersedes one that is not sent yet, which is then never sent. An order that was sent and whose
//! outcome is pending is kept beside the newest until its outcome is known. The state holds at most two orders.

mod command;
mod event;
mod refusal;
mod rules;
mod showing;
mod tracked;

use serde::{Deserialize, Serialize};

use crate::aggregate::{Decider, aggregate};
use crate::asked::Asked;
use crate::downlink::Light;
use crate::id::DownlinkId;
use tracked::TrackedOrder;

pub use command::DisplayCommand;
pub use event::{DisplayEvent, Order};
pub use refusal::DisplayRefusal;
pub use rules::{MOST_ATTEMPTS, MOST_BYTES, PORTS, PRIORITIES};
pub use showing::{SHOWING_PRIORITY, order_to_show};
pub use tracked::Status;

/// The state for decisions about a display's downlinks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Display {
    newest: Option<TrackedOrder>,
    /// An order that was sent before the newest was requested and whose outcome is pending.
    overtaken: Option<TrackedOrder>,
    /// The light of the last order sent before the newest.
    light: Option<Light>,
}

impl Display {
    /// The order to send next.
    pub fn pending(&self) -> Option<(DownlinkId, &Order)> {
        let newest = self.newest.as_ref().filter(|newest| newest.status == Status::Queued)?;
        Some((newest.downlink_id, &newest.order))
    }

    /// The light last sent, as far as is known. Failed orders and orders without a light do not count.
    pub fn shown(&self) -> Option<Light> {
        self.newest
            .as_ref()
            .filter(|newest| newest.is_sent())
            .and_then(|newest| newest.order.light)
            .or(self.light)
    }

    /// The status of an order; `None` if it is superseded or no longer in the state.
    pub fn status(&self, downlink_id: DownlinkId) -> Option<Status> {
        self.find_order(downlink_id).map(|order| order.status)
    }

    /// The number of failed attempts of an order.
    pub fn failed_attempts(&self, downlink_id: DownlinkId) -> Option<u8> {
        self.find_order(downlink_id).map(|order| order.failed_attempts)
    }

    fn find_order(&self, downlink_id: DownlinkId) -> Option<&TrackedOrder> {
        self.newest.iter().chain(&self.overtaken).find(|order| order.downlink_id == downlink_id)
    }
}

impl Decider for Display {
    const STATE_VERSION: i32 = 1;

    const EVENTS: &'static [(&'static str, &'static str)] = DisplayEvent::CATALOGUE;

    fn decide(&self, command: &DisplayCommand) -> Result<Vec<DisplayEvent>, DisplayRefusal> {
        use DisplayCommand::{ConfirmDownlink, FailDownlink, MarkDownlinkSent, RequestDownlink};
        match command.clone() {
            RequestDownlink { downlink_id, order, force, asked } => {
                rules::check(&order)?;
                if self.is_redundant(downlink_id, &order, force) {
                    return Ok(Vec::new());
                }
                let Asked { tenant_id, at, by } = asked;
                let superseded = self.pending().map(|(downlink_id, _)| downlink_id);
                let superseded =
                    superseded.map(|downlink_id| DisplayEvent::DownlinkSuperseded { downlink_id, at });
                let requested = DisplayEvent::DownlinkRequested { downlink_id, tenant_id, order, at, by };
                Ok(superseded.into_iter().chain([requested]).collect())
            }
            MarkDownlinkSent { downlink_id, queue_item_id, at } => {
                Ok(self.sent(downlink_id, queue_item_id, at).into_iter().collect())
            }
            ConfirmDownlink { downlink_id, at } => Ok(self.confirmed(downlink_id, at).into_iter().collect()),
            FailDownlink { downlink_id, reason, at } => {
                Ok(self.failed(downlink_id, reason, at).into_iter().collect())
            }
        }
    }

    fn evolve(&mut self, event: &DisplayEvent) {
        match event {
            DisplayEvent::DownlinkRequested { downlink_id, order, .. } => {
                self.light = self.shown();
                let before = self.newest.replace(TrackedOrder::new(*downlink_id, Order::clone(order)));
                if let Some(before) = before.filter(|before| before.status == Status::Pending) {
                    self.overtaken = Some(before);
                }
            }
            DisplayEvent::DownlinkSuperseded { downlink_id, .. } => {
                self.newest.take_if(|newest| newest.downlink_id == *downlink_id);
            }
            DisplayEvent::DownlinkSent { downlink_id, .. } => self.set(*downlink_id, Status::Pending),
            DisplayEvent::DownlinkConfirmed { downlink_id, .. } => self.set(*downlink_id, Status::Confirmed),
            DisplayEvent::DownlinkFailed { downlink_id, attempt, last, .. } => {
                let failed = self.newest.as_mut().filter(|newest| newest.downlink_id == *downlink_id);
                if let Some(failed) = failed {
                    failed.failed_attempts = *attempt;
                }
                self.set(*downlink_id, if *last { Status::Failed } else { Status::Queued });
            }
        }
    }
}

impl Display {
    /// Sets the status of the newest order, or drops the overtaken order, whose outcome is now known.
    fn set(&mut self, downlink_id: DownlinkId, status: Status) {
        match &mut self.newest {
            Some(newest) if newest.downlink_id == downlink_id => newest.status = status,
            _ => {
                self.overtaken.take_if(|overtaken| overtaken.downlink_id == downlink_id);
            }
        }
    }
}

aggregate!(Display, "display", DisplayCommand, DisplayEvent, DisplayRefusal);

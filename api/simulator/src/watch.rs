//! What a platform can know of each space: the stays in the reports that arrive in order while the sensor counts.

use chrono::{DateTime, Utc};

use crate::Simulation;

/// A vehicle's time in a space, as its sensor's reports show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// When the first report of it arrived.
    pub from: DateTime<Utc>,
    /// When the report of its end arrived, or the sensor did not count any more; none while it lasts.
    pub until: Option<DateTime<Utc>>,
}

/// What a sensor sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) space: usize,
    /// Its place in the order of sending: the session, and the frame counter from 1; a join has 0.
    pub(crate) order: (u32, u32),
    /// The state that it reports; none for a join.
    pub(crate) occupied: Option<bool>,
}

/// What is known of one space.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    counts: bool,
    newest: Option<(u32, u32)>,
    stays: Vec<Stay>,
}

impl Simulation {
    /// From now on the space's sensor counts, or does not: it is assigned and enabled, or is not. At first none counts.
    pub fn watch(&mut self, space: usize, counts: bool, at: DateTime<Utc>) {
        let watch = &mut self.watches[space];
        if watch.counts && !counts {
            watch.end_stay(at);
        }
        watch.counts = counts;
    }

    /// The stays of a space so far.
    pub fn stays(&self, space: usize) -> &[Stay] {
        &self.watches[space].stays
    }

    /// A report arrives. One that another overtook says nothing new.
    pub(crate) fn hear(&mut self, sent: Sent, at: DateTime<Utc>) {
        let watch = &mut self.watches[sent.space];
        if watch.newest >= Some(sent.order) {
            return;
        }
        watch.newest = Some(sent.order);
        match sent.occupied.filter(|_| watch.counts) {
            Some(true) if watch.stays.last().is_none_or(|stay| stay.until.is_some()) => {
                watch.stays.push(Stay { from: at, until: None });
            }
            Some(false) => watch.end_stay(at),
            _ => {}
        }
    }
}

impl Watch {
    fn end_stay(&mut self, at: DateTime<Utc>) {
        if let Some(stay) = self.stays.last_mut().filter(|stay| stay.until.is_none()) {
            stay.until = Some(at);
        }
    }
}

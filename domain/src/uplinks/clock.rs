//! When a report was heard, by its clocks as far as they can be right.

use chrono::TimeDelta;

use super::sessions::CLOCK_DOUBT;
use crate::chirpstack::{Content, Report};
use crate::instant::Instant;

/// A report may be this old however new its stream is: a gateway without a connection keeps what it hears.
const BACKLOG: TimeDelta = TimeDelta::days(1);

/// A report's arrival, with which its clocks are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    /// When the platform received the report, even if it is recorded much later.
    pub(super) at: Instant,
    /// When the platform received the first report of the stream.
    pub(super) first: Instant,
}

impl Arrival {
    /// When the report was heard, by its best clock that can be right: the network server's, else ChirpStack's `time`, else
    /// the platform's at the arrival. Nothing is heard after it arrived.
    pub(super) fn heard_at(self, report: &Report) -> Instant {
        clocks(report).find(|time| self.allows(*time)).unwrap_or(self.at).min(self.at)
    }

    /// As [`Self::heard_at`], for a stream whose first report arrived at `self.first` or earlier; `None` if it depends on
    /// when.
    pub(super) fn heard_at_surely(self, report: &Report) -> Option<Instant> {
        let heard_at = self.heard_at(report);
        let of_endless_stream = Self { first: Instant::MIN, ..self }.heard_at(report);
        (heard_at == of_endless_stream).then_some(heard_at)
    }

    fn allows(self, time: Instant) -> bool {
        time - self.at <= CLOCK_DOUBT && (self.at - time <= BACKLOG || time >= self.first)
    }
}

/// The clocks of a report, the best one first.
fn clocks(report: &Report) -> impl Iterator<Item = Instant> {
    let ns_time = match &report.content {
        Content::Up(up) => up.ns_time,
        _ => None,
    };
    ns_time.into_iter().chain(report.time)
}

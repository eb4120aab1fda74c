//! The metrics of connections.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Why the server closed a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    /// A new connection needed its slot.
    Evicted,
    /// A TLS handshake failed, or took too long.
    Handshake,
    /// A request's head did not arrive in time.
    Head,
    /// No request arrived in time.
    Idle,
    /// The client did not read an answer in time.
    Answer,
}

impl EncodeLabelValue for Reason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        let word = match self {
            Self::Evicted => "evicted",
            Self::Handshake => "handshake",
            Self::Head => "head_timeout",
            Self::Idle => "idle_timeout",
            Self::Answer => "answer_timeout",
        };
        EncodeLabelValue::encode(&word, encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Closed {
    reason: Reason,
}

/// The counters. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct ConnectionCounts {
    open: Gauge,
    closed: Family<Closed, Counter>,
    refused: Counter,
}

impl ConnectionCounts {
    /// Registers the metrics.
    pub(crate) fn register(&self, to: &mut Registry) {
        to.register("http_connections", "Connections that are open", self.open.clone());
        to.register("http_connections_closed", "Connections that the server closed", self.closed.clone());
        let refused = "Requests refused because every connection had one in flight";
        to.register("http_requests_overloaded", refused, self.refused.clone());
    }

    pub(super) fn opened(&self) {
        self.open.inc();
    }

    pub(super) fn ended(&self) {
        self.open.dec();
    }

    pub(super) fn closed(&self, reason: Reason) {
        self.closed.get_or_create(&Closed { reason }).inc();
    }

    pub(super) fn refused(&self) {
        self.refused.inc();
    }
}

//! The server's metrics for Prometheus.
//!
//! Counting costs a request two look-ups and no allocation. Metrics from the database are read on request.

mod plain;
mod standing;

use std::fmt::{self, Write};
use std::hash::{Hash, Hasher};
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode};
use parking_commands::writer::Counts;
use parking_processes::jobs::{Job, Outcome};
use parking_processes::watcher::Watcher;
use parking_projections::engine::standing::ProjectionsStatus;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::listen::ConnectionCounts;
use standing::Standing;

/// Histogram buckets for answers in seconds: fine around the duration of an append.
const ANSWERED_WITHIN: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// Histogram buckets in seconds for the delay of due changes.
const LATE_BY: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0, 3600.0, 86400.0];

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// All metrics of the server.
pub(crate) struct Metrics {
    registry: Registry,
    connections: ConnectionCounts,
    unsent: Gauge,
    requests: Family<Answered, Counter>,
    durations: Durations<Routed>,
    refusals: Family<Refusal, Counter>,
    webhooks: Family<Reported, Counter>,
    appends: Counter,
    conflicts: Counter,
    batches: Counter,
    late: Histogram,
    jobs: Family<Ended, Counter>,
    head: Gauge,
    standing: Standing,
}

/// A format of the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextFormat {
    OpenMetrics,
    /// Prometheus' own, which older scrapers and people read.
    Prometheus,
}

/// A route's template, as in the router: their number is bounded, whatever clients request.
#[derive(Clone, Debug)]
pub(crate) struct Route(pub(crate) Option<MatchedPath>);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Routed {
    route: Route,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: Route,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reported {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    job: &'static str,
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("parking"),
            connections: ConnectionCounts::default(),
            unsent: Gauge::default(),
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(ANSWERED_WITHIN)),
            refusals: Family::default(),
            webhooks: Family::default(),
            appends: Counter::default(),
            conflicts: Counter::default(),
            batches: Counter::default(),
            late: Histogram::new(LATE_BY),
            jobs: Family::default(),
            head: Gauge::default(),
            standing: Standing::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let to = &mut self.registry;
        self.connections.register(to);
        let unsent = "Bytes of large answers that clients have not taken";
        to.register("http_unsent_bytes", unsent, self.unsent.clone());
        to.register("http_requests", "Requests answered", self.requests.clone());
        to.register("http_request_duration_seconds", "How long answers took", self.durations.clone());
        to.register("refusals", "Refusals by their code", self.refusals.clone());
        to.register("webhook_reports", "What became of reports", self.webhooks.clone());
        to.register("appends", "Appends that are durable", self.appends.clone());
        to.register("append_conflicts", "Appends for which others were faster", self.conflicts.clone());
        to.register("append_batches", "Batches committed", self.batches.clone());
        to.register("scheduler_lateness_seconds", "How late what was due happened", self.late.clone());
        to.register("job_runs", "Runs of jobs that have ended", self.jobs.clone());
        to.register("log_head", "The log's last position", self.head.clone());
        self.standing.register(to);
    }

    /// The connection counters.
    pub(crate) fn connections(&self) -> ConnectionCounts {
        self.connections.clone()
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, method: &Method, route: Route, status: StatusCode, took: Duration) {
        let seconds = took.as_secs_f64();
        let routed = Routed { route };
        self.durations.get_or_create(&routed).observe(seconds);
        let answered = Answered { method: word(method), route: routed.route, status: status.as_u16() };
        self.requests.get_or_create(&answered).inc();
    }

    /// Counts a refusal.
    pub(crate) fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&Refusal { code }).inc();
    }

    /// Counts a report to a webhook, with its outcome.
    pub(crate) fn reported(&self, outcome: &'static str) {
        self.webhooks.get_or_create(&Reported { outcome }).inc();
    }

    /// Takes over the bytes of unsent answers.
    pub(crate) fn note_unsent(&self, bytes: usize) {
        self.unsent.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Takes over the writer's counters.
    pub(crate) fn note_writer(&self, counts: &Counts) {
        self.appends.inner().store(counts.appends(), Ordering::Relaxed);
        self.conflicts.inner().store(counts.conflicts(), Ordering::Relaxed);
        self.batches.inner().store(counts.batches(), Ordering::Relaxed);
    }

    /// Takes over the status read from the database.
    pub(crate) fn note_standing(&self, status: &ProjectionsStatus) {
        self.head.set(status.head);
        self.standing.note(status);
    }

    /// All metrics as text.
    pub(crate) fn text(&self, format: TextFormat) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(match format {
            TextFormat::OpenMetrics => text,
            TextFormat::Prometheus => plain::of_open_metrics(&text),
        })
    }
}

impl Watcher for Metrics {
    fn happened(&self, late: Duration) {
        self.late.observe(late.as_secs_f64());
    }

    fn job_ended(&self, job: Job, outcome: Outcome, _took: Duration) {
        self.jobs.get_or_create(&Ended { job: job.name(), outcome: outcome.word() }).inc();
    }
}

/// Clients can invent methods; the number of label values must stay bounded.
pub(crate) fn word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

impl Route {
    fn template(&self) -> &str {
        self.0.as_ref().map_or("none", MatchedPath::as_str)
    }
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.template() == other.template()
    }
}

impl Eq for Route {}

impl Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.template().hash(state);
    }
}

impl EncodeLabelValue for Route {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        encoder.write_str(self.template())
    }
}

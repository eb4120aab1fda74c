//! The figures of `ingest`, and the ratios expected of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::CONNECTIONS;
use crate::measure::{Sample, spread};
use crate::report::say;

/// The measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// Verified and parsed, nothing stored.
    Ceiling,
    /// The platform's webhook, projections running.
    Platform,
    /// A handler on stock cqrs-es and postgres-es.
    Stock,
}

impl What {
    fn label(self) -> &'static str {
        match self {
            Self::Ceiling => "verify and parse only",
            Self::Platform => "the webhook, projections running",
            Self::Stock => "stock cqrs-es and postgres-es",
        }
    }
}

/// Samples, repetition by repetition.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    samples: BTreeMap<(usize, What), Vec<Sample>>,
    catch_ups: BTreeMap<usize, Vec<(i64, Duration)>>,
    probes: Vec<Sample>,
}

impl Figures {
    pub(crate) fn note(&mut self, what: What, connections: usize, sample: Sample) {
        self.samples.entry((connections, what)).or_default().push(sample);
    }

    /// The lag of the projections when the load ended, and their time to catch up.
    pub(crate) fn note_catch_up(&mut self, connections: usize, caught_up: (i64, Duration)) {
        self.catch_ups.entry(connections).or_default().push(caught_up);
    }

    pub(crate) fn note_probe(&mut self, probe: Sample) {
        self.probes.push(probe);
    }

    pub(crate) fn print(&self) {
        say(
            "| what | connections | per second, min/median/max | p50 ms | p99 ms (runs: max) | CPU µs: client + server + database |",
        );
        say("|---|---|---|---|---|---|");
        for ((connections, what), samples) in &self.samples {
            let [min, median, max] = spread(samples.iter().map(Sample::rate));
            let [_, p50, _] = spread(samples.iter().map(|sample| sample.percentile(50)));
            let [_, p99, worst] = spread(samples.iter().map(|sample| sample.percentile(99)));
            let cpu = [0, 1, 2].map(|n| spread(samples.iter().map(|sample| sample.cpu_per_job()[n]))[1]);
            say(format_args!(
                "| {} | {connections} | {min:.0}/{median:.0}/{max:.0} | {p50:.1} | {p99:.1} ({worst:.1}) | \
                 {:.0} + {:.0} + {:.0} |",
                what.label(),
                cpu[0],
                cpu[1],
                cpu[2],
            ));
        }
        let [_, probe, worst] = spread(self.probes.iter().map(|probe| probe.percentile(99)));
        say(format_args!("a bare fdatasync beside it: p99 {probe:.1} ms ({worst:.1})"));
        for connections in CONNECTIONS {
            self.print_ratio(connections, What::Ceiling);
            self.print_ratio(connections, What::Stock);
            for (lag, duration) in self.catch_ups.get(&connections).into_iter().flatten() {
                say(format_args!(
                    "  {connections} connections, afterwards: {lag} events behind, caught up in {duration:.0?}"
                ));
            }
        }
    }

    fn print_ratio(&self, connections: usize, under: What) {
        let samples = |what| self.samples.get(&(connections, what)).into_iter().flatten().map(Sample::rate);
        let [min, median, max] =
            spread(samples(What::Platform).zip(samples(under)).map(|(over, under)| over / under));
        say(format_args!(
            "  {connections} connections, the webhook / {}: {min:.2}/{median:.2}/{max:.2}",
            under.label()
        ));
    }
}

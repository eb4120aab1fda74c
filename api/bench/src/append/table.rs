//! The figures of `append`, and the ratios expected of them.

use std::collections::BTreeMap;

use super::FULL;
use crate::measure::{Sample, spread};
use crate::report::say;

/// The measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// A bare insert into a table with the log's indexes.
    Raw,
    /// A bare insert into a table with one index.
    RawBare,
    /// This store: each command begins a stream.
    New,
    /// The same, each command with a request key.
    Keyed,
    /// The same, without bodies.
    Bare,
    /// This store: each command loads a stream of one event.
    Existing,
    /// This store: the streams are in memory.
    Cached,
    /// postgres-es: each command begins a stream.
    Stock,
    /// The same, without bodies.
    StockBare,
    /// The statements of esrs, which stores no bodies: each command begins a stream.
    Esrs,
}

impl What {
    fn label(self) -> &'static str {
        match self {
            Self::Raw => "raw insert, the log's indexes",
            Self::RawBare => "raw insert, one index",
            Self::New => "this store, new streams",
            Self::Keyed => "this store, new streams, request keys",
            Self::Bare => "this store, new streams, no bodies",
            Self::Existing => "this store, loaded streams",
            Self::Cached => "this store, cached streams",
            Self::Stock => "stock postgres-es, new streams",
            Self::StockBare => "stock postgres-es, new streams, no bodies",
            Self::Esrs => "esrs's statements, new streams, no bodies",
        }
    }
}

/// Samples, repetition by repetition.
#[derive(Debug, Default)]
pub(crate) struct Figures(BTreeMap<(What, usize), Vec<Sample>>);

impl Figures {
    pub(crate) fn note(&mut self, what: What, concurrency: usize, sample: Sample) {
        self.0.entry((what, concurrency)).or_default().push(sample);
    }

    pub(crate) fn print(&self) {
        say(
            "| what | in flight | per second, min/median/max | p50 ms | p99 ms | CPU µs: process + database |",
        );
        say("|---|---|---|---|---|---|");
        for ((what, concurrency), samples) in &self.0 {
            let [min, median, max] = spread(samples.iter().map(Sample::rate));
            let [p50, p99] = [50, 99].map(|p| spread(samples.iter().map(|s| s.percentile(p)))[1]);
            let cpu = [0, 1].map(|n| spread(samples.iter().map(|s| s.cpu_per_job()[n]))[1]);
            say(format_args!(
                "| {} | {} | {min:.0}/{median:.0}/{max:.0} | {p50:.2} | {p99:.2} | {:.0} + {:.0} |",
                what.label(),
                // A raw insert has one batch in flight.
                if matches!(what, What::Raw | What::RawBare) {
                    "-".to_owned()
                } else {
                    concurrency.to_string()
                },
                cpu[0],
                cpu[1],
            ));
        }
        say("");
        say("ratios within a repetition, min/median/max");
        for (over, under) in [
            (What::New, What::Stock),
            (What::Bare, What::StockBare),
            (What::Bare, What::Esrs),
            (What::Keyed, What::New),
            (What::Existing, What::Stock),
            (What::Cached, What::Stock),
        ] {
            let concurrencies =
                self.0.keys().filter(|(what, _)| *what == over).map(|(_, concurrency)| *concurrency);
            for concurrency in concurrencies {
                self.print_ratio((over, concurrency), (under, concurrency));
            }
        }
        for what in [What::New, What::Existing, What::Cached] {
            self.print_ratio((what, FULL), (What::Raw, 1));
            self.print_ratio((what, FULL), (What::RawBare, 1));
        }
    }

    fn print_ratio(&self, over: (What, usize), under: (What, usize)) {
        let (Some(overs), Some(unders)) = (self.0.get(&over), self.0.get(&under)) else { return };
        let [min, median, max] = spread(overs.iter().zip(unders).map(|(o, u)| o.rate() / u.rate()));
        let ((over, concurrency), (under, _)) = (over, under);
        say(format_args!(
            "  {}, {concurrency} in flight / {}: {min:.2}/{median:.2}/{max:.2}",
            over.label(),
            under.label()
        ));
    }
}

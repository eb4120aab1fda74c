//! The figures of `projections`, compared with `COPY`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::BenchError;
use crate::measure::spread;
use crate::report::say;

/// The reference of all ratios.
pub(super) const COPY: &str = "COPY of the events";

/// All projections at the same time.
pub(super) const AT_ONCE: &str = "all at once";

/// The figures of one measurement.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Until all events were folded and their rows written.
    pub(super) folded: Duration,
    /// Including the comparison with the live rows and their replacement.
    pub(super) whole: Duration,
    /// CPU time until all events were folded, of the process and of the database.
    pub(super) cpu: [Duration; 2],
    /// The peak memory of the process.
    pub(super) peak_kib: u64,
    /// Rows that differed.
    pub(super) different: i64,
}

impl Measured {
    /// Rebuilds that began together and ran at the same time: until the last of them was done. Each one saw the whole
    /// database's CPU time until it was done itself, so the most seen is that of all.
    pub(super) fn at_once(rebuilds: &[Self]) -> Self {
        let last = |of: fn(&Self) -> Duration| rebuilds.iter().map(of).max().unwrap_or_default();
        Self {
            folded: last(|m| m.folded),
            whole: last(|m| m.whole),
            cpu: [rebuilds.iter().map(|m| m.cpu[0]).sum(), last(|m| m.cpu[1])],
            peak_kib: rebuilds.iter().map(|m| m.peak_kib).max().unwrap_or_default(),
            different: rebuilds.iter().map(|m| m.different).sum(),
        }
    }
}

/// The measurements, by name and repetition.
pub(super) struct Figures {
    events: f64,
    measured: Vec<(&'static str, Vec<Measured>)>,
}

impl Figures {
    #[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^52")]
    pub(super) fn new(events: i64) -> Self {
        Self { events: events as f64, measured: Vec::new() }
    }

    /// Takes a measurement; an error if the rebuilt rows are not those that were there.
    pub(super) fn note(&mut self, what: &'static str, measured: Measured) -> Result<(), BenchError> {
        if measured.different != 0 {
            return Err(format!("{} rows of {what} differ", measured.different).into());
        }
        match self.measured.iter_mut().find(|(known, _)| *known == what) {
            Some((_, repetitions)) => repetitions.push(measured),
            None => self.measured.push((what, vec![measured])),
        }
        Ok(())
    }

    pub(super) fn print(&self) {
        let copies = self.measured.iter().find(|(what, _)| *what == COPY);
        let copies = copies.map(|(_, copies)| copies.as_slice()).unwrap_or_default();
        say(
            "| what | events/s, min/median/max | of COPY | compared and swapped too | CPU µs an event: process + database \
             | peak MiB |",
        );
        say("|---|---|---|---|---|---|");
        for (what, repetitions) in self.measured.iter().chain([&self.all()]) {
            let of =
                |figure: fn(&Measured) -> Duration| repetitions.iter().map(move |m| figure(m).as_secs_f64());
            let rates = |figure| spread(of(figure).map(|seconds| self.events / seconds));
            let ([min, median, max], [_, whole, _]) = (rates(|m| m.folded), rates(|m| m.whole));
            let [_, ratio, _] =
                spread(of(|m| m.folded).zip(copies).map(|(s, copy)| copy.folded.as_secs_f64() / s));
            let cpu = [of(|m| m.cpu[0]), of(|m| m.cpu[1])].map(|of| spread(of)[1] * 1e6 / self.events);
            let peak = repetitions.iter().map(|m| m.peak_kib / 1024).max().unwrap_or_default();
            say(format_args!(
                "| {what} | {min:.0}/{median:.0}/{max:.0} | {ratio:.2} | {whole:.0} | {:.1} + {:.1} | {peak} |",
                cpu[0], cpu[1],
            ));
        }
    }

    /// All projections, one after the other.
    fn all(&self) -> (&'static str, Vec<Measured>) {
        let projections: Vec<_> =
            self.measured.iter().filter(|(what, _)| ![COPY, AT_ONCE].contains(what)).collect();
        let repetitions = projections.first().map_or(0, |(_, repetitions)| repetitions.len());
        let sum = |n: usize| {
            let these = || projections.iter().map(|(_, repetitions)| &repetitions[n]);
            Measured {
                folded: these().map(|m| m.folded).sum(),
                whole: these().map(|m| m.whole).sum(),
                cpu: [0, 1].map(|who| these().map(|m| m.cpu[who]).sum()),
                peak_kib: these().map(|m| m.peak_kib).max().unwrap_or_default(),
                different: 0,
            }
        };
        ("all, one after the other", (0..repetitions).map(sum).collect())
    }
}

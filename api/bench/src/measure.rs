//! Runs jobs concurrently and measures their speed.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::BenchError;

/// The latencies of a run's jobs, and the duration of the run.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) elapsed: Duration,
    /// In ascending order.
    latencies: Vec<Duration>,
    /// CPU time by process.
    pub(crate) cpu: Vec<Duration>,
}

impl Sample {
    pub(crate) fn new(elapsed: Duration, mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        Self { elapsed, latencies, cpu: Vec::new() }
    }

    /// Jobs done.
    pub(crate) fn count(&self) -> usize {
        self.latencies.len()
    }

    /// Jobs a second.
    pub(crate) fn rate(&self) -> f64 {
        in_float(self.count()) / self.elapsed.as_secs_f64()
    }

    /// The latency in milliseconds that this percentage of the jobs did not exceed.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let place = (self.count() * percent).div_ceil(100).clamp(1, self.count().max(1)) - 1;
        self.latencies.get(place).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }

    /// CPU time for each job in microseconds, by process.
    pub(crate) fn cpu_per_job(&self) -> Vec<f64> {
        self.cpu.iter().map(|cpu| cpu.as_secs_f64() * 1e6 / in_float(self.count())).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of jobs are far below 2^52")]
fn in_float(count: usize) -> f64 {
    count as f64
}

/// Runs all jobs with this concurrency.
pub(crate) async fn drive<T, F>(
    jobs: Vec<T>,
    concurrency: usize,
    work: impl Fn(T) -> F + Clone + Send + 'static,
) -> Result<Sample, BenchError>
where
    T: Send + 'static,
    F: Future<Output = Result<(), BenchError>> + Send,
{
    let jobs = Arc::new(Mutex::new(jobs.into_iter()));
    let mut workers = JoinSet::new();
    let started = Instant::now();
    for _ in 0..concurrency {
        let (jobs, work) = (jobs.clone(), work.clone());
        workers.spawn(async move {
            let mut latencies = Vec::new();
            let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
            while let Some(job) = next() {
                let began = Instant::now();
                work(job).await?;
                latencies.push(began.elapsed());
            }
            Ok::<_, BenchError>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(worker) = workers.join_next().await {
        latencies.append(&mut worker??);
    }
    Ok(Sample::new(started.elapsed(), latencies))
}

/// Minimum, median and maximum of the repetitions.
pub(crate) fn spread(values: impl IntoIterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    let at = |n: usize| values.get(n).copied().unwrap_or(f64::NAN);
    [at(0), at(values.len() / 2), at(values.len().saturating_sub(1))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_and_spreads_are_values_that_were_measured() {
        let sample =
            Sample::new(Duration::from_secs(2), (1..=200).rev().map(Duration::from_millis).collect());
        let rounded = |values: &[f64]| values.iter().map(|value| format!("{value:.0}")).collect::<Vec<_>>();
        let percentiles = [0, 50, 99, 100].map(|percent| sample.percentile(percent));
        assert_eq!(rounded(&percentiles), ["1", "100", "198", "200"]);
        assert_eq!(rounded(&[sample.rate()]), ["100"]);
        assert_eq!(rounded(&spread([3.0, 1.0, 2.0])), ["1", "2", "3"]);
    }
}

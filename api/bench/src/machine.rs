//! The machine of the figures: processors, database, and the latency of a disk sync.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::BenchError;
use crate::measure::Sample;

/// A page of PostgreSQL.
const PAGE: [u8; 8192] = [0x5a; 8192];

/// The number of syncs.
const SYNCS: usize = 300;

/// One line.
pub(crate) async fn describe(database: &PgConnectOptions, directory: &Path) -> Result<String, BenchError> {
    let mut connection = database.connect().await?;
    let version: String =
        sqlx::query_scalar("select current_setting('server_version')").fetch_one(&mut connection).await?;
    let probe = fdatasync(directory)?;
    Ok(format!(
        "{} processors, PostgreSQL {version}, fdatasync p50 {:.2} ms p99 {:.2} ms",
        available_parallelism()?,
        probe.percentile(50),
        probe.percentile(99),
    ))
}

/// Repeated write and sync of one page: the lower limit of any durable store.
pub(crate) fn fdatasync(directory: &Path) -> Result<Sample, BenchError> {
    let path = directory.join("probe");
    let mut file = File::create(&path)?;
    let started = Instant::now();
    let mut latencies: Vec<Duration> = Vec::with_capacity(SYNCS);
    for _ in 0..SYNCS {
        let began = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        latencies.push(began.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(Sample::new(started.elapsed(), latencies))
}

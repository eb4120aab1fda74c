//! `ingest --cold`: the webhook right after a restart on a full log, when every device's first uplink loads its stream.

mod log;

use std::path::PathBuf;
use std::time::Duration;

use parking_database::LocalCluster;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, sleep};

use super::children::Server;
use super::generator::{Load, generate};
use super::{Arguments, admin_options};
use crate::home::Home;
use crate::measure::Sample;
use crate::report::say;
use crate::uplinks::Uplinks;
use crate::{BenchError, machine};

/// The length of one measurement window.
const WINDOW: Duration = Duration::from_secs(2);

/// Measured after every device has sent an uplink: the rate of warm streams.
const WARM: Duration = Duration::from_secs(6);

/// The time limit until every device has sent an uplink.
const ALL_WITHIN: Duration = Duration::from_secs(180);

/// The time limit until the missing snapshots are made.
const MADE_WITHIN: Duration = Duration::from_secs(600);

/// Fills a log and measures two restarts on it.
pub(super) async fn cold(arguments: Arguments) -> Result<(), BenchError> {
    let home = Home::new()?;
    let Arguments { server, devices, history, connections, .. } = arguments;
    // The first start creates what every installation needs.
    Server::platform(server.clone(), &home.cluster_directory()).await?.stop().await?;
    fill(&home, devices, history).await?;
    let mut bench =
        Bench { home, server, connections, devices, uplinks: Uplinks::of_devices(0, devices).after(history) };
    say("| restart | seconds since | per second | p50 ms | p99 ms | worst ms |");
    say("|---|---|---|---|---|---|");
    bench.restart("without snapshots").await?;
    bench.restart("with snapshots").await
}

async fn fill(home: &Home, devices: u32, history: u32) -> Result<(), BenchError> {
    let started = Instant::now();
    let cluster = home.start().await?;
    let mut connection = cluster.admin_options().database(LocalCluster::DATABASE).connect().await?;
    say(machine::describe(&admin_options(home)?, home.path()).await?);
    let events = log::fill(&mut connection, devices, history).await?;
    connection.close().await?;
    cluster.stop().await?;
    say(format_args!("{events} events of {devices} devices laid down in {:.0?}", started.elapsed()));
    Ok(())
}

struct Bench {
    home: Home,
    server: Option<PathBuf>,
    connections: usize,
    devices: u32,
    uplinks: Uplinks,
}

impl Bench {
    /// Starts the server under load at once, until every device has sent an uplink and the streams are warm.
    async fn restart(&mut self, how: &str) -> Result<(), BenchError> {
        let server = Server::platform(self.server.clone(), &self.home.cluster_directory()).await?;
        let (started, mut sent, mut samples) = (Instant::now(), 0, Vec::new());
        while sent < self.devices as usize && started.elapsed() < ALL_WITHIN {
            let sample = self.load(&server, WINDOW).await?;
            sent += sample.count();
            print(how, &format!("{:.0}", started.elapsed().as_secs_f64()), &sample);
            samples.push(sample);
        }
        let all = samples.iter().map(|sample| sample.percentile(99)).fold(0.0, f64::max);
        let warm = self.load(&server, WARM).await?;
        print(how, "warm", &warm);
        let first: Vec<_> = samples.iter().map(Sample::rate).take(5).collect();
        let best = first.iter().copied().fold(0.0, f64::max);
        say(format_args!(
            "  {how}: of the warm rate {:.2} at best within 10 s; p99 of the worst window {all:.0} ms; {sent} sent, none refused",
            best / warm.rate()
        ));
        self.wait_for_snapshots(how).await?;
        server.stop().await
    }

    async fn load(&mut self, server: &Server, duration: Duration) -> Result<Sample, BenchError> {
        let load = Load { address: server.address, connections: self.connections, duration };
        let (sample, uplinks) = generate(load, self.uplinks.clone()).await?;
        self.uplinks = uplinks;
        Ok(sample)
    }

    /// Waits until no stream lacks a recent snapshot.
    async fn wait_for_snapshots(&self, how: &str) -> Result<(), BenchError> {
        let started = Instant::now();
        let admin = LocalCluster::attach(&self.home.cluster_directory()).await?;
        let mut connection = admin.database(LocalCluster::DATABASE).connect().await?;
        while lacking(&mut connection).await? > 0 {
            if started.elapsed() > MADE_WITHIN {
                return Err("snapshots are still missing".into());
            }
            sleep(Duration::from_millis(200)).await;
        }
        say(format_args!("  {how}: no snapshot was missing {:.0?} after the load", started.elapsed()));
        Ok(connection.close().await?)
    }
}

/// The number of streams whose snapshot is more than 200 events behind.
async fn lacking(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "select count(*) from streams s left join snapshots n using (aggregate_type, aggregate_id) \
          where s.version - coalesce(n.version, 0) > 200",
    )
    .fetch_one(connection)
    .await
}

fn print(how: &str, when: &str, sample: &Sample) {
    let [p50, p99, worst] = [50, 99, 100].map(|percent| sample.percentile(percent));
    say(format_args!("| {how} | {when} | {:.0} | {p50:.1} | {p99:.1} | {worst:.1} |", sample.rate()));
}

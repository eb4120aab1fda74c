//! `ingest`: signed uplinks over HTTP into the real server, compared with a handler that stores nothing and a stock
//! one.
//!
//! Load, servers and database share the machine and take turns within each repetition: ratios are meaningful, rates are
//! those of this machine in this minute.

mod bytes;
pub(crate) mod children;
mod cold;
pub(crate) mod generator;
pub(crate) mod handlers;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use clap::value_parser;
use parking_database::{LocalCluster, cluster::Layout};
use rustix::process::getpid;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::{Instant, sleep};

use crate::home::Home;
use crate::measure::Sample;
use crate::report::say;
use crate::uplinks::Uplinks;
use crate::{BenchError, cpu, machine, stock};
use children::Server;
use generator::{Load, generate};
use table::{Figures, What};

/// Connections of the load.
const CONNECTIONS: [usize; 2] = [64, 256];

/// Devices that send in turns.
const DEVICES: u32 = 10_000;

/// Not measured: connections, plans and caches warm up, and each device sends an uplink.
const WARM_UP: Duration = Duration::from_secs(3);

/// Projections with a longer catch-up have stopped.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(60);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How often everything is measured.
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The server's program. Default: `parking`, beside this one.
    #[arg(long)]
    server: Option<PathBuf>,
    /// Measure the webhook alone, right after a restart over a full log: without snapshots and with them.
    #[arg(long)]
    cold: bool,
    /// Devices in the full log.
    #[arg(long, default_value_t = 10_000, requires = "cold", value_parser = value_parser!(u32).range(1..))]
    devices: u32,
    /// Events of each of them.
    #[arg(long, default_value_t = 1000, requires = "cold", value_parser = value_parser!(u32).range(1..))]
    history: u32,
    /// Connections that the load after a restart comes over.
    #[arg(long, default_value_t = 64, requires = "cold")]
    connections: usize,
}

/// Measures and prints the figures.
pub(crate) async fn ingest(arguments: Arguments) -> Result<(), BenchError> {
    if arguments.cold {
        return cold::cold(arguments).await;
    }
    let home = Home::new()?;
    let platform = Server::platform(arguments.server, &home.cluster_directory()).await?;
    let admin = LocalCluster::attach(&home.cluster_directory()).await?;
    stock::prepare(&admin).await?;
    let url = Layout::new(&home.cluster_directory())?.url("postgres", stock::DATABASE);
    let mut bench = Bench {
        servers: [
            (What::Ceiling, Server::own("serve-ceiling", None).await?),
            (What::Platform, platform),
            (What::Stock, Server::own("serve-stock", Some(&url)).await?),
        ],
        uplinks: std::array::from_fn(|_| Uplinks::of_devices(0, DEVICES)),
        log: admin.database(LocalCluster::DATABASE).connect().await?,
        duration: Duration::from_secs(arguments.seconds),
        figures: Figures::default(),
        home,
    };
    say(machine::describe(&admin_options(&bench.home)?, bench.home.path()).await?);
    for connections in CONNECTIONS {
        bench.warm_up(connections).await?;
        for repetition in 1..=arguments.repetitions {
            say(format_args!(
                "{connections} connections, repetition {repetition} of {}",
                arguments.repetitions
            ));
            bench.repeat(connections).await?;
        }
    }
    bench.figures.print();
    bytes::print(&mut bench.log).await?;
    for (_, server) in bench.servers {
        server.stop().await?;
    }
    Ok(())
}

fn admin_options(home: &Home) -> Result<PgConnectOptions, BenchError> {
    Ok(Layout::new(&home.cluster_directory())?.admin_options())
}

struct Bench {
    servers: [(What, Server); 3],
    /// The next uplinks for each server.
    uplinks: [Uplinks; 3],
    log: PgConnection,
    duration: Duration,
    figures: Figures,
    home: Home,
}

impl Bench {
    async fn warm_up(&mut self, connections: usize) -> Result<(), BenchError> {
        for server in 0..self.servers.len() {
            self.load(server, connections, WARM_UP).await?;
        }
        self.catch_up().await?;
        Ok(())
    }

    /// Measures every server once.
    async fn repeat(&mut self, connections: usize) -> Result<(), BenchError> {
        for server in 0..self.servers.len() {
            let (what, head) = (self.servers[server].0, self.head().await?);
            let before = self.cpu(server);
            let mut sample = self.load(server, connections, self.duration).await?;
            let after = self.cpu(server);
            sample.cpu =
                after.iter().zip(before).map(|(after, before)| after.saturating_sub(before)).collect();
            if what == What::Platform {
                let stored = self.head().await? - head;
                if usize::try_from(stored) != Ok(sample.count()) {
                    return Err(format!("{} uplinks were accepted, {stored} stored", sample.count()).into());
                }
                let caught_up = self.catch_up().await?;
                self.figures.note_catch_up(connections, caught_up);
            }
            self.figures.note(what, connections, sample);
        }
        self.figures.note_probe(machine::fdatasync(self.home.path())?);
        Ok(())
    }

    async fn load(
        &mut self,
        server: usize,
        connections: usize,
        duration: Duration,
    ) -> Result<Sample, BenchError> {
        let load = Load { address: self.servers[server].1.address, connections, duration };
        let (sample, uplinks) = generate(load, self.uplinks[server].clone()).await?;
        self.uplinks[server] = uplinks;
        Ok(sample)
    }

    async fn head(&mut self) -> Result<i64, BenchError> {
        Ok(sqlx::query_scalar("select position from log_head").fetch_one(&mut self.log).await?)
    }

    /// Waits until all projections have caught up; returns their first lag and the time it took.
    async fn catch_up(&mut self) -> Result<(i64, Duration), BenchError> {
        let (started, mut lag_at_first) = (Instant::now(), None);
        loop {
            let lag: i64 =
                sqlx::query_scalar("select coalesce(max(lag_events), 0) from operator.projection_lag")
                    .fetch_one(&mut self.log)
                    .await?;
            let first = *lag_at_first.get_or_insert(lag);
            if lag == 0 {
                return Ok((first, started.elapsed()));
            }
            if started.elapsed() > CAUGHT_UP_WITHIN {
                return Err(format!("the projections are still {lag} events behind").into());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// CPU time of this process, the server and the database.
    fn cpu(&self, server: usize) -> [Duration; 3] {
        let database = self.home.postmaster().map(cpu::of_family).unwrap_or_default();
        [cpu::of_process(getpid()), self.servers[server].1.cpu(), database]
    }
}

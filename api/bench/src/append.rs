//! `append`: commands into the log, compared with a bare insert of the same rows, with stock postgres-es and with esrs.
//!
//! All measurements take turns on one private, durable server. The machine's speed varies from minute to minute, so
//! only ratios within a repetition are meaningful.

mod esrs;
mod ours;
mod raw;
mod table;

use std::sync::Arc;

use bytes::Bytes;
use parking_database::prepare;
use parking_domain::uplinks::{RecordReport, Uplinks as Aggregate};
use postgres_es::PostgresCqrs;
use rustix::process::getpid;

use crate::environment::now;
use crate::home::Home;
use crate::measure::{Sample, drive};
use crate::report::say;
use crate::uplinks::Uplinks;
use crate::{BenchError, cpu, machine, stock, uplinks};
use esrs::Esrs;
use ours::{Carry, Ours};
use raw::Raw;
use table::{Figures, What};

/// Commands in flight of a measurement with the full number of commands.
const FULL: usize = 256;

/// Streams used in the measurement with streams in memory.
const CACHED_STREAMS: usize = 2560;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How often everything is measured.
    #[arg(long, default_value_t = 5)]
    repetitions: usize,
    /// Commands of one measurement, at 256 in flight; fewer where less is in flight.
    #[arg(long, default_value_t = 30_000)]
    commands: usize,
    /// Commands in flight.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64, 256])]
    in_flight: Vec<usize>,
}

/// A command with its stream and body.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) command: RecordReport,
    pub(crate) body: Bytes,
}

impl Job {
    fn of(body: Bytes) -> Result<Self, BenchError> {
        let (id, command) = uplinks::command(&body, now())?;
        Ok(Self { id, command, body })
    }
}

/// Measures and prints the figures.
pub(crate) async fn append(arguments: Arguments) -> Result<(), BenchError> {
    let home = Home::new()?;
    let cluster = home.start().await?;
    let database = cluster.database();
    prepare(&database).await?;
    stock::prepare(&cluster.admin_options()).await?;
    say(machine::describe(&cluster.admin_options(), home.path()).await?);

    let peers = cluster.layout().url("postgres", stock::DATABASE);
    let mut bench = Bench {
        home: &home,
        commands: arguments.commands,
        in_flight: arguments.in_flight,
        next_device: 0,
        raw: Raw::start(&database.admin).await?,
        ours: Ours::start(&database),
        stock: Arc::new(stock::framework(&peers).await),
        esrs: Esrs::start(&peers).await?,
        figures: Figures::default(),
    };
    for repetition in 1..=arguments.repetitions {
        say(format_args!("repetition {repetition} of {}", arguments.repetitions));
        bench.repeat().await?;
    }
    bench.figures.print();
    drop(bench);
    Ok(cluster.stop().await?)
}

struct Bench<'a> {
    home: &'a Home,
    commands: usize,
    in_flight: Vec<usize>,
    /// A device is new only in its first use.
    next_device: u32,
    raw: Raw,
    ours: Ours,
    stock: Arc<PostgresCqrs<Aggregate>>,
    esrs: Esrs,
    figures: Figures,
}

impl Bench<'_> {
    /// Measures everything once.
    async fn repeat(&mut self) -> Result<(), BenchError> {
        for (what, table) in [(What::Raw, "events"), (What::RawBare, "bare")] {
            let (jobs, before) = (self.new_devices(self.commands)?, self.cpu());
            let sample = self.raw.insert(table, jobs).await?;
            self.note(what, 1, sample, before);
        }
        let (warm, mut cached) = (self.ours.bus(), self.uplinks(CACHED_STREAMS));
        ours::execute(&warm, jobs(&mut cached, CACHED_STREAMS)?, Carry::Body, FULL).await?;
        for concurrency in self.in_flight.clone() {
            let count = self.commands_at(concurrency);
            let mut devices = self.uplinks(count);
            let (first, second) = (jobs(&mut devices, count)?, jobs(&mut devices, count)?);
            let again = jobs(&mut cached, count)?;
            let (keyed, bare) = (self.new_devices(count)?, self.new_devices(count)?);
            for (what, bus, carry, jobs) in [
                (What::New, self.ours.bus(), Carry::Body, first),
                (What::Keyed, self.ours.bus(), Carry::BodyAndKey, keyed),
                (What::Bare, self.ours.bus(), Carry::Nothing, bare),
                (What::Existing, self.ours.bus(), Carry::Body, second),
                (What::Cached, warm.clone(), Carry::Body, again),
            ] {
                let before = self.cpu();
                let sample = ours::execute(&bus, jobs, carry, concurrency).await?;
                self.note(what, concurrency, sample, before);
            }
            self.repeat_peers(count / 2, concurrency).await?;
        }
        Ok(())
    }

    /// Measures the other event stores.
    async fn repeat_peers(&mut self, count: usize, concurrency: usize) -> Result<(), BenchError> {
        for (what, with_body) in [(What::Stock, true), (What::StockBare, false)] {
            let (jobs, before) = (self.new_devices(count)?, self.cpu());
            let sample = self.execute_stock(jobs, with_body, concurrency).await?;
            self.note(what, concurrency, sample, before);
        }
        let (jobs, before) = (self.new_devices(count)?, self.cpu());
        let sample = self.esrs.execute(jobs, concurrency).await?;
        self.note(What::Esrs, concurrency, sample, before);
        Ok(())
    }

    /// Commands of a measurement: fewer where less is in flight, because each commit serves fewer.
    fn commands_at(&self, concurrency: usize) -> usize {
        let share = match concurrency {
            ..8 => 1,
            8..64 => 5,
            64..FULL => 15,
            _ => 30,
        };
        self.commands * share / 30
    }

    async fn execute_stock(
        &self,
        jobs: Vec<Job>,
        with_body: bool,
        concurrency: usize,
    ) -> Result<Sample, BenchError> {
        let framework = self.stock.clone();
        drive(jobs, concurrency, move |Job { id, command, body }| {
            let framework = framework.clone();
            async move {
                let body = with_body.then_some(&body[..]);
                Ok(stock::execute(&framework, &id, command, body).await?)
            }
        })
        .await
    }

    fn uplinks(&mut self, devices: usize) -> Uplinks {
        let devices = u32::try_from(devices).expect("a measurement is bounded");
        self.next_device += devices;
        Uplinks::of_devices(self.next_device - devices, devices)
    }

    fn new_devices(&mut self, count: usize) -> Result<Vec<Job>, BenchError> {
        jobs(&mut self.uplinks(count), count)
    }

    /// CPU time of this process and of the database.
    fn cpu(&self) -> [std::time::Duration; 2] {
        let database = self.home.postmaster().map(cpu::of_family).unwrap_or_default();
        [cpu::of_process(getpid()), database]
    }

    fn note(&mut self, what: What, concurrency: usize, mut sample: Sample, before: [std::time::Duration; 2]) {
        let after = self.cpu();
        sample.cpu = after.iter().zip(before).map(|(after, before)| after.saturating_sub(before)).collect();
        self.figures.note(what, concurrency, sample);
    }
}

fn jobs(uplinks: &mut Uplinks, count: usize) -> Result<Vec<Job>, BenchError> {
    (0..count).map(|_| Job::of(uplinks.make())).collect()
}

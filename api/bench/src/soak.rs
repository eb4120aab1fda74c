//! The soak: writer processes append at random, are killed and disconnected, readers follow, and every promise is
//! checked.
//!
//! A writer process prints each answer on stdout at once. These lines, the readers' records and the log itself are the
//! history that the [`checker`] judges.

mod answer;
mod checker;
mod draw;
mod faults;
mod plan;
pub(crate) mod platform;
mod readers;
mod verdict;
mod violation;
pub(crate) mod writer;
mod writers;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use parking_database::{Database, LocalCluster, Role, prepare};
use rustix::process::{Signal, kill_process};
use sqlx::ConnectOptions;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::BenchError;
use crate::environment::fresh_seed;
use crate::home::Home;
use crate::report::say;
use faults::Fault;
use readers::{Progress, Sightings};
use verdict::{Evidence, judge};
use writers::Writers;

/// Writers without an acknowledgement for this long are stuck.
const STUCK: Duration = Duration::from_secs(60);

/// The pause between two checks of the writers' progress.
const LOOK: Duration = Duration::from_millis(5);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Events to append at least.
    #[arg(long, default_value_t = 1_000_000)]
    events: i64,
    /// A database of the platform's, its log empty; without it a private, durable server is started.
    #[arg(long)]
    url: Option<String>,
    /// Draws by chance what an earlier run drew; how processes interleave cannot be repeated.
    #[arg(long)]
    seed: Option<u64>,
    /// Writer processes.
    #[arg(long, default_value_t = 2)]
    writers: u32,
    /// Appends in flight in each writer.
    #[arg(long, default_value_t = 32)]
    tasks: u32,
    /// Readers that follow the log.
    #[arg(long, default_value_t = 3)]
    readers: usize,
    /// SIGKILLs of writers. Default: one for each 5,000 events, 6 to 100.
    #[arg(long)]
    kills: Option<usize>,
    /// Writers' connections ended by the server. Default: as many.
    #[arg(long)]
    terminations: Option<usize>,
    /// SIGKILLs of the private database server. Default: one for each 250,000 events, at least one.
    #[arg(long)]
    crashes: Option<usize>,
    /// Seconds for which the whole platform is put under stress afterwards: the real server on a private database.
    #[arg(long, default_value_t = 120)]
    platform_seconds: u64,
}

impl Arguments {
    fn of_a_writer(&self, seed: u64, url: &str) -> writer::Arguments {
        let request_keys = u32::try_from(self.events / 50).unwrap_or(u32::MAX).max(1);
        writer::Arguments { url: url.to_owned(), seed, writer: 0, life: 0, tasks: self.tasks, request_keys }
    }

    fn schedule(&self, chance: &mut Rng, private: bool) -> Vec<(i64, Fault)> {
        let times = |each: i64| usize::try_from(self.events / each).unwrap_or_default();
        let kills = self.kills.unwrap_or_else(|| times(5000).clamp(6, 100));
        let terminations = self.terminations.unwrap_or(kills);
        let crashes = if private { self.crashes.unwrap_or_else(|| times(250_000).max(1)) } else { 0 };
        faults::schedule(chance, self.events, self.writers as usize, [kills, terminations, crashes])
    }
}

/// The database of the soak.
struct Place {
    database: Database,
    url: String,
    private: Option<(Home, LocalCluster)>,
}

impl Place {
    async fn of(url: Option<&str>) -> Result<Self, BenchError> {
        if let Some(url) = url {
            return Ok(Self { database: writer::database(url)?, url: url.to_owned(), private: None });
        }
        let home = Home::new()?;
        let cluster = home.start().await?;
        let url = cluster.layout().url("postgres", LocalCluster::DATABASE);
        Ok(Self { database: cluster.database(), url, private: Some((home, cluster)) })
    }
}

/// Runs a soak; fails if a promise was broken.
pub(crate) async fn soak(arguments: Arguments) -> Result<(), BenchError> {
    let seed = arguments.seed.unwrap_or_else(fresh_seed);
    say(format_args!("soak: {} events, seed {seed}", arguments.events));
    let place = Place::of(arguments.url.as_deref()).await?;
    prepare(&place.database).await?;
    refuse_a_used_log(&place.database).await?;

    let started = Instant::now();
    let result = run(&arguments, seed, &place).await;
    let seconds = started.elapsed().as_secs_f64();
    let outcome = match result {
        Ok(evidence) => judge(&place.database, evidence, seconds).await,
        Err(error) => Err(error),
    };
    if let Some((_home, cluster)) = place.private {
        cluster.stop().await?;
    }
    outcome.map_err(|error| BenchError::from(format!("{error} (seed {seed})")))?;
    match arguments.platform_seconds {
        0 => Ok(()),
        seconds => platform::soak(seconds, seed).await,
    }
}

/// What the soak appends can never be removed.
async fn refuse_a_used_log(database: &Database) -> Result<(), BenchError> {
    let mut connection = database.as_role(Role::Auditor).connect().await?;
    let head: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&mut connection).await?;
    if head != 0 {
        return Err(
            "the log holds events: a soak wants a database of its own, it fills the log for ever".into()
        );
    }
    Ok(())
}

/// Runs all parts at once, until enough is written and all readers have seen it.
async fn run(arguments: &Arguments, seed: u64, place: &Place) -> Result<Evidence, BenchError> {
    let mut chance = Rng::with_seed(seed);
    let database = &place.database;
    let progress = Arc::new(Progress::default());
    let mut bystanders = JoinSet::new();
    bystanders.spawn(faults::roll_back(database.clone(), chance.fork()));
    bystanders.spawn(faults::stand_by(database.clone(), chance.fork()));
    let mut readers = JoinSet::new();
    for reader in 0..arguments.readers {
        let options = database.as_role(Role::Projector);
        readers.spawn(readers::read(options, Sightings::of(reader), progress.clone(), chance.fork()));
    }
    let mut writers = Writers::start(arguments.writers, &arguments.of_a_writer(seed, &place.url), &progress)?;
    let schedule = arguments.schedule(&mut chance, place.private.is_some());
    let faults = inject_faults(arguments.events, &schedule, place, &mut writers, &progress).await?;
    let answers = writers.stop().await?;
    wait_for_backends(database).await?;
    progress.written.store(true, Ordering::SeqCst);
    let sightings =
        timeout(STUCK, readers.join_all()).await.map_err(|_| "the readers do not come to the end")?;
    Ok(Evidence { answers, sightings, faults })
}

/// Executes the schedule until enough is acknowledged.
async fn inject_faults(
    events: i64,
    schedule: &[(i64, Fault)],
    place: &Place,
    writers: &mut Writers,
    progress: &Progress,
) -> Result<usize, BenchError> {
    let mut due = schedule.iter().peekable();
    let (mut reached, mut moved) = (0, Instant::now());
    while reached < events {
        let now = progress.acknowledged.load(Ordering::SeqCst);
        if now > reached {
            (reached, moved) = (now, Instant::now());
        } else if moved.elapsed() > STUCK {
            return Err(format!("nothing was acknowledged after position {reached} for {STUCK:?}").into());
        }
        while let Some((_, fault)) = due.next_if(|(at, _)| *at <= reached) {
            match fault {
                Fault::Kill { writer } => writers.kill(*writer),
                // Fails without a server or without a connection to end: then this one is skipped.
                Fault::Terminate => drop(faults::terminate(&place.database.admin).await),
                Fault::Crash => crash(place),
            }
        }
        tokio::select! {
            () = sleep(LOOK) => {}
            error = writers.failed() => return Err(error),
        }
    }
    Ok(schedule.len() - due.len())
}

fn crash(place: &Place) {
    if let Some(pid) = place.private.as_ref().and_then(|(home, _)| home.postmaster()) {
        // It may have ended by itself; the cluster restarts it either way.
        let _gone = kill_process(pid, Signal::KILL);
    }
}

/// A killed writer's last batch may still be committing.
async fn wait_for_backends(database: &Database) -> Result<(), BenchError> {
    let mut admin = database.admin.connect().await?;
    let sql = "select exists (select from pg_stat_activity \
                               where datname = current_database() and application_name = $1)";
    while sqlx::query_scalar(sql).bind(Role::Writer.name()).fetch_one(&mut admin).await? {
        sleep(LOOK).await;
    }
    Ok(())
}

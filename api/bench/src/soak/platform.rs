//! The soak of the whole platform: the real server under reports, bookings, readers, odd input, slow clients, rebuilds
//! and kills; some restarts find no snapshots. Afterwards every acknowledged report must be stored once, the log must
//! be clean, the read models must match the log, and no answer may have been a server error.

pub(crate) mod client;
pub(crate) mod estate;
mod faults;
mod people;
mod sensors;
mod verdict;

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::BenchError;
use crate::home::Home;
use crate::ingest::children::Server;
use crate::report::say;
use client::Client;
use sensors::Acknowledged;

/// The time from a server's start to its kill, in milliseconds.
const LIFE: std::ops::Range<u64> = 4_000..9_000;

/// The state that all tasks of a run share.
#[derive(Clone)]
struct Run {
    client: Client,
    acknowledged: Arc<Acknowledged>,
    stop: CancellationToken,
}

/// Runs for this many seconds; fails if a promise was broken.
pub(super) async fn soak(seconds: u64, seed: u64) -> Result<(), BenchError> {
    say(format_args!("soak of the platform: {seconds} s, seed {seed}"));
    let home = Home::new()?;
    let mut chance = Rng::with_seed(seed);
    let server = Server::platform(None, &home.cluster_directory()).await?;
    let client = Client::new(server.address)?;
    let estate = Arc::new(estate::lay_down(&client).await?);
    let run = Run { client, acknowledged: Arc::default(), stop: CancellationToken::new() };
    let tasks = start(&run, &estate, &home, &mut chance);
    let (server, kills) = kill_again_and_again(&home, server, &run, seconds, &mut chance).await?;
    run.stop.cancel();
    let rebuilds: usize = tasks.join_all().await.into_iter().sum::<Result<usize, BenchError>>()?;
    say(format_args!(
        "{} reports acknowledged, {kills} kills, {rebuilds} rebuilds",
        run.acknowledged.count()
    ));
    let verdict = verdict::judge(&run, &estate, &home, server).await;
    verdict.map_err(|error| format!("{error} (seed {seed})").into())
}

/// Starts all tasks. Each ends soon after `stop` and returns its number of rebuilds.
fn start(
    run: &Run,
    estate: &Arc<estate::Estate>,
    home: &Home,
    chance: &mut Rng,
) -> JoinSet<Result<usize, BenchError>> {
    let mut tasks = JoinSet::new();
    for first in 0..4 {
        tasks.spawn(sensors::report(run.clone(), first, chance.fork()));
    }
    for _ in 0..4 {
        tasks.spawn(people::act(run.clone(), estate.clone(), chance.fork()));
        tasks.spawn(people::read(run.clone(), estate.clone(), chance.fork()));
    }
    tasks.spawn(faults::connect_slowly(run.clone(), chance.fork()));
    tasks.spawn(faults::rebuild(run.clone(), home.cluster_directory(), chance.fork()));
    tasks
}

/// Kills and restarts the server until the time is over; returns the last server and the number of kills.
async fn kill_again_and_again(
    home: &Home,
    mut server: Server,
    run: &Run,
    seconds: u64,
    chance: &mut Rng,
) -> Result<(Server, usize), BenchError> {
    let (end, mut kills) = (Instant::now() + Duration::from_secs(seconds), 0);
    while Instant::now() < end {
        sleep(Duration::from_millis(chance.u64(LIFE))).await;
        server.kill().await?;
        kills += 1;
        if chance.bool() {
            faults::drop_snapshots(home).await?;
        }
        server = Server::platform(None, &home.cluster_directory()).await?;
        run.client.moved_to(server.address);
    }
    Ok((server, kills))
}

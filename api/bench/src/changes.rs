//! Changes seen by another process: how late a follower sees them, and that it misses and repeats none through kills
//! of the server and of its own process.

pub(crate) mod follow;
mod verdict;

use std::process::Stdio;
use std::time::Duration;

use parking_database::{Database, LocalCluster, Logins, Role};
use reqwest::Method;
use serde_json::json;
use sqlx::{ConnectOptions, Executor};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::BenchError;
use crate::home::Home;
use crate::ingest::children::Server;
use crate::report::say;
use crate::soak::platform::client::Client;
use crate::soak::platform::estate::{self, SPACES, dev_eui};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Seconds without a kill, then with kills every two seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Changes a second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
}

/// The time between two kills.
const LIFE: Duration = Duration::from_secs(2);

pub(crate) async fn changes(Arguments { seconds, rate }: Arguments) -> Result<(), BenchError> {
    say(format_args!(
        "{rate} changes a second: {seconds} s in peace, {seconds} s with a kill every two seconds"
    ));
    let home = Home::new()?;
    let mut server = Server::platform(None, &home.cluster_directory()).await?;
    let client = Client::new(server.address)?;
    estate::lay_down(&client).await?;
    let admin = LocalCluster::attach(&home.cluster_directory()).await?.database(LocalCluster::DATABASE);
    let database = Database { admin, logins: Logins::Private };
    prepare(&database).await?;
    let mut reader = start_reader(&home)?;
    let stop = CancellationToken::new();
    let load = start_load(client.clone(), rate, stop.clone());

    sleep(Duration::from_secs(seconds)).await;
    verdict::lateness(&database, "in peace").await?;
    let (end, mut kills) = (Instant::now() + Duration::from_secs(seconds), 0);
    while Instant::now() < end {
        sleep(LIFE).await;
        kills += 1;
        if kills % 2 == 0 {
            server.kill().await?;
            server = Server::platform(None, &home.cluster_directory()).await?;
            client.moved_to(server.address);
        } else {
            reader.kill().await?;
            reader = start_reader(&home)?;
        }
    }
    stop.cancel();
    let sent = load.await?;
    let result = verdict::complete(&database, sent, kills).await;
    reader.kill().await?;
    server.stop().await?;
    result
}

/// Creates the table of what was seen.
async fn prepare(database: &Database) -> Result<(), BenchError> {
    let mut owner = database.as_role(Role::Owner).connect().await?;
    owner
        .execute(
            "create table projections.seen (position bigint, ordinal bigint, seen_at timestamptz); \
             grant select, insert on projections.seen to parking_projector; \
             grant select on projections.seen to parking_auditor",
        )
        .await?;
    Ok(())
}

fn start_reader(home: &Home) -> Result<Child, BenchError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("follow-changes").arg(home.cluster_directory()).kill_on_drop(true);
    Ok(command.stdin(Stdio::null()).spawn()?)
}

/// Sensors report in turns, free and occupied in turns: each report changes a space. Returns how many were acknowledged.
fn start_load(client: Client, rate: u32, stop: CancellationToken) -> JoinHandle<u64> {
    tokio::spawn(async move {
        let mut ticks = interval(Duration::from_secs(1) / rate);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut acknowledged = 0;
        for n in 0_u32.. {
            ticks.tick().await;
            if stop.is_cancelled() {
                break;
            }
            let (sensor, f_cnt) = (n % SPACES, n / SPACES);
            let data = if f_cnt.is_multiple_of(2) { "Afs4AAAxEQA=" } else { "APs4AAAxEQA=" };
            let body = json!({
                "deduplicationId": format!("{sensor:08x}-0000-4000-8000-{f_cnt:012x}"),
                "deviceInfo": {"devEui": dev_eui(sensor), "deviceProfileName": "TBMS100"},
                "devAddr": format!("{sensor:08x}"), "fCnt": f_cnt, "fPort": 102, "data": data,
            });
            let answer = client.ask(Method::POST, "/api/v1/uplink?event=up", Some(&body.to_string())).await;
            acknowledged += u64::from(matches!(answer, Some((200, _))));
        }
        acknowledged
    })
}

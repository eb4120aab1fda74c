//! What must hold at rest.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use parking_database::LocalCluster;
use reqwest::Method;
use serde_json::Value;
use sqlx::{ConnectOptions, Connection};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::Run;
use super::client::Client;
use super::estate::{Estate, SPACES, is_impatient};
use crate::BenchError;
use crate::home::Home;
use crate::ingest::children::Server;
use crate::report::say;

/// Longer than read models take to catch up and sensors take to fall silent.
const REST: Duration = Duration::from_secs(60);

/// Fails when a promise was broken.
pub(super) async fn judge(run: &Run, estate: &Estate, home: &Home, server: Server) -> Result<(), BenchError> {
    settled(&run.client).await?;
    let mut broken = run.client.failures();
    broken.extend(lost_or_doubled(run, home).await?);
    let before = shown(&run.client, estate).await?;
    server.stop().await?;
    let server = Server::platform(None, &home.cluster_directory()).await?;
    run.client.moved_to(server.address);
    settled(&run.client).await?;
    if shown(&run.client, estate).await? != before {
        broken.push("a restart changed what is shown".to_owned());
    }
    for audit in ["check", "diff"] {
        broken.extend(audited(home, audit).await?);
    }
    server.stop().await?;
    if broken.is_empty() {
        say("the platform kept its promises");
        return Ok(());
    }
    for what in &broken {
        say(format_args!("BROKEN: {what}"));
    }
    Err("the platform broke a promise".into())
}

/// Waits until the server is ready and every impatient sensor is silent in both read models that show it.
async fn settled(client: &Client) -> Result<(), BenchError> {
    let (asked, expected) = (Instant::now(), (0..SPACES).filter(|n| is_impatient(*n)).count());
    loop {
        let ready = client.ask(Method::GET, "/health/ready", None).await;
        let devices = client.ask(Method::GET, "/api/v6/devices?page_size=100", None).await;
        let silent = |devices: &Value| {
            devices["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|device| device["silent"] == true)
                .count()
        };
        match (&ready, &devices) {
            (Some((200, _)), Some((200, devices))) if silent(devices) == expected => return Ok(()),
            _ if asked.elapsed() > REST => {
                let found = devices.as_ref().map(|(_, devices)| silent(devices));
                return Err(format!("not at rest: ready {ready:?}, {found:?} of {expected} silent").into());
            }
            _ => sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Checks that every acknowledged report is in the log once.
async fn lost_or_doubled(run: &Run, home: &Home) -> Result<Vec<String>, BenchError> {
    let admin = LocalCluster::attach(&home.cluster_directory()).await?;
    let mut connection = admin.database(LocalCluster::DATABASE).connect().await?;
    let stored: Vec<(String, i64, i64)> = sqlx::query_as(
        "select split_part(aggregate_id, '/', 2), (payload #>> '{UplinkReceived,f_cnt}')::bigint, count(*) \
           from events where event_type = 'UplinkReceived' group by 1, 2",
    )
    .fetch_all(&mut connection)
    .await?;
    connection.close().await?;
    let stored: BTreeMap<(String, i64), i64> =
        stored.into_iter().map(|(dev_eui, f_cnt, count)| ((dev_eui, f_cnt), count)).collect();
    let wrong = |(dev_eui, f_cnt): (String, u32)| {
        let count = stored.get(&(dev_eui.clone(), f_cnt.into())).copied().unwrap_or_default();
        (count != 1).then(|| format!("the acknowledged report {f_cnt} of {dev_eui} is stored {count} times"))
    };
    Ok(run.acknowledged.all().into_iter().filter_map(wrong).take(20).collect())
}

/// The shown state of every space and device.
async fn shown(client: &Client, estate: &Estate) -> Result<Vec<Value>, BenchError> {
    let mut shown = Vec::new();
    for space_id in &estate.spaces {
        let mut space = client.must(Method::GET, &format!("/api/v6/spaces/{space_id}"), None).await?;
        // Bookings still begin and end meanwhile; the sensor state no longer changes.
        shown.push(space["sensor_state"].take());
    }
    let devices = client.must(Method::GET, "/api/v6/devices?page_size=100", None).await?;
    shown.push(devices["items"].clone());
    Ok(shown)
}

/// The auditor tool's findings.
async fn audited(home: &Home, audit: &str) -> Result<Option<String>, BenchError> {
    let programs = std::env::current_exe()?;
    let tool = |name: &str| programs.with_file_name(name);
    let output = run_on(&home.cluster_directory(), &tool("parking"), &tool("replay-tool"), audit).await?;
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Ok((!output.status.success()).then(|| format!("replay-tool {audit}: {said}")))
}

async fn run_on(
    data: &Path,
    parking: &Path,
    tool: &Path,
    audit: &str,
) -> Result<std::process::Output, BenchError> {
    let mut command = Command::new(parking);
    command
        .args(["exec", "--"])
        .arg(tool)
        .arg(audit)
        .env("PARKING_DATA_DIR", data)
        .env_remove("DATABASE_URL");
    Ok(command.kill_on_drop(true).output().await?)
}

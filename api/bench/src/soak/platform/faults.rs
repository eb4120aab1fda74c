//! Slow clients, rebuilds during the run, and restarts without snapshots.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use fastrand::Rng;
use parking_database::LocalCluster;
use parking_projections::list;
use sqlx::{ConnectOptions, Connection};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use super::Run;
use crate::BenchError;
use crate::home::Home;

/// Slow connections that are open at once.
const SLOW: usize = 300;

/// Opens connections that send half a request or nothing, and never read.
pub(super) async fn connect_slowly(run: Run, mut chance: Rng) -> Result<usize, BenchError> {
    let mut open = Vec::new();
    while !run.stop.is_cancelled() {
        if open.len() >= SLOW {
            open.drain(..SLOW / 3);
        }
        if let Ok(mut stream) = TcpStream::connect(run.client.address()).await {
            if chance.bool() {
                // The server may have closed it already.
                stream.write_all(b"POST /api/v1/uplink HTTP/1.1\r\nhost: soak\r\n").await.unwrap_or_default();
            }
            open.push(stream);
        }
        sleep(Duration::from_millis(chance.u64(1..20))).await;
    }
    Ok(0)
}

/// Rebuilds projections beside the server, which may be killed meanwhile; returns the number of rebuilds.
pub(super) async fn rebuild(run: Run, data: PathBuf, mut chance: Rng) -> Result<usize, BenchError> {
    let program = std::env::current_exe()?.with_file_name("parking");
    let mut rebuilt = 0;
    while !run.stop.is_cancelled() {
        let Some(projection) = chance.choice(list::names()) else { break };
        let mut command = Command::new(&program);
        command.args(["rebuild", projection]).env("PARKING_DATA_DIR", &data).env_remove("DATABASE_URL");
        let output =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).output().await?;
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        if said.contains("differ") {
            run.client.fail(format!("rebuilt rows differ from live ones: {said}"));
        }
        rebuilt += usize::from(output.status.success());
        sleep(Duration::from_millis(chance.u64(200..1500))).await;
    }
    Ok(rebuilt)
}

/// The next server finds no snapshot, as after a restore without them.
pub(super) async fn drop_snapshots(home: &Home) -> Result<(), BenchError> {
    let admin = LocalCluster::attach(&home.cluster_directory()).await?;
    let mut connection = admin.database(LocalCluster::DATABASE).connect().await?;
    sqlx::query("delete from snapshots").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

//! One rebuild in its own process, which reports its figures.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use parking_database::{Database, LocalCluster, Logins, Role};
use parking_projections::devices::Devices;
use parking_projections::projection::Projection;
use parking_projections::rebuild as projections;
use parking_projections::registry::Registry;
use parking_projections::space_occupancy::SpaceOccupancies;
use tokio::process::Command;
use tokio::time::Instant;

use super::table::Measured;
use super::{cpu, used_since};
use crate::BenchError;
use crate::cpu::peak_memory;
use crate::home::Home;
use crate::report::say;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The projection.
    projection: String,
    /// The database server's directory.
    directory: PathBuf,
}

/// Rebuilds a projection in another process.
pub(super) async fn rebuild(home: &Home, projection: &str) -> Result<Measured, BenchError> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("rebuild").arg(projection).arg(home.cluster_directory()).kill_on_drop(true);
    let output = command.stderr(Stdio::inherit()).output().await?;
    if !output.status.success() {
        return Err(format!("the rebuild of {projection} failed").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs in that process.
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let admin = LocalCluster::attach(&arguments.directory).await?.database(LocalCluster::DATABASE);
    let database = Database { admin, logins: Logins::Separate };
    let measured = match arguments.projection.as_str() {
        Devices::NAME => measure::<Devices>(&database, &arguments.directory).await?,
        Registry::NAME => measure::<Registry>(&database, &arguments.directory).await?,
        SpaceOccupancies::NAME => measure::<SpaceOccupancies>(&database, &arguments.directory).await?,
        other => return Err(format!("there is no projection {other}").into()),
    };
    say(serde_json::to_string(&measured)?);
    Ok(())
}

async fn measure<P: Projection>(database: &Database, cluster: &Path) -> Result<Measured, BenchError> {
    let (owner, projector) = (database.as_role(Role::Owner), database.as_role(Role::Projector));
    let (started, before) = (Instant::now(), cpu(cluster));
    let (mut folded, mut used) = (Duration::ZERO, [Duration::ZERO; 2]);
    let compared = projections::rebuild::<P>(&owner, &projector, |position, target| {
        if position == target {
            (folded, used) = (started.elapsed(), used_since(cluster, before));
        }
    })
    .await?;
    Ok(Measured {
        folded,
        whole: started.elapsed(),
        cpu: used,
        peak_kib: peak_memory(),
        different: compared.tables.iter().map(|table| table.different).sum(),
    })
}

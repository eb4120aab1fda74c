//! One rebuild in its own process, which reports its figures.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_database::{Database, LocalCluster, Logins, Role};
use parking_projections::engine::projection::Projection;
use parking_projections::engine::rebuild as projections;
use parking_projections::list::{self, Visitor};
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
    let database = Database { admin, logins: Logins::Private };
    let name = arguments.projection;
    let named = list::each(&mut Measurements).into_iter().find(|(projection, _)| *projection == name);
    let (_, measure) = named.ok_or_else(|| format!("there is no projection {name}"))?;
    let measured = measure(&database, &arguments.directory).await?;
    say(serde_json::to_string(&measured)?);
    Ok(())
}

/// Makes the function that measures the rebuild of a projection.
struct Measurements;

type Measure = for<'a> fn(&'a Database, &'a Path) -> BoxFuture<'a, Result<Measured, BenchError>>;

impl Visitor for Measurements {
    type Output = (&'static str, Measure);

    fn visit<P: Projection>(&mut self) -> Self::Output {
        (P::NAME, |database, cluster| Box::pin(measure::<P>(database, cluster)))
    }
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

//! `diff`: do the read models match the log? Folds the whole log again and compares row by row.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use parking_projections::devices::Devices;
use parking_projections::diff::{Difference, diff};
use parking_projections::projection::Projection;
use parking_projections::registry::Registry;
use parking_projections::space_occupancy::SpaceOccupancies;

use crate::ToolError;
use crate::log::Log;
use crate::progress;

/// Which projections.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only this projection: `devices`, `registry` or `space_occupancy`.
    projection: Option<String>,
}

/// Exit code 0 when live rows and log agree, 1 when they do not: also when the projection has stopped or holds streams
/// back. Skips in the log and dead letters are listed and count as agreement.
pub(crate) async fn compare(mut log: Log, which: &Which) -> Result<ExitCode, ToolError> {
    let names = [Devices::NAME, Registry::NAME, SpaceOccupancies::NAME];
    if let Some(name) = which.projection.as_deref().filter(|name| !names.contains(name)) {
        return Err(format!("there is no projection {name}: there are {}", names.join(", ")).into());
    }
    let wanted = |name: &str| which.projection.as_deref().is_none_or(|only| only == name);
    let mut same = true;
    if wanted(Devices::NAME) {
        same &= one::<Devices>(&mut log).await?;
    }
    if wanted(Registry::NAME) {
        same &= one::<Registry>(&mut log).await?;
    }
    if wanted(SpaceOccupancies::NAME) {
        same &= one::<SpaceOccupancies>(&mut log).await?;
    }
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// True when there is no difference.
async fn one<P: Projection>(log: &mut Log) -> Result<bool, ToolError> {
    let bar = progress::bar(log.head);
    let found = diff::<P>(log.connection(), |position, _| progress::show(&bar, position)).await?;
    bar.finish_and_clear();
    let Some(found) = found else {
        crate::print(&format!("{}: has not run yet", P::NAME))?;
        return Ok(true);
    };
    let Difference { position, tables, account } = &found;
    let mut report = format!("{} at position {position}", P::NAME);
    for line in account.lines(P::NAME) {
        write!(report, "\n  {line}")?;
    }
    for table in tables {
        write!(report, "\n  {table}")?;
        for example in &table.examples {
            write!(report, "\n    {example}")?;
        }
    }
    crate::print(&report)?;
    Ok(found.is_clean())
}

//! `diff`: do the read models match the log? Folds the whole log again and compares row by row.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use futures_util::future::BoxFuture;
use parking_projections::engine::diff::{Difference, diff};
use parking_projections::engine::projection::Projection;
use parking_projections::list::{self, Visitor};

use crate::ToolError;
use crate::log::Log;
use crate::progress;

/// Which projections.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only this projection: `fleet`, `registry` or `occupancy`.
    projection: Option<String>,
}

/// Exit code 0 when live rows and log agree, 1 when they do not: also when the projection has stopped or holds streams
/// back. Skips in the log and dead letters are listed and count as agreement.
pub(crate) async fn compare(mut log: Log, which: &Which) -> Result<ExitCode, ToolError> {
    let names = list::names();
    if let Some(name) = which.projection.as_deref().filter(|name| !names.contains(name)) {
        return Err(format!("there is no projection {name}: there are {}", names.join(", ")).into());
    }
    let mut same = true;
    for (name, compare) in list::each(&mut Comparisons) {
        if which.projection.as_deref().is_none_or(|only| only == name) {
            same &= compare(&mut log).await?;
        }
    }
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Makes the function that compares a projection.
struct Comparisons;

impl Visitor for Comparisons {
    type Output = (&'static str, fn(&mut Log) -> BoxFuture<'_, Result<bool, ToolError>>);

    fn visit<P: Projection>(&mut self) -> Self::Output {
        (P::NAME, |log| Box::pin(one::<P>(log)))
    }
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

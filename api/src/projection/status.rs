//! `parking projection status`: how far each projection is, and what its rows lack.

use std::io::{self, Write};
use std::process::ExitCode;

use parking_database::Database;

use super::{Seen, look};
use crate::CommandError;

/// Exit code 0 when all projections run and hold nothing back.
pub(super) async fn print(database: &Database) -> Result<ExitCode, CommandError> {
    let (head, projections) = look(database).await?;
    let mut out = io::stdout().lock();
    for Seen { standing, account } in &projections {
        writeln!(out, "{} is at position {} of {head}", standing.projection, standing.position)?;
        for line in account.lines(&standing.projection) {
            writeln!(out, "  {line}")?;
        }
    }
    let settled = projections.iter().all(|seen| seen.account.is_settled());
    Ok(if settled { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

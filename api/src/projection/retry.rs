//! `parking projection retry`: tries again what a projection could not apply.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use parking_database::{Database, Role};
use sqlx::ConnectOptions;
use tokio::time::{sleep, timeout};

use super::{Seen, look};
use crate::CommandError;
use crate::place::Running;
use crate::rebuild::{rebuild_one, wanted};

/// How long a server may take for the retry, and the pause between two looks.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(200);

/// Exit code 0 when everything could be applied.
pub(super) async fn retry(running: &Running, named: Option<&str>) -> Result<ExitCode, CommandError> {
    let wanted = wanted(named)?;
    let (_, projections) = look(&running.database).await?;
    let mut settled = true;
    for seen in projections.iter().filter(|seen| wanted.contains(&&*seen.standing.projection)) {
        settled &= settle(running, seen).await?;
    }
    Ok(if settled { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Restarts a projection, or rebuilds its rows if they lack events. False when they still do.
pub(super) async fn settle(running: &Running, seen: &Seen) -> Result<bool, CommandError> {
    let name = &seen.standing.projection;
    if !seen.account.held.is_empty() || !seen.account.unapplied.is_empty() {
        return rebuild_one(&running.database, name).await;
    }
    if seen.account.stopped.is_none() {
        writeln!(io::stdout(), "{name} runs: there is nothing to try again")?;
        return Ok(true);
    }
    ask(&running.database, name).await?;
    if running.cluster.is_some() {
        writeln!(io::stdout(), "{name} tries again when the platform is started")?;
        return Ok(true);
    }
    outcome(&running.database, name).await
}

/// The runner reads this about twice a second.
async fn ask(database: &Database, name: &str) -> Result<(), CommandError> {
    let mut projector = database.as_role(Role::Projector).connect().await?;
    sqlx::query(
        "update projections.checkpoints set status = 'retrying' where projection = $1 and status = 'stopped'",
    )
    .bind(name)
    .execute(&mut projector)
    .await?;
    Ok(())
}

/// Waits until the projection runs or has stopped again.
async fn outcome(database: &Database, name: &str) -> Result<bool, CommandError> {
    let mut auditor = super::auditor(database).await?;
    let tried = async {
        loop {
            let query = "select status, position, coalesce(failure, '') from projections.checkpoints where projection = $1";
            let (status, position, failure): (String, i64, String) =
                sqlx::query_as(query).bind(name).fetch_one(&mut auditor).await?;
            match &*status {
                "running" => return Ok((true, format!("{name} runs, at position {position}"))),
                "stopped" => return Ok((false, format!("{name} has stopped again: {failure}"))),
                _ => sleep(PAUSE).await,
            }
        }
    };
    let in_time: Result<Result<_, sqlx::Error>, _> = timeout(PATIENCE, tried).await;
    let (well, line) = in_time.unwrap_or_else(|_| Ok((false, still_trying(name))))?;
    writeln!(io::stdout(), "{line}")?;
    Ok(well)
}

fn still_trying(name: &str) -> String {
    let seconds = PATIENCE.as_secs();
    format!(
        "{name} has neither run nor stopped within {seconds} s: a platform that runs is still trying, and without one it \
         is tried when one is started; `parking projection status` shows which"
    )
}

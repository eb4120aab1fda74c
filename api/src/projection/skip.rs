//! `parking projection skip`: makes a projection pass over an event for ever. The log records the skip first; then the
//! projection goes on, or its rows are rebuilt. After an interruption the same command continues.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use parking_commands::bus::Bus;
use parking_commands::skipping::{self, Skip, SkipError};
use parking_database::Database;
use parking_domain::log::Log;
use parking_failpoint::reach;
use parking_projections::engine::feed;
use tokio::time::sleep;

use super::{Seen, look, retry};
use crate::CommandError;
use crate::environment::{Clock, SystemClock};
use crate::log::stream;
use crate::place::Running;
use crate::rebuild::wanted;

/// How often the command retries while the projection tries the event or the database is busy, and the pause between.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// The event to skip, and the reason.
pub(super) struct Request {
    pub(super) position: i64,
    pub(super) reason: String,
    pub(super) undecodable: bool,
}

/// Exit code 0 when the projections that were before the event run again and hold nothing back.
pub(super) async fn skip(
    running: &Running,
    named: Option<&str>,
    request: Request,
) -> Result<ExitCode, CommandError> {
    let wanted = wanted(named)?;
    check_event(&running.database, &request).await?;
    let (_, projections) = look(&running.database).await?;
    let named = projections.iter().filter(|seen| wanted.contains(&&*seen.standing.projection));
    let standing: Vec<&Seen> = named.filter(|seen| is_before(seen, &request)).collect();
    if standing.is_empty() {
        return Err(format!(
            "no projection stands before position {}: `parking projection status` says where they stand",
            request.position
        )
        .into());
    }
    reach("skip.checked");
    record(&running.database, &standing, &request).await?;
    reach("skip.written");
    let (_, projections) = look(&running.database).await?;
    let mut settled = true;
    for before in &standing {
        let name = &before.standing.projection;
        let Some(seen) = projections.iter().find(|seen| seen.standing.projection == *name) else { continue };
        settled &= retry::settle(running, seen).await?;
        reach("skip.settled");
    }
    Ok(if settled { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks that the event exists and that `undecodable` is true of it.
async fn check_event(database: &Database, request: &Request) -> Result<(), CommandError> {
    let mut auditor = super::auditor(database).await?;
    let position = request.position;
    let event = feed::read(&mut auditor, position - 1, 1).await?;
    let Some(event) = event.first() else {
        return Err(format!("the log has no position {position}").into());
    };
    match (event.decode(), request.undecodable) {
        (Ok(_), true) => {
            Err(format!("position {position} can be read: skip it without --undecodable").into())
        }
        (Err(error), false) => {
            writeln!(
                io::stderr(),
                "position {position} cannot be read ({error}): commands to its stream fail until it is skipped with \
                 --undecodable"
            )?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// True also if the event is already skipped: then the remaining steps are done.
fn is_before(seen: &Seen, request: &Request) -> bool {
    let account = &seen.account;
    let is_it = |position: i64| position == request.position;
    seen.standing.stopped_at.is_some_and(is_it)
        || account.held.iter().any(|held| is_it(held.cause))
        || account.unapplied.iter().any(|skip| is_it(skip.position))
        || account.skipped.iter().any(|event| is_it(event.position))
        || (request.undecodable && account.dead_letters.iter().any(|event| is_it(event.position)))
}

/// Records the skip for each of the projections in the log.
async fn record(database: &Database, standing: &[&Seen], request: &Request) -> Result<(), CommandError> {
    stream::with(database, async |log| {
        for seen in standing {
            write_one(log, &seen.standing.projection, request).await?;
        }
        Ok(())
    })
    .await?
}

async fn write_one(log: &Bus<Log>, projection: &str, request: &Request) -> Result<(), CommandError> {
    let skip = Skip {
        position: request.position,
        projection: projection.to_owned(),
        reason: request.reason.clone(),
        undecodable: request.undecodable,
    };
    let mut attempts = 1;
    loop {
        let line = match skipping::skip(log, &skip, SystemClock.now()).await {
            Ok(skip_position) => {
                format!("{projection} skips position {}, by position {skip_position}", skip.position)
            }
            Err(SkipError::AlreadySkipped) => {
                format!("{projection} skips position {} already", skip.position)
            }
            Err(SkipError::NotThere(_) | SkipError::Busy(_)) if attempts < ATTEMPTS => {
                attempts += 1;
                sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        return Ok(writeln!(io::stdout(), "{line}")?);
    }
}

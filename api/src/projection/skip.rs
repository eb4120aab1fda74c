//! `parking projection skip`: an event that a projection cannot take is passed over for ever. The log says so first; then
//! the projection goes on, or its rows are made anew. Interrupted anywhere, the same command goes on from there.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use parking_commands::bus::Bus;
use parking_commands::skipping::{self, Skip, SkipError};
use parking_database::Database;
use parking_domain::log::Log;
use parking_failpoint::reach;
use parking_projections::feed;
use tokio::time::sleep;

use super::{Seen, look, retry};
use crate::CommandError;
use crate::environment::{Clock, SystemClock};
use crate::log::stream;
use crate::place::Running;
use crate::rebuild::wanted;

/// How often a projection is asked that tries the event at this moment, or a database that is busy; and the pause between.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(250);

/// What is to be skipped, and why.
pub(super) struct Wish {
    pub(super) position: i64,
    pub(super) reason: String,
    pub(super) undecodable: bool,
}

/// Exit code 0 when the projections that stood before the event run again, and hold nothing back.
pub(super) async fn skip(
    running: &Running,
    named: Option<&str>,
    wish: Wish,
) -> Result<ExitCode, CommandError> {
    let wanted = wanted(named)?;
    check_event(&running.database, &wish).await?;
    let (_, projections) = look(&running.database).await?;
    let named = projections.iter().filter(|seen| wanted.contains(&&*seen.standing.projection));
    let standing: Vec<&Seen> = named.filter(|seen| stands_before(seen, &wish)).collect();
    if standing.is_empty() {
        return Err(format!(
            "no projection stands before position {}: `parking projection status` says where they stand",
            wish.position
        )
        .into());
    }
    reach("skip.checked");
    write_down(&running.database, &standing, &wish).await?;
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

/// The event is there, and what is said of it is true.
async fn check_event(database: &Database, wish: &Wish) -> Result<(), CommandError> {
    let mut auditor = super::auditor(database).await?;
    let position = wish.position;
    let event = feed::read(&mut auditor, position - 1, 1).await?;
    let Some(event) = event.first() else {
        return Err(format!("the log has no position {position}").into());
    };
    match (event.decode(), wish.undecodable) {
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

/// True where the event is skipped already, too: what is left to be done is done.
fn stands_before(seen: &Seen, wish: &Wish) -> bool {
    let account = &seen.account;
    let is_it = |position: i64| position == wish.position;
    seen.standing.stopped_at.is_some_and(is_it)
        || account.held.iter().any(|held| is_it(held.cause))
        || account.unapplied.iter().any(|skip| is_it(skip.position))
        || account.skipped.iter().any(|event| is_it(event.position))
        || (wish.undecodable && account.dead_letters.iter().any(|event| is_it(event.position)))
}

/// Writes into the log that each of the projections skips the event.
async fn write_down(database: &Database, standing: &[&Seen], wish: &Wish) -> Result<(), CommandError> {
    stream::with(database, async |log| {
        for seen in standing {
            write_one(log, &seen.standing.projection, wish).await?;
        }
        Ok(())
    })
    .await?
}

async fn write_one(log: &Bus<Log>, projection: &str, wish: &Wish) -> Result<(), CommandError> {
    let skip = Skip {
        position: wish.position,
        projection: projection.to_owned(),
        reason: wish.reason.clone(),
        undecodable: wish.undecodable,
    };
    let mut attempts = 1;
    loop {
        let line = match skipping::skip(log, &skip, SystemClock.now()).await {
            Ok(skip_position) => format!("{projection} skips position {}, by position {skip_position}", skip.position),
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

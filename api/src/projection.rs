//! `parking projection`: the status of projections, and commands for one that has stopped or holds streams back.

mod retry;
mod skip;
mod status;

use std::process::ExitCode;

use parking_database::{Database, Role, check_format};
use parking_projections::engine::account::{self, Account};
use parking_projections::engine::standing::{self, ProjectionStanding, ProjectionsStatus};
use sqlx::{ConnectOptions, PgConnection};

use crate::CommandError;
use crate::cli::{self, ProjectionCommand};
use crate::place::{Place, Running};

/// Runs the subcommand on the platform's database, whether the platform is up or not.
pub(crate) async fn projection(arguments: cli::Projection) -> Result<ExitCode, CommandError> {
    let running = Running::join_or_start(Place::of(&arguments.place)?).await?;
    let result = async {
        check_format(&running.database).await?;
        match arguments.what {
            ProjectionCommand::Status => status::print(&running.database).await,
            ProjectionCommand::Retry { projection } => retry::retry(&running, projection.as_deref()).await,
            ProjectionCommand::Skip { projection, position, reason, undecodable } => {
                let request = skip::Request { position, reason, undecodable };
                skip::skip(&running, projection.as_deref(), request).await
            }
        }
    };
    let result = result.await;
    running.stop().await?;
    result
}

/// A projection's status and account.
struct Seen {
    standing: ProjectionStanding,
    account: Account,
}

async fn auditor(database: &Database) -> Result<PgConnection, sqlx::Error> {
    database.as_role(Role::Auditor).connect().await
}

/// The status of each projection, and the head.
async fn look(database: &Database) -> Result<(i64, Vec<Seen>), CommandError> {
    let mut auditor = auditor(database).await?;
    let ProjectionsStatus { head, projections, .. } = standing::read(&mut auditor).await?;
    let mut seen = Vec::with_capacity(projections.len());
    for standing in projections {
        let account = account::read(&mut auditor, &standing.projection, standing.position).await?;
        seen.push(Seen { standing, account });
    }
    Ok((head, seen))
}

//! `parking rebuild`: the rows of read models made anew from the log while the platform serves.

use std::io::{self, IsTerminal, Write};

use parking_database::{Database, Role, check_format};
use parking_projections::compare::Compared;
use parking_projections::devices::Devices;
use parking_projections::projection::Projection;
use parking_projections::rebuild::rebuild;
use parking_projections::registry::Registry;
use parking_projections::space_occupancy::SpaceOccupancies;

use crate::CommandError;
use crate::cli;
use crate::place::{Place, Running};

/// Rebuilds one projection or all of them; a server that is up goes on serving.
pub(crate) async fn rebuild_all(arguments: cli::Rebuild) -> Result<(), CommandError> {
    let wanted = arguments.projection.as_deref();
    let names = [Devices::NAME, Registry::NAME, SpaceOccupancies::NAME];
    if let Some(name) = wanted.filter(|name| !names.contains(name)) {
        return Err(format!("there is no projection {name}: there are {}", names.join(", ")).into());
    }
    let running = Running::join_or_start(Place::of(&arguments.place)?).await?;
    let result = async {
        check_format(&running.database).await?;
        one::<Devices>(&running.database, wanted).await?;
        one::<Registry>(&running.database, wanted).await?;
        one::<SpaceOccupancies>(&running.database, wanted).await
    };
    let result = result.await;
    running.stop().await?;
    result
}

async fn one<P: Projection>(database: &Database, wanted: Option<&str>) -> Result<(), CommandError> {
    if wanted.is_some_and(|name| name != P::NAME) {
        return Ok(());
    }
    let (owner, projector) = (database.as_role(Role::Owner), database.as_role(Role::Projector));
    let tables = rebuild::<P>(&owner, &projector, |position, target| show::<P>(position, target)).await?;
    report::<P>(&tables)?;
    Ok(())
}

/// Where a rebuild has come to, on a terminal only.
fn show<P: Projection>(position: i64, target: i64) {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        // A progress that cannot be shown is no reason to stop.
        write!(terminal, "\r{}: {position} of {target} positions ", P::NAME).unwrap_or_default();
    }
}

fn report<P: Projection>(tables: &[Compared]) -> io::Result<()> {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        writeln!(terminal)?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{} rebuilt", P::NAME)?;
    tables.iter().try_for_each(|table| writeln!(out, "  {table}"))
}

//! `parking rebuild`: rebuilds rows of read models from the log while the platform serves.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use futures_util::future::BoxFuture;
use parking_database::{Database, Role, check_format};
use parking_projections::engine::account::Account;
use parking_projections::engine::projection::Projection;
use parking_projections::engine::rebuild::{Rebuilt, rebuild};

use parking_projections::list::{self, Visitor};

use crate::CommandError;
use crate::cli;
use crate::place::{Place, Running};

/// Rebuilds one projection or all; a running server goes on serving. Fails when the rows hold a stream back.
pub(crate) async fn rebuild_all(arguments: cli::Rebuild) -> Result<ExitCode, CommandError> {
    let wanted = wanted(arguments.projection.as_deref())?;
    let running = Running::join_or_start(Place::of(&arguments.place)?).await?;
    let result = async {
        check_format(&running.database).await?;
        let mut whole = true;
        for name in wanted {
            whole &= rebuild_one(&running.database, name).await?;
        }
        Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    };
    let result = result.await;
    running.stop().await?;
    result
}

/// The named projection, or all.
pub(crate) fn wanted(only: Option<&str>) -> Result<Vec<&'static str>, CommandError> {
    let names = list::names();
    match only {
        None => Ok(names),
        Some(only) => match names.iter().find(|name| **name == only) {
            Some(name) => Ok(vec![name]),
            None => Err(format!("there is no projection {only}: there are {}", names.join(", ")).into()),
        },
    }
}

/// Rebuilds the projection of this name. False when its rows hold a stream back.
pub(crate) async fn rebuild_one(database: &Database, name: &str) -> Result<bool, CommandError> {
    let named = list::each(&mut Rebuilds).into_iter().find(|(projection, _)| *projection == name);
    let (_, rebuild) = named.ok_or_else(|| format!("there is no projection {name}"))?;
    rebuild(database).await
}

/// Makes the function that rebuilds a projection.
struct Rebuilds;

impl Visitor for Rebuilds {
    type Output = (&'static str, fn(&Database) -> BoxFuture<'_, Result<bool, CommandError>>);

    fn visit<P: Projection>(&mut self) -> Self::Output {
        (P::NAME, |database| Box::pin(one::<P>(database)))
    }
}

async fn one<P: Projection>(database: &Database) -> Result<bool, CommandError> {
    let (owner, projector) = (database.as_owner()?, database.as_role(Role::Projector));
    let rebuilt = rebuild::<P>(&owner, &projector, |position, target| show::<P>(position, target)).await;
    let rebuilt = rebuilt.map_err(|error| format!("{} was not rebuilt: {error}", P::NAME))?;
    report::<P>(&rebuilt)?;
    Ok(rebuilt.held.is_empty())
}

/// Shows the progress of a rebuild, on a terminal only.
fn show<P: Projection>(position: i64, target: i64) {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        // A rebuild does not stop because its progress cannot be shown.
        write!(terminal, "\r{}: {position} of {target} positions ", P::NAME).unwrap_or_default();
    }
}

fn report<P: Projection>(rebuilt: &Rebuilt) -> io::Result<()> {
    let mut terminal = io::stderr();
    if terminal.is_terminal() {
        writeln!(terminal)?;
    }
    let mut out = io::stdout().lock();
    writeln!(out, "{} rebuilt", P::NAME)?;
    rebuilt.tables.iter().try_for_each(|table| writeln!(out, "  {table}"))?;
    let account = Account { held: rebuilt.held.clone(), ..Account::default() };
    account.lines(P::NAME).iter().try_for_each(|line| writeln!(out, "  {line}"))
}

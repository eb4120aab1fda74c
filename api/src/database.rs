//! `parking database`: logins and migrations on a server of one's own, and analysts.

use std::io::{self, Write};

use parking_commands::randomness::Randomness;
use parking_database::analysts::{self, Analyst};
use parking_database::{init, migrate};

use crate::CommandError;
use crate::cli::{self, AnalystCommand, DatabaseCommand};
use crate::environment::SystemRandomness;
use crate::place::{Place, Running};

/// Runs the subcommand. What it prints on stdout has passwords that are printed once.
pub(crate) async fn database(arguments: cli::Database) -> Result<(), CommandError> {
    let fill = |bytes: &mut [u8]| SystemRandomness.fill(bytes);
    match arguments.what {
        DatabaseCommand::Init { new_passwords } => {
            let Place::Named(database) = Place::administered(&arguments.place)? else {
                return Err("DATABASE_URL is missing: set it to the URL of a superuser, or of a role that may create roles and \
                            databases; the private database needs no passwords"
                    .into());
            };
            let logins = init(&database, new_passwords, fill).await?;
            let mut out = io::stdout().lock();
            if logins.is_empty() {
                writeln!(io::stderr(), "every login has its password; --new-passwords replaces them")?;
            }
            logins.iter().try_for_each(|login| writeln!(out, "{}={}", login.variable, login.url))?;
        }
        DatabaseCommand::Migrate => {
            let Place::Named(database) = Place::of(&arguments.place)? else {
                return Err(
                    "PARKING_MIGRATION_URL is missing; `parking up` migrates the private database".into()
                );
            };
            migrate(&database).await?;
        }
        DatabaseCommand::Analyst { what } => {
            let running = Running::join_or_start(Place::administered(&arguments.place)?).await?;
            let result = analyst(&running, what).await;
            running.stop().await?;
            result?;
        }
    }
    Ok(())
}

async fn analyst(running: &Running, what: AnalystCommand) -> Result<(), CommandError> {
    let mut out = io::stdout();
    match what {
        AnalystCommand::Add { name, tenant } => {
            let fill = |bytes: &mut [u8]| SystemRandomness.fill(bytes);
            let (role, url) = analysts::add(&running.database, &name, &tenant, fill).await?;
            match url {
                Some(url) => writeln!(out, "{url}")?,
                None => writeln!(
                    out,
                    "{role}: this machine's user {name} logs in with PARKING_ROLE={role} ./parking psql"
                )?,
            }
        }
        AnalystCommand::Remove { name } => {
            let role = analysts::remove(&running.database, &name).await?;
            writeln!(out, "{role} is removed")?;
        }
        AnalystCommand::List => {
            for Analyst { role, tenant_id } in analysts::list(&running.database).await? {
                writeln!(out, "{role}  tenant {tenant_id}")?;
            }
        }
    }
    Ok(())
}

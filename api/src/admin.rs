//! The platform's first admin, and `parking admin`: the way back in from the host.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::Arc;

use parking_commands::accounts::{Accounts, Bootstrapped, Call, FirstAdmin, NewPassword, Reach, Settings};
use parking_commands::platform::Platform;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::LogStore;
use parking_commands::writer::Writer;
use parking_database::{Database, Role, check_format};
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use crate::CommandError;
use crate::cli;
use crate::environment::{Clock, SystemClock, SystemIds, SystemRandomness};
use crate::place::{Place, Running};

/// The longest file of a password that is read, in bytes.
const LONGEST_FILE: u64 = 4096;

/// The first admin, to be made when the server has started.
pub(crate) struct First {
    email: String,
    reach: Reach,
    /// An open server has an admin only if a password is given: nobody would read a generated one.
    is_open: bool,
}

/// What is to be said about the first admin, once.
struct Made(Option<(String, NewPassword)>);

/// The first admin of the platform.
pub(crate) fn first(arguments: &cli::Up) -> First {
    let reach = if arguments.listen.ip().is_loopback() && !arguments.edge.has_proxies() {
        Reach::Loopback
    } else {
        Reach::Network
    };
    First { email: arguments.admin_email.clone(), reach, is_open: arguments.open }
}

/// The password of the environment. There is no flag for it: everyone on the machine reads command lines.
fn password() -> Result<Option<SecretString>, CommandError> {
    if let Some(password) = std::env::var_os("PARKING_ADMIN_PASSWORD").filter(|text| !text.is_empty()) {
        let password =
            password.into_string().map_err(|_| "PARKING_ADMIN_PASSWORD is not UTF-8: set another")?;
        return Ok(Some(password.into()));
    }
    let Some(file) = std::env::var_os("PARKING_ADMIN_PASSWORD_FILE").filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let mut text = String::new();
    let read = File::open(&file).and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
    read.map_err(|error| format!("cannot read the file of PARKING_ADMIN_PASSWORD_FILE: {error}"))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err("the file of PARKING_ADMIN_PASSWORD_FILE is empty: write the password into it".into());
    }
    Ok(Some(password.into()))
}

impl First {
    /// Makes the admin, unless the platform has one, and prints a generated password. Only then the settings for the password
    /// are read: a file with it may be gone later.
    pub(crate) async fn make(self, accounts: &Accounts) -> Result<(), CommandError> {
        let Self { email, reach, is_open } = self;
        if reach == Reach::Network {
            accounts.limit_generated().await?;
        }
        if accounts.is_bootstrapped().await? {
            return Ok(());
        }
        let password = password()?;
        if is_open && password.is_none() {
            return Ok(());
        }
        let admin = FirstAdmin { email: email.clone(), password, reach };
        let made = accounts.bootstrap(admin, &Call::at(SystemClock.now())).await;
        let made = made.map_err(|error| format!("the first admin ({email}) cannot be made: {error}"))?;
        let generated = match made {
            Bootstrapped::Made { generated, .. } => generated,
            Bootstrapped::Before => None,
        };
        Ok(Made(generated.map(|password| (email, password))).print()?)
    }
}

impl Made {
    /// Prints a generated password to stdout. A service's manager may keep what it prints: the password is an initial one.
    fn print(&self) -> io::Result<()> {
        let Some((email, password)) = &self.0 else { return Ok(()) };
        write!(
            io::stdout(),
            "first admin: {email}, password {}\n  {}, to be changed at the first login: eval \"$(./parking login)\"\n",
            password.password.expose_secret(),
            life(password)
        )
    }
}

fn life(password: &NewPassword) -> String {
    let until = password.void_after.map(|at| format!(" and valid until {}", at.utc().format("%F %T UTC")));
    format!("shown only now{}", until.unwrap_or_default())
}

/// Runs the subcommand on the platform's database, whether the platform is up or not.
pub(crate) async fn admin(arguments: cli::Admin) -> Result<(), CommandError> {
    let running = Running::join_or_start(Place::of(&arguments.place)?).await?;
    let result = async {
        check_format(&running.database).await?;
        let cli::AdminCommand::Reset { email } = arguments.what;
        reset(&running.database, email.as_deref()).await
    };
    let result = result.await;
    running.stop().await?;
    result
}

async fn reset(database: &Database, email: Option<&str>) -> Result<(), CommandError> {
    let stop = CancellationToken::new();
    let (writer, writing) = Writer::start(database.as_role(Role::Writer), stop.clone());
    let pool = |role| PgPoolOptions::new().max_connections(2).connect_lazy_with(database.as_role(role));
    let writers = pool(Role::Writer);
    let store = LogStore::new(writers.clone(), writer, Snapshots::off(), Arc::new(SystemIds));
    let reset = async {
        let (randomness, call) = (Arc::new(SystemRandomness), Call::at(SystemClock.now()));
        let platform = Arc::new(Platform::start(store, writers, randomness.clone()).await?);
        let (identity, settings) = (pool(Role::Identity), Settings::default());
        let accounts =
            Accounts::start(platform, identity, randomness, settings, call.at, stop.clone()).await?;
        // Whoever is on the host may reach the server from elsewhere too.
        Ok::<_, CommandError>(accounts.reset_on_host(email, Reach::Network, &call).await?)
    };
    let new = reset.await;
    stop.cancel();
    writing.await?;
    let new = new?;
    writeln!(
        io::stdout(),
        "{}\n{}, to be changed at the first login; all sessions of the user have ended",
        new.password.expose_secret(),
        life(&new)
    )?;
    Ok(())
}

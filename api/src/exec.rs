//! `parking exec`: a command on the platform's database, such as psql or the auditor's tool.

mod named;

use std::process::ExitCode;

use parking_database::cluster::Layout;
use parking_database::{BACKUP, Database, LocalCluster, Logins, Role, prepare, url_of};
use parking_projections::engine::database_url;
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};

use crate::CommandError;
use crate::cli;
use crate::place::{Place, Running};

/// Runs the command with the role auditor, which reads everything and changes nothing, unless another role is named.
pub(crate) async fn exec(arguments: cli::Exec) -> Result<ExitCode, CommandError> {
    let role = &arguments.role;
    let options = match Place::of(&arguments.place)? {
        Place::Private(options) => options,
        Place::Named(database) => {
            let login = login(&arguments.place, &database, role)?;
            let mut command = command(&arguments);
            command.envs(named::variables(&login));
            command.env("DATABASE_URL", url_of(&login, role, None));
            return run(command).await;
        }
    };
    let layout = Layout::new(&options.directory)?;
    let mut command = command(&arguments);
    command
        .env("PGHOST", layout.socket())
        .env("PGPORT", Layout::PORT.to_string())
        .env("PGUSER", role)
        .env("PGDATABASE", LocalCluster::DATABASE)
        .env("DATABASE_URL", layout.url(role, LocalCluster::DATABASE));
    if LocalCluster::attach(&options.directory).await.is_ok() {
        return run(command).await;
    }
    let running = Running::start(Place::Private(options)).await?;
    let result = async {
        // A migrated database stays as it is: a command that only reads must not migrate it.
        if running.database.as_role(Role::Auditor).connect().await.is_err() {
            prepare(&running.database).await?;
        }
        run(command).await
    };
    let result = result.await;
    running.stop().await?;
    result
}

/// The settings of the server that a command on its database has no use for.
const SECRETS: [&str; 3] = ["CHIRPSTACK_WEBHOOK_SECRET", "PARKING_ADMIN_PASSWORD", "PARKING_METRICS_TOKEN"];

/// The command, without the variables of the caller's shell that would choose another server.
fn command(arguments: &cli::Exec) -> Command {
    let mut words = arguments.command.iter();
    let mut command = Command::new(words.next().expect("clap requires one word at least"));
    command.args(words);
    command.env_remove("PGHOSTADDR").env_remove("PGSERVICE").env_remove("PGSERVICEFILE");
    // Nor the server's own secrets.
    for secret in SECRETS {
        command.env_remove(secret);
    }
    // The command has one login.
    for variable in Role::ALL.map(Role::variable).into_iter().chain([BACKUP.1]) {
        command.env_remove(variable);
    }
    command
}

/// How this login connects to a server that was named.
fn login(place: &cli::Place, database: &Database, user: &str) -> Result<PgConnectOptions, CommandError> {
    match &database.logins {
        Logins::Urls(_) => {
            let url = place.urls.of_login(user).ok_or_else(|| {
                format!("no URL of the login {user} is set: name another role (PARKING_ROLE), or set the URL of that login")
            })?;
            Ok(database_url::options_of(&url)?)
        }
        Logins::Private | Logins::ByName => Ok(database.admin.clone().username(user)),
    }
}

/// Waits for the command to end. The command handles an interrupt itself; SIGTERM and SIGHUP kill it.
async fn run(mut command: Command) -> Result<ExitCode, CommandError> {
    let name = command.as_std().get_program().to_owned();
    let mut child = command.spawn().map_err(|e| format!("{} cannot be started: {e}", name.display()))?;
    let (mut terminate, mut hang_up) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            interrupt = ctrl_c() => interrupt?,
            _ = terminate.recv() => child.start_kill()?,
            _ = hang_up.recv() => child.start_kill()?,
        }
    };
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

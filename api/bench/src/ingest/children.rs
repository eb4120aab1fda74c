//! The servers under load, each in its own process, and their CPU time.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::generator::SECRET;
use crate::{BenchError, cpu};

/// Includes the creation of a private database.
const UP_WITHIN: Duration = Duration::from_secs(60);

/// The text that servers print before their address.
const ANNOUNCEMENTS: [&str; 2] = ["parking is up on http://", "serving on http://"];

/// Environment variables that the servers must not inherit.
const FOREIGN: [&str; 7] = [
    "DATABASE_URL",
    "PARKING_ADMIN_EMAIL",
    "PARKING_ADMIN_PASSWORD_FILE",
    "PARKING_LOG",
    "PARKING_LOG_FORMAT",
    "PARKING_DATA_DIR",
    "PGUSER",
];

/// The platform's first admin, and the password.
pub(crate) const ADMIN: &str = "admin@localhost";
pub(crate) const ADMIN_PASSWORD: &str = "a password of the usual length";

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    process: Child,
    pid: Pid,
}

impl Server {
    /// The platform itself, with a private database in this directory.
    pub(crate) async fn platform(program: Option<PathBuf>, data: &Path) -> Result<Self, BenchError> {
        let program = match program {
            Some(program) => program,
            None => std::env::current_exe()?.with_file_name("parking"),
        };
        let mut command = command(&program);
        command
            .args(["up", "--open"])
            .env("PARKING_DATA_DIR", data)
            .env("PARKING_ADMIN_PASSWORD", ADMIN_PASSWORD);
        Self::start(command).await.map_err(|error| {
            format!("{} does not start, build it with `cargo build --release`: {error}", program.display())
                .into()
        })
    }

    /// A server of this program.
    pub(crate) async fn own(subcommand: &str, database_url: Option<&str>) -> Result<Self, BenchError> {
        let mut command = command(&std::env::current_exe()?);
        command.arg(subcommand).envs(database_url.map(|url| ("DATABASE_URL", url)));
        Self::start(command).await
    }

    async fn start(mut command: Command) -> Result<Self, BenchError> {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = process.stdout.take().ok_or("a child has the pipe it was given")?;
        let pid = process.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or("it ended at once")?;
        let mut lines = BufReader::new(stdout).lines();
        let announced = async {
            while let Some(line) = lines.next_line().await? {
                if let Some(address) = ANNOUNCEMENTS.iter().find_map(|words| line.strip_prefix(words)) {
                    return Ok(address.parse()?);
                }
            }
            Err(BenchError::from("it ended without serving"))
        };
        let address = timeout(UP_WITHIN, announced).await.map_err(|_| "it does not come up")??;
        // Keeps reading its output, so that it never blocks on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { address, process, pid })
    }

    /// Its CPU time, without its children.
    pub(crate) fn cpu(&self) -> Duration {
        cpu::of_process(self.pid)
    }

    /// SIGKILL. Its private database stays up, and the next server takes it over.
    pub(crate) async fn kill(mut self) -> Result<(), BenchError> {
        Ok(self.process.kill().await?)
    }

    /// Stops the server and its database.
    pub(crate) async fn stop(mut self) -> Result<(), BenchError> {
        kill_process(self.pid, Signal::TERM)?;
        self.process.wait().await?;
        Ok(())
    }
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("PARKING_LISTEN", "127.0.0.1:0").env("CHIRPSTACK_WEBHOOK_SECRET", SECRET).kill_on_drop(true);
    for name in FOREIGN {
        command.env_remove(name);
    }
    command
}

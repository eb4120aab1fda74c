//! The auditor's tool: reads the event log and reports its findings. It links no code that could append or send.

mod as_of;
mod body;
mod check;
mod diff;
mod events;
mod log;
mod progress;
mod streams;
mod timeline;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use log::Log;

/// Reads the parking platform's event log. Changes nothing.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// The database, such as `postgres://auditor:password@host/parking`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true, default_value = "")]
    database_url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists events in the order of their positions, one JSON object a line.
    Events(events::Filter),
    /// Checks the whole log: positions and sequences without gaps, times that rise, payloads that decode.
    Check,
    /// Writes the body that an event came in, byte for byte as it was received.
    Body(body::Which),
    /// Folds the log again and compares with the live rows of the read models, row by row.
    Diff(diff::Which),
    /// What something was at a position or at a time, folded from the log alone.
    AsOf(as_of::AsOf),
    /// What happened to something, when, by whom and why.
    Timeline(timeline::Timeline),
}

/// The error of a failed run.
type ToolError = Box<dyn std::error::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    run(Cli::parse()).await.unwrap_or_else(|error| {
        complain(&error);
        ExitCode::from(2)
    })
}

async fn run(cli: Cli) -> Result<ExitCode, ToolError> {
    let log = Log::open(&cli.database_url).await?;
    match cli.command {
        Command::Events(filter) => events::list(log, &filter).await,
        Command::Check => check::check(log).await,
        Command::Body(which) => body::write(log, &which).await,
        Command::Diff(which) => diff::compare(log, &which).await,
        Command::AsOf(asked) => as_of::as_of(log, &asked).await,
        Command::Timeline(asked) => timeline::timeline(log, &asked).await,
    }
}

#[expect(clippy::print_stderr, reason = "the error goes to the terminal of the caller")]
fn complain(error: &ToolError) {
    eprintln!("replay-tool: {error}");
}

/// Prints a line. A closed pipe is no error.
fn print(line: &str) -> Result<(), ToolError> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        result => Ok(result?),
    }
}

//! The auditor's tool: reads the event log and says what it finds. It links nothing that could append or send.

mod check;
mod events;
mod log;
mod progress;

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
    /// Checks the whole log: positions and sequences without gaps, times that never run backwards, payloads that decode.
    Check,
}

/// What the tool says when it cannot do its work.
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
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a tool that failed belongs to whoever typed it")]
fn complain(error: &ToolError) {
    eprintln!("replay-tool: {error}");
}

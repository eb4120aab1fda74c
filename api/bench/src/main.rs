//! Benchmarks of the write side, and the soak test that checks its history. See `docs/benchmarks.md`.

mod environment;
mod home;
mod report;
mod soak;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;
use tokio::signal;

/// Measures the parking platform's write side, or puts it under stress.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Appends from processes that are killed, and checks everything that was ever acknowledged or read.
    Soak(soak::Arguments),
    /// One of the soak's writers.
    #[command(hide = true)]
    SoakWriter(soak::writer::Arguments),
}

/// What keeps a run from its end: one line for whoever started it.
type BenchError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = Builder::new_multi_thread().enable_all().build().map_err(BenchError::from).and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                result = run(cli.command) => result,
                // Dropped where it stands: private servers and child processes end with their owners.
                interrupt = signal::ctrl_c() => Err(interrupt.map_or_else(Into::into, |()| "interrupted".into())),
            }
        })
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

async fn run(command: Command) -> Result<(), BenchError> {
    match command {
        Command::Soak(arguments) => soak::soak(arguments).await,
        Command::SoakWriter(arguments) => soak::writer::write(arguments).await,
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a program that failed belongs to whoever typed it")]
fn complain(error: &BenchError) -> ExitCode {
    eprintln!("parking-bench: {error}");
    ExitCode::FAILURE
}

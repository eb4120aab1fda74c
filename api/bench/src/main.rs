//! Benchmarks of both sides, and the soak test with its log checker. See `docs/benchmarks.md`.

mod append;
mod changes;
mod cpu;
mod environment;
mod home;
mod ingest;
mod machine;
mod measure;
mod projections;
mod reads;
mod report;
mod soak;
mod stock;
mod uplinks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use tokio::runtime::Builder;
use tokio::signal;

/// The server's own allocator, so that the compared handlers are not slower for another one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures the parking platform, or puts it under stress.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Commands into the log, against a bare insert and against stock postgres-es.
    Append(append::Arguments),
    /// Signed uplinks over HTTP into the real server, against a handler that stores nothing and a stock one.
    Ingest(ingest::Arguments),
    /// Rows of read models rebuilt from a log, against `COPY` out of it.
    Projections(projections::Arguments),
    /// Reads over HTTP with and without a login: what authentication costs.
    Reads(reads::Arguments),
    /// Appends from processes that are killed, and checks everything that was ever acknowledged or read.
    Soak(soak::Arguments),
    /// Changes seen by a process that runs no projection, through kills.
    Changes(changes::Arguments),
    /// That process.
    #[command(hide = true)]
    FollowChanges(changes::follow::Arguments),
    /// The handler that stores nothing.
    #[command(hide = true)]
    ServeCeiling,
    /// The stock handler.
    #[command(hide = true)]
    ServeStock,
    /// One of the rebuilds.
    #[command(hide = true)]
    Rebuild(projections::child::Arguments),
    /// One of the soak's writers.
    #[command(hide = true)]
    SoakWriter(soak::writer::Arguments),
}

/// The error that ends a run, as one line for the operator.
type BenchError = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = Builder::new_multi_thread().enable_all().build().map_err(BenchError::from).and_then(|runtime| {
        runtime.block_on(async {
            tokio::select! {
                result = run(cli.command) => result,
                // Dropping the run ends private servers and child processes with their owners.
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
        Command::Append(arguments) => append::append(arguments).await,
        Command::Changes(arguments) => changes::changes(arguments).await,
        Command::FollowChanges(arguments) => changes::follow::follow(arguments).await,
        Command::Ingest(arguments) => ingest::ingest(arguments).await,
        Command::Projections(arguments) => projections::projections(arguments).await,
        Command::Reads(arguments) => reads::reads(arguments).await,
        Command::Rebuild(arguments) => projections::child::run(arguments).await,
        Command::ServeCeiling => ingest::handlers::serve_ceiling().await,
        Command::ServeStock => ingest::handlers::serve_stock().await,
        Command::Soak(arguments) => soak::soak(arguments).await,
        Command::SoakWriter(arguments) => soak::writer::write(arguments).await,
    }
}

#[expect(clippy::print_stderr, reason = "the error goes to the terminal of the caller")]
fn complain(error: &BenchError) -> ExitCode {
    eprintln!("parking-bench: {error}");
    ExitCode::FAILURE
}

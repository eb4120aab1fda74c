//! The server `parking`: composition root, HTTP, local database. See `docs/architecture.md` for the map.

mod admin;
mod cli;
mod database;
mod decode;
mod demo;
mod environment;
mod exec;
mod http;
mod listen;
mod log;
mod metrics;
mod place;
mod projection;
mod rebuild;
mod serve;
mod sweeping;
mod thread;
mod transport;
mod up;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

use cli::{Cli, Command};

/// A request allocates and frees some hundred small values, often on two threads; docs/benchmarks.md has the savings.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::start_logging(&cli.logging);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.into()),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Up(arguments) => up::up(arguments).await.map(|()| ExitCode::SUCCESS),
            Command::Exec(arguments) => exec::exec(arguments).await,
            Command::Rebuild(arguments) => rebuild::rebuild_all(arguments).await,
            Command::Projection(arguments) => projection::projection(arguments).await,
            Command::Log(arguments) => log::log(arguments).await.map(|()| ExitCode::SUCCESS),
            Command::Admin(arguments) => admin::admin(arguments).await.map(|()| ExitCode::SUCCESS),
            Command::Database(arguments) => database::database(arguments).await.map(|()| ExitCode::SUCCESS),
            Command::Decode(arguments) => decode::decode(&arguments),
        }
    });
    result.unwrap_or_else(|error| complain(&error))
}

/// The error of a failed command: one line on stderr.
type CommandError = Box<dyn std::error::Error>;

#[expect(clippy::print_stderr, reason = "the error goes to the terminal of the caller")]
fn complain(error: &CommandError) -> ExitCode {
    eprintln!("parking: {error}");
    ExitCode::FAILURE
}

//! `parking log`: commands on the event log.

mod dictionary;
mod fork;
mod status;
pub(crate) mod stream;

use parking_database::check_format;

use crate::CommandError;
use crate::cli;
use crate::place::{Place, Running};

/// Runs the subcommand on the platform's database, whether the platform is up or not.
pub(crate) async fn log(arguments: cli::Log) -> Result<(), CommandError> {
    let running = Running::join_or_start(Place::of(&arguments.place)?).await?;
    let result = async {
        check_format(&running.database).await?;
        match arguments.what {
            cli::LogCommand::Status => status::print(&running.database).await,
            cli::LogCommand::Dictionary { what: cli::DictionaryCommand::Train } => {
                dictionary::train(&running.database).await
            }
            cli::LogCommand::Fork { reason } => fork::fork(&running.database, reason).await,
        }
    };
    let result = result.await;
    running.stop().await?;
    result
}

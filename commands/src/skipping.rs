//! Skipping an event that a projection cannot take.

use parking_domain::actor::Actor;
use parking_domain::instant::Instant;
use parking_domain::log::{Log, LogCommand, LogRefusal};

use crate::append::AppendError;
use crate::bus::{Bus, ExecuteError};
use crate::identity::Identity;
use crate::store::{Circumstances, LoadError};

/// What is to be skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The event.
    pub position: i64,
    /// The projection that stands before it.
    pub projection: String,
    /// Why, for those who read the log later. Names no person.
    pub reason: String,
    /// Whether the event's stream leaves it out, too.
    pub undecodable: bool,
}

/// Why nothing was skipped.
#[derive(Debug, thiserror::Error)]
pub enum SkipError {
    /// It was skipped before.
    #[error("the projection passes this event over already")]
    AlreadySkipped,
    /// The projection has taken the event, or has not come to it, or is trying it at this moment.
    #[error("{0}: an event is skipped only while the projection stands before it")]
    NotThere(String),
    /// The checkpoint or the database was busy.
    #[error("nothing was skipped, try again in a moment: {0}")]
    Busy(String),
    /// The log did not take it.
    #[error(transparent)]
    Failed(#[from] ExecuteError<LogRefusal>),
}

/// Writes into the log that an event is skipped; the position at which it says so. The log refuses it unless the projection
/// stands before the event.
pub async fn skip(log: &Bus<Log>, skip: &Skip, at: Instant) -> Result<i64, SkipError> {
    let Identity { started_as, .. } = Identity::read(&log.store().pool)
        .await
        .map_err(|error| ExecuteError::Load(LoadError::from(error)))?;
    let Skip { position, projection, reason, undecodable } = skip.clone();
    let command = LogCommand::SkipEvent { position, projection, reason, undecodable, at, by: Actor::System };
    match log.execute(&started_as.to_string(), &command, &Circumstances::default()).await {
        Ok(executed) => Ok(executed.position),
        Err(ExecuteError::Refused { refusal: LogRefusal::EventAlreadySkipped, .. }) => {
            Err(SkipError::AlreadySkipped)
        }
        Err(ExecuteError::Append(AppendError::Rejected(reason))) => Err(SkipError::NotThere(reason)),
        Err(ExecuteError::Append(AppendError::Unavailable(reason))) => Err(SkipError::Busy(reason)),
        Err(error) => Err(error.into()),
    }
}

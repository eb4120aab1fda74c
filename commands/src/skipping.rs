//! Skipping an event that a projection cannot apply.

use parking_domain::actor::Actor;
use parking_domain::instant::Instant;
use parking_domain::log::{Log, LogCommand, LogRefusal};

use crate::append::AppendError;
use crate::bus::{Bus, ExecuteError};
use crate::identity::Identity;
use crate::store::{CommandContext, LoadError};

/// An event to skip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The event's position.
    pub position: i64,
    /// The projection that is stopped before it.
    pub projection: String,
    /// The reason, for readers of the log. Must not contain personal data.
    pub reason: String,
    /// Whether the event's stream skips it too.
    pub undecodable: bool,
}

/// Why an event was not skipped.
#[derive(Debug, thiserror::Error)]
pub enum SkipError {
    /// It was skipped before.
    #[error("the projection already skips this event")]
    AlreadySkipped,
    /// The projection has passed the event, has not reached it, or is applying it right now.
    #[error("{0}: an event is skipped only while the projection is stopped before it")]
    NotThere(String),
    /// The checkpoint or the database was busy.
    #[error("nothing was skipped, try again in a moment: {0}")]
    Busy(String),
    /// The log refused it.
    #[error(transparent)]
    Failed(#[from] ExecuteError<LogRefusal>),
}

/// Records in the log that an event is skipped; returns the position of the record. The log refuses it unless the
/// projection is stopped before the event.
pub async fn skip(log: &Bus<Log>, skip: &Skip, at: Instant) -> Result<i64, SkipError> {
    let Identity { started_as, .. } = Identity::read(&log.store().pool)
        .await
        .map_err(|error| ExecuteError::Load(LoadError::from(error)))?;
    let Skip { position, projection, reason, undecodable } = skip.clone();
    let command = LogCommand::SkipEvent { position, projection, reason, undecodable, at, by: Actor::System };
    match log.execute(&started_as.to_string(), &command, &CommandContext::default()).await {
        Ok(executed) => Ok(executed.position),
        Err(ExecuteError::Refused { refusal: LogRefusal::EventAlreadySkipped, .. }) => {
            Err(SkipError::AlreadySkipped)
        }
        Err(ExecuteError::Append(AppendError::Rejected(reason))) => Err(SkipError::NotThere(reason)),
        Err(ExecuteError::Append(AppendError::Unavailable(reason))) => Err(SkipError::Busy(reason)),
        Err(error) => Err(error.into()),
    }
}

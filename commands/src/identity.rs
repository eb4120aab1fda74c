//! The log's identity, and the commands to its own stream.

use parking_domain::actor::Actor;
use parking_domain::id::LogId;
use parking_domain::instant::Instant;
use parking_domain::log::{Log, LogCommand, LogRefusal};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::bus::{Bus, ExecuteError};
use crate::store::{CommandContext, LoadError};

/// The identity of the log according to its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its last position.
    pub position: i64,
    /// Its format.
    pub format: i16,
    /// The id with which it started; the id of the stream of type `log`.
    pub started_as: LogId,
    /// Its current id; differs from `started_as` once a copy was forked.
    pub log_id: LogId,
    /// The newest announced dictionary; 0 before the log has started.
    pub dictionary: i16,
}

impl Identity {
    /// Reads it (role writer or auditor).
    pub async fn read(database: impl PgExecutor<'_>) -> Result<Self, sqlx::Error> {
        let query = "select position, format, started_as, log_id, dictionary from log_head";
        let (position, format, started_as, log_id, dictionary): (i64, i16, Uuid, Uuid, i16) =
            sqlx::query_as(query).fetch_one(database).await?;
        Ok(Self { position, format, started_as: started_as.into(), log_id: log_id.into(), dictionary })
    }
}

/// Writes the log's identity as its first event, if it is missing; returns the log's id.
pub async fn start(log: &Bus<Log>, at: Instant) -> Result<LogId, ExecuteError<LogRefusal>> {
    let Identity { position, started_as, log_id, .. } =
        Identity::read(&log.store().pool).await.map_err(LoadError::from)?;
    if position > 0 && log.store().version::<Log>(&started_as.to_string()).await? == 0 {
        return Err(ExecuteError::Refused { refusal: LogRefusal::LogNotStarted, position });
    }
    let dictionary = parking_bodies::sha256(parking_bodies::FIRST_DICTIONARY);
    let start = LogCommand::StartLog { log_id, dictionary, at };
    match log.execute(&started_as.to_string(), &start, &CommandContext::default()).await {
        Err(ExecuteError::Refused { refusal: LogRefusal::LogAlreadyStarted, .. }) | Ok(_) => Ok(log_id),
        Err(error) => Err(error),
    }
}

/// Gives a restored copy of a log a new id; returns the identity before. No process may append concurrently.
pub async fn fork(
    log: &Bus<Log>,
    to: LogId,
    reason: Option<String>,
    at: Instant,
) -> Result<Identity, ExecuteError<LogRefusal>> {
    let before = Identity::read(&log.store().pool).await.map_err(LoadError::from)?;
    let fork = LogCommand::ForkLog { to, position: before.position, reason, at, by: Actor::System };
    log.execute(&before.started_as.to_string(), &fork, &CommandContext::default()).await?;
    Ok(before)
}

/// Announces a dictionary that is stored beside the log; bodies may be compressed with it from then on.
pub async fn add_dictionary(
    log: &Bus<Log>,
    number: i16,
    dictionary: &[u8],
    at: Instant,
) -> Result<(), ExecuteError<LogRefusal>> {
    let Identity { started_as, .. } = Identity::read(&log.store().pool).await.map_err(LoadError::from)?;
    let sha256 = parking_bodies::sha256(dictionary);
    let add = LogCommand::AddDictionary { number, sha256, at, by: Actor::System };
    log.execute(&started_as.to_string(), &add, &CommandContext::default()).await.map(|_| ())
}

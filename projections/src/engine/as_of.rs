//! A moment of the log that a read looks back to. Everything up to it counts, and nothing after it.

use std::str::FromStr;

use parking_domain::instant::Instant;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::engine::feed::{self, FeedError};
use crate::engine::rows;

/// A moment of the log. Each event has a time of its own, so a position and its time name the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// Up to this position.
    Position(i64),
    /// Up to this time of recording.
    Time(Instant),
}

/// Why a text names no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a position, a whole number from 0, or a time such as 2026-11-23T08:00:00Z")]
pub struct NotAMoment;

/// Why the log has no such moment.
#[derive(Debug, thiserror::Error)]
pub enum AsOfError {
    /// The log does not reach the position.
    #[error(
        "position {position} is beyond the end of the log at {head}: give an earlier one, or none for now"
    )]
    Beyond {
        /// The position.
        position: i64,
        /// The last position of the log.
        head: i64,
    },
    /// The time is yet to come.
    #[error("the time {0} is in the future: give a time in the past, or none for now")]
    Future(Instant),
    /// The log could not be read.
    #[error(transparent)]
    Feed(#[from] FeedError),
}

impl AsOf {
    /// Reads a moment; `read_time` reads a time.
    pub fn read(text: &str, read_time: impl FnOnce(&str) -> Option<Instant>) -> Result<Self, NotAMoment> {
        match text.parse() {
            Ok(position) if position >= 0 => Ok(Self::Position(position)),
            Ok(_) => Err(NotAMoment),
            Err(_) => read_time(text).map(Self::Time).ok_or(NotAMoment),
        }
    }

    /// The last position that counts. Times are compared with the clock that recorded the events, which is the database's.
    pub async fn position(self, connection: &mut PgConnection) -> Result<i64, AsOfError> {
        match self {
            Self::Position(position) => {
                let head = feed::head(connection).await?;
                if position > head { Err(AsOfError::Beyond { position, head }) } else { Ok(position) }
            }
            Self::Time(time) => {
                // The clock may have been set back: the last event's time is past all the same.
                let now = "select greatest(recorded_at, clock_timestamp()) from log_head";
                let now =
                    sqlx::query_scalar(now).fetch_one(&mut *connection).await.map_err(FeedError::from)?;
                if time > rows::instant(now).map_err(FeedError::from)? {
                    return Err(AsOfError::Future(time));
                }
                Ok(feed::position_at(connection, time).await?)
            }
        }
    }
}

impl FromStr for AsOf {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        Self::read(text, |text| text.parse().ok())
    }
}

/// The last event that an answer contains. An answer as of its position, or as of its time, is the same answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LastEvent {
    /// Its position.
    pub position: i64,
    /// When it was recorded.
    pub recorded_at: Instant,
}

/// What a read of the past finds.
#[derive(Clone, Debug, PartialEq)]
pub enum Then<T> {
    /// The thing as it was.
    Found(T),
    /// Nothing: it was created later, by this event.
    NotYet(LastEvent),
    /// Nothing: it had ended, by this event.
    Ended(LastEvent),
    /// Nothing: the tenant has never had it.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_position_or_a_time() {
        let time: Instant = "2026-11-23T08:00:00Z".parse().expect("is a time");
        for (text, expected) in [
            ("0", Ok(AsOf::Position(0))),
            ("9223372036854775807", Ok(AsOf::Position(i64::MAX))),
            ("2026-11-23T09:00:00+01:00", Ok(AsOf::Time(time))),
            ("-1", Err(NotAMoment)),
            ("9223372036854775808", Err(NotAMoment)),
            ("1.5", Err(NotAMoment)),
            ("2016-12-31T23:59:60Z", Err(NotAMoment)),
            ("yesterday", Err(NotAMoment)),
            ("", Err(NotAMoment)),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
    }
}

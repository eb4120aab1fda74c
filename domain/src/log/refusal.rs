//! Why a log command is refused.

use crate::limits::{LimitExceeded, SKIP_REASON};

/// A refusal of a log command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogRefusal {
    /// The log has started.
    #[error("the log has started: it keeps its id until it is forked")]
    LogAlreadyStarted,
    /// A value exceeds its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The log has not started.
    #[error("the log does not begin with LogStarted: start the platform on it once, or restore it whole")]
    LogNotStarted,
    /// The new id equals the current one.
    #[error("the log has this id already: fork it to a new one")]
    LogIdTaken,
    /// Another dictionary was added first, or an earlier one is missing.
    #[error(
        "dictionary {number} does not follow {newest}, the newest: read the log again and add the next number"
    )]
    DictionaryNotNext {
        /// The requested number.
        number: i16,
        /// The newest number.
        newest: i16,
    },
    /// The projection already skips the event.
    #[error("the projection already skips this event")]
    EventAlreadySkipped,
    /// The reason is empty, too long, or not one line.
    #[error("a reason has 1 to {SKIP_REASON} characters on one line: say why the event is skipped")]
    SkipReasonInvalid,
}

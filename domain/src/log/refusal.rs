//! Why a command to the log is refused.

use crate::limits::{LimitExceeded, SKIP_REASON};

/// A refused fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogRefusal {
    /// It begins with its identity already.
    #[error("the log has started: it keeps its id until it is forked")]
    LogAlreadyStarted,
    /// A text is too long to be kept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// It does not begin with its identity.
    #[error("the log does not begin with LogStarted: start the platform on it once, or restore it whole")]
    LogNotStarted,
    /// The new id is the one that the log has.
    #[error("the log has this id already: fork it to a new one")]
    LogIdTaken,
    /// Another one was added first, or one before it is missing.
    #[error(
        "dictionary {number} does not follow {newest}, the newest: look at the log again and add the next one"
    )]
    DictionaryNotNext {
        /// The number that was asked for.
        number: i16,
        /// The newest one.
        newest: i16,
    },
    /// The projection passes the event over already.
    #[error("the projection passes this event over already")]
    EventAlreadySkipped,
    /// Nobody could learn from it later why the event was skipped.
    #[error("a reason has 1 to {SKIP_REASON} characters on one line: say why the event is skipped")]
    SkipReasonInvalid,
}

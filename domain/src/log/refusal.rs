//! Why a command to the log is refused.

/// A refused fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogRefusal {
    /// It begins with its identity already.
    #[error("the log has started: it keeps its id until it is forked")]
    LogAlreadyStarted,
    /// It does not begin with its identity.
    #[error("the log does not begin with LogStarted: start the platform on it once, or restore it whole")]
    LogNotStarted,
    /// The new id is the one that the log has.
    #[error("the log has this id already: fork it to a new one")]
    LogIdTaken,
}

//! Is the database away, or was the question wrong?

/// True for errors that say something about the state of the database or the way to it, and nothing about what was asked:
/// the same may succeed in a moment.
pub fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        // Connections, conflicts among transactions, resources, locks and states, an operator's hand, broken disks.
        sqlx::Error::Database(refusal) => refusal.code().is_none_or(|code| {
            ["08", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class))
        }),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

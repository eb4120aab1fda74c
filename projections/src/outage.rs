//! Is the database away or busy, or was the question wrong?

use sqlx::error::DatabaseError;

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

/// True for errors of a database that answers and has more to do than it can: too many connections, locks that were waited
/// for in vain, statements that took too long, transactions in each other's way.
pub fn is_overload(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| ["53300", "53400", "55P03", "57014"].contains(&&*code) || code.starts_with("40"))
}

/// True when a connection was waited for in vain. Whether the database is away or every connection is in use, the error does
/// not say.
pub fn had_no_connection(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::PoolTimedOut)
}

//! Classifies database errors: an outage, an overload, or a wrong query.

use sqlx::error::DatabaseError;

/// True for errors that depend on the state of the database or of the connection and not on the query: the same query
/// may succeed in a moment.
pub fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        // Connections, transaction conflicts, resources, locks and object states, operator intervention, broken disks.
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

/// True for errors of a database that answers and is overloaded: too many connections, lock time-outs, statement
/// time-outs, transaction conflicts.
pub fn is_overload(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| ["53300", "53400", "55P03", "57014"].contains(&&*code) || code.starts_with("40"))
}

/// True when no connection became free in time. The error does not tell whether the database is away or every
/// connection is in use.
pub fn had_no_connection(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::PoolTimedOut)
}

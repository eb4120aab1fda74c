//! Short words for what the tests assert.

use parking_commands::append::AppendError;

/// The version found by an append that lost.
pub(crate) fn conflict<T: std::fmt::Debug>(result: Result<T, AppendError>) -> i64 {
    match result {
        Err(AppendError::Conflict { actual, .. }) => actual,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

//! Violations: the ways in which a log is not correct.

use uuid::Uuid;

/// A broken promise and where it shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Violation {
    #[error("position {missing} is missing: {found} follows")]
    Hole { missing: i64, found: i64 },
    #[error("position {found} comes after position {after}")]
    Inversion { after: i64, found: i64 },
    #[error("event {event_id} stands at position {first} and again at {second}")]
    Duplicate { event_id: Uuid, first: i64, second: i64 },
    #[error("position {position} has sequence {found} in stream {stream}, which is at {version}")]
    WrongSequence { position: i64, stream: String, version: i64, found: i64 },
    #[error("position {position} is not later than the one before it")]
    TimeDidNotAdvance { position: i64 },
    #[error("position {position} does not hold what was sent: {what}")]
    NotAsSent { position: i64, what: &'static str },
    #[error("append {append_id} is in the log in part, up to position {position}")]
    Torn { append_id: Uuid, position: i64 },
    #[error("append {append_id} was stored although {stream} was at {version}")]
    BrokenExpectation { append_id: Uuid, stream: String, version: i64 },
    #[error("append {append_id} took claim {key} while {holder} held it")]
    ClaimHeldTwice { append_id: Uuid, key: String, holder: String },
    #[error("request {key} was stored twice, by {first} and {second}")]
    RequestStoredTwice { key: String, first: Uuid, second: Uuid },
    #[error("append {append_id} was acknowledged at position {position} and is not in the log")]
    AcknowledgedAndLost { append_id: Uuid, position: i64 },
    #[error("append {append_id} was acknowledged elsewhere than where it stands: {what}")]
    AcknowledgedElsewhere { append_id: Uuid, what: String },
    #[error("append {append_id} is in the log, its writer was told: {outcome}")]
    StoredAgainstTheAnswer { append_id: Uuid, outcome: String },
    #[error("request {key} of append {append_id} was refused as used for something else, which it was not")]
    WronglyReused { key: String, append_id: Uuid },
    #[error("reader {reader} saw position {found} right after {after}")]
    ReaderSkipped { reader: usize, after: i64, found: i64 },
    #[error("reader {reader} saw the log end at {seen} after position {acknowledged} was acknowledged")]
    ReaderBehind { reader: usize, seen: i64, acknowledged: i64 },
    #[error("reader {reader} saw another event at position {position} than the log holds")]
    ReaderSawAnother { reader: usize, position: i64 },
    #[error("reader {reader} saw {seen} events, the log has {stored}")]
    ReaderMissed { reader: usize, seen: usize, stored: usize },
    #[error("the table {table} does not agree with the events: {what}")]
    TableDisagrees { table: &'static str, what: String },
}

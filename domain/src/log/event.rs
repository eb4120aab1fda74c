//! Events of the log as a whole, version 1.

use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::aggregate::events;
use crate::id::LogId;
use crate::instant::Instant;

/// An event of the `log` stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields document the variant")]
pub enum LogEvent {
    /// The log started with this id, this format and a first dictionary with this SHA-256. Always at position 1.
    LogStarted { log_id: LogId, format: i16, dictionary: String, at: Instant },
    /// A copy of the log `from`, equal to it up to `position`, continues as the log `to`.
    LogForked {
        from: LogId,
        to: LogId,
        position: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        at: Instant,
        by: Actor,
    },
    /// Bodies from here on may be compressed with this dictionary, which is stored beside the log.
    DictionaryAdded { number: i16, sha256: String, at: Instant, by: Actor },
    /// The projection skips the event at `position` permanently, because it could not apply it. `undecodable`: the
    /// event cannot be read at all, so its stream skips it too.
    EventSkipped {
        position: i64,
        projection: String,
        reason: String,
        undecodable: bool,
        at: Instant,
        by: Actor,
    },
}

events!(LogEvent { LogStarted: "1", LogForked: "1", DictionaryAdded: "1", EventSkipped: "1" });

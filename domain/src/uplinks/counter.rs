//! The frame counters of a session.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::payload::Payload;

/// The frame counters seen in a session: the highest, and which of the 63 below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Counter {
    pub(super) highest: u32,
    seen: u64,
    /// A hash of the frame with the highest counter, which distinguishes a repetition from a restart.
    pub(super) content: Uuid,
}

impl Counter {
    pub(super) fn has_seen(&self, f_cnt: u32) -> bool {
        self.highest.checked_sub(f_cnt).is_some_and(|age| age < u64::BITS && self.seen >> age & 1 == 1)
    }

    pub(super) fn is_newest(&self, f_cnt: u32, content: Uuid) -> bool {
        self.highest == f_cnt && self.content == content
    }

    /// Marks `f_cnt` as seen, and as the highest if it is.
    pub(super) fn record(counter: &mut Option<Self>, f_cnt: u32, content: Uuid) {
        match counter {
            None => *counter = Some(Self { highest: f_cnt, seen: 1, content }),
            Some(known) if f_cnt > known.highest => {
                let shifted = known.seen.checked_shl(f_cnt - known.highest).unwrap_or_default();
                *known = Self { highest: f_cnt, seen: shifted | 1, content };
            }
            Some(known) if f_cnt == known.highest => known.content = content,
            Some(known) => known.seen |= 1_u64.checked_shl(known.highest - f_cnt).unwrap_or_default(),
        }
    }
}

/// A hash of a frame's content.
pub(super) fn content_hash(f_port: u8, data: &Payload) -> Uuid {
    let mut bytes = vec![f_port];
    bytes.extend_from_slice(data.as_bytes());
    Uuid::new_v5(&Uuid::NAMESPACE_OID, &bytes)
}

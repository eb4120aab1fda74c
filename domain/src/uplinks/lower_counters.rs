//! Frames in a row whose counters are lower than the current session's and rise: a restart that the clocks deny.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::instant::Instant;

/// The number of such frames that shows a restart.
const FRAMES: u8 = 3;

/// The least time between two that count. A gateway that delivers what it has kept is faster.
const APART: TimeDelta = TimeDelta::minutes(10);

/// The last frames in a row with lower, rising counters. Those count that were received [`APART`] or more after the last one
/// that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LowerCounters {
    /// The frames that count.
    frames: u8,
    session: u32,
    /// The counter of the last frame.
    f_cnt: u32,
    /// When the last frame that counts was received.
    received_at: Instant,
}

impl LowerCounters {
    /// The row after one more frame, which belongs to `session` as far as the clocks tell.
    pub(super) fn and(row: Option<Self>, session: u32, f_cnt: u32, received_at: Instant) -> Self {
        let first = Self { frames: 1, session, f_cnt, received_at };
        match row.filter(|row| row.session == session) {
            // A copy of the last one.
            Some(row) if row.f_cnt == f_cnt => row,
            Some(row) if row.f_cnt < f_cnt && received_at - row.received_at >= APART => {
                Self { frames: row.frames.saturating_add(1), ..first }
            }
            // A sensor reports an event between two heartbeats.
            Some(row) if row.f_cnt < f_cnt => Self { f_cnt, ..row },
            _ => first,
        }
    }

    /// True if its last frame is of a session that has begun.
    pub(super) fn show_restart(self) -> bool {
        self.frames >= FRAMES
    }
}

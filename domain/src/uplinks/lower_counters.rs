//! Frames in a row whose counters are lower than the current session's and rise: a restart that the clocks deny.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::instant::Instant;

/// The number of such frames that shows a restart.
const FRAMES: u8 = 3;

/// The least time between two of them. A gateway that delivers what it has kept is faster.
const APART: TimeDelta = TimeDelta::minutes(10);

/// The last frames in a row with lower, rising counters, each received [`APART`] or more after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LowerCounters {
    frames: u8,
    session: u32,
    f_cnt: u32,
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
            _ => first,
        }
    }

    /// True if its last frame is of a session that has begun.
    pub(super) fn show_restart(self) -> bool {
        self.frames >= FRAMES
    }
}

//! Logs how far a runner is that catches up with a long log.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::Instant;
use tracing::info;

use crate::engine::feed::{self, FeedError};

/// The distance to the log's end from which it is logged, in events.
const FAR: i64 = 100_000;

/// How often.
const EVERY: Duration = Duration::from_secs(10);

/// Where and when the runner was last looked at.
pub(crate) struct CatchUp {
    position: i64,
    at: Instant,
}

impl CatchUp {
    pub(crate) fn from(position: i64) -> Self {
        Self { position, at: Instant::now() }
    }

    /// Logs the position, if it is time for that and the log's end is far.
    pub(crate) async fn report(
        &mut self,
        reader: &mut PgConnection,
        projection: &str,
        position: i64,
    ) -> Result<(), FeedError> {
        let elapsed = self.at.elapsed();
        if elapsed < EVERY {
            return Ok(());
        }
        let head = feed::head(reader).await?;
        if let Some(events_per_second) = speed(position - self.position, elapsed, head - position) {
            info!(projection, position, head, events_per_second, "the projection catches up");
        }
        *self = Self::from(position);
        Ok(())
    }
}

/// Events a second, if many events are left.
fn speed(events: i64, elapsed: Duration, left: i64) -> Option<i64> {
    let millis = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX).max(1);
    (left > FAR).then(|| events.saturating_mul(1000) / millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_speed_is_of_the_time_that_has_passed_and_only_of_a_runner_far_behind() {
        assert_eq!(speed(1_000_000, Duration::from_millis(12_500), FAR + 1), Some(80_000));
        assert_eq!(speed(0, Duration::from_secs(10), i64::MAX), Some(0));
        assert_eq!(speed(1_000_000, Duration::from_secs(10), FAR), None);
    }
}

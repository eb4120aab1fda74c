//! The last events of the log, read once for all projections of a process.
//!
//! Runners that keep up ask for the same events within milliseconds of each other. Whoever asks first reads them, of all
//! streams, and the others find them here. Whoever is further behind reads for itself.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgConnection;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::feed::{self, FeedError, Page, RecordedEvent};

/// Events kept: runners that keep up are never further apart.
const KEPT: usize = 4_096;

/// How long a runner waits for another that reads, before it reads for itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// Events that follow each other without a gap. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Mutex<VecDeque<RecordedEvent>>>);

impl Recent {
    /// Forgets everything: the log may be another than the one it was read from.
    pub async fn forget(&self) {
        self.0.lock().await.clear();
    }

    /// As [`feed::read_page`].
    pub async fn read_page(
        &self,
        connection: &mut PgConnection,
        after: i64,
        limit: usize,
        aggregate_types: &[&str],
    ) -> Result<Page, FeedError> {
        let Ok(mut recent) = timeout(PATIENCE, self.0.lock()).await else {
            return feed::read_page(connection, after, in_sql(limit), aggregate_types).await;
        };
        let end = recent.back().map_or(after, |last| last.position);
        if after > end {
            recent.clear();
        }
        if recent.front().is_some_and(|first| after + 1 < first.position) {
            drop(recent);
            return feed::read_page(connection, after, in_sql(limit), aggregate_types).await;
        }
        let passed = recent.partition_point(|event| event.position <= after);
        let missing = limit.saturating_sub(recent.len() - passed);
        if missing > 0 {
            recent.extend(feed::read(connection, end.max(after), in_sql(missing)).await?);
        }
        let page = recent.range(passed..).take(limit);
        let (looked_at, through) = (page.len(), page.clone().next_back().map_or(after, |last| last.position));
        let wanted = |event: &&RecordedEvent| aggregate_types.contains(&event.aggregate_type.as_str());
        let page = Page { events: page.filter(wanted).cloned().collect(), through, full: looked_at == limit };
        let surplus = recent.len().saturating_sub(KEPT);
        recent.drain(..surplus);
        Ok(page)
    }
}

fn in_sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

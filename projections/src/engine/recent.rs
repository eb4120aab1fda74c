//! The last events of the log, shared by all projections of a process.
//!
//! They come from this process's writer, right after it appended them, and from the log: the first runner that needs
//! missing events reads them, of all aggregate types, and the others share them. A runner further behind reads for
//! itself. Events from the writer count only if they follow the last event here; what another process appended in
//! between is read from the log.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use parking_domain::stored::Recorded;
use sqlx::PgConnection;
use tokio::time::timeout;

use crate::engine::feed::{self, FeedError, Page, RecordedEvent};

/// Upper limit of events: what arrives while a runner is delayed by some tenths of a second.
const KEPT: usize = 8_192;

/// How long a runner waits for another one's read before it reads for itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// The time limit of a shared read: a connection that no longer answers is given up.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// The window on the log's end. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Recent(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    window: Mutex<Window>,
    /// Held by the runner that reads for all.
    reading: tokio::sync::Mutex<()>,
}

/// Consecutive events without a gap.
#[derive(Debug, Default)]
struct Window(VecDeque<RecordedEvent>);

impl Recent {
    /// Takes events that were just appended, in order. Never blocks.
    pub fn offer(&self, appended: Vec<Recorded>) {
        self.window().extend(appended.into_iter().map(RecordedEvent::from));
    }

    /// Drops all events: the log may be another one now.
    pub fn forget(&self) {
        self.window().0.clear();
    }

    /// Up to `limit` events after `after`, without those of other types, as in [`feed::read_page`]. Fewer than follow
    /// if the others are not here yet.
    pub async fn read_page(
        &self,
        connection: &mut PgConnection,
        after: i64,
        limit: usize,
        aggregate_types: &[&str],
    ) -> Result<Page, FeedError> {
        if let Some(page) = self.window().page(after, limit, aggregate_types) {
            return Ok(page);
        }
        let Ok(_reading) = timeout(PATIENCE, self.0.reading.lock()).await else {
            return feed::read_page(connection, after, in_sql(limit), aggregate_types).await;
        };
        // Another runner may have read it meanwhile, or the writer may have offered it.
        if let Some(page) = self.window().page(after, limit, aggregate_types) {
            return Ok(page);
        }
        if self.window().begins_behind(after) {
            return feed::read_page(connection, after, in_sql(limit), aggregate_types).await;
        }
        let read = feed::read(connection, after, in_sql(limit));
        let timed_out = |_| sqlx::Error::Io(ErrorKind::TimedOut.into());
        let read = Window(timeout(READ_WITHIN, read).await.map_err(timed_out)??.into());
        let mut window = self.window();
        window.continue_from(after);
        window.extend(read.0.iter().cloned());
        let nothing = Page { events: Vec::new(), through: after, full: false };
        Ok(read.page(after, limit, aggregate_types).unwrap_or(nothing))
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        // Safe after a panic: events are only added and dropped whole.
        self.0.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// The page after a position, if at least its first event is here.
    fn page(&self, after: i64, limit: usize, aggregate_types: &[&str]) -> Option<Page> {
        if self.begins_behind(after) || self.end()? <= after {
            return None;
        }
        let passed = self.0.partition_point(|event| event.position <= after);
        let looked_at = self.0.range(passed..).take(limit);
        let (count, through) = (looked_at.len(), looked_at.clone().next_back()?.position);
        let wanted = |event: &&RecordedEvent| aggregate_types.contains(&event.aggregate_type.as_str());
        Some(Page { events: looked_at.filter(wanted).cloned().collect(), through, full: count == limit })
    }

    /// True when the event after `after` was dropped already, or was never here.
    fn begins_behind(&self, after: i64) -> bool {
        self.0.front().is_some_and(|first| after + 1 < first.position)
    }

    fn end(&self) -> Option<i64> {
        self.0.back().map(|last| last.position)
    }

    /// Clears the window if the events after `after` would leave a gap.
    fn continue_from(&mut self, after: i64) {
        if self.end().is_some_and(|end| end < after) {
            self.0.clear();
        }
    }

    /// Appends ordered events that follow the end; stops at a gap.
    fn extend(&mut self, events: impl IntoIterator<Item = RecordedEvent>) {
        for event in events {
            match self.end() {
                Some(end) if event.position <= end => {}
                Some(end) if event.position > end + 1 => break,
                _ => self.0.push_back(event),
            }
        }
        let surplus = self.0.len().saturating_sub(KEPT);
        self.0.drain(..surplus);
    }
}

fn in_sql(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

//! Readers of the soak: each pages through the log by position while it is written, and must see no gap.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use tokio::time::sleep;
use uuid::Uuid;

use super::violation::Violation;

/// The progress of the run, shared by all its parts.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The highest acknowledged position.
    pub(crate) acknowledged: AtomicI64,
    /// True when all writers have ended.
    pub(crate) written: AtomicBool,
}

/// What one reader has seen.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    pub(crate) reader: usize,
    pub(crate) ids: Vec<Uuid>,
}

impl Sightings {
    pub(crate) fn of(reader: usize) -> Self {
        Self { reader, ids: Vec::new() }
    }

    /// The last position seen.
    pub(crate) fn last(&self) -> i64 {
        i64::try_from(self.ids.len()).expect("a run is far shorter than 2^63 events")
    }

    /// Records an event: it must be the next one.
    pub(crate) fn see(&mut self, position: i64, event_id: Uuid) -> Result<(), Violation> {
        let after = self.last();
        if position != after + 1 {
            return Err(Violation::ReaderSkipped { reader: self.reader, after, found: position });
        }
        self.ids.push(event_id);
        Ok(())
    }

    /// Records the end of the log: every position acknowledged before the read must have been seen.
    pub(crate) fn see_end(&self, acknowledged: i64) -> Result<(), Violation> {
        let (reader, seen) = (self.reader, self.last());
        if seen < acknowledged { Err(Violation::ReaderBehind { reader, seen, acknowledged }) } else { Ok(()) }
    }
}

/// Reads until the writers have ended and the log is read, or until a violation.
pub(crate) async fn read(
    options: PgConnectOptions,
    mut sightings: Sightings,
    progress: Arc<Progress>,
    mut chance: Rng,
) -> (Sightings, Option<Violation>) {
    loop {
        let Ok(mut connection) = options.connect().await else {
            // The server is down for a moment.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        while let Ok(page) = read_page(&mut connection, &mut sightings, &progress, &mut chance).await {
            match page {
                Ok(false) => {}
                Ok(true) => return (sightings, None),
                Err(violation) => return (sightings, Some(violation)),
            }
        }
    }
}

/// Reads one page; true if it was the last.
async fn read_page(
    connection: &mut PgConnection,
    sightings: &mut Sightings,
    progress: &Progress,
    chance: &mut Rng,
) -> Result<Result<bool, Violation>, sqlx::Error> {
    let limit = chance.usize(1..=2000);
    let written = progress.written.load(Ordering::SeqCst);
    let acknowledged = progress.acknowledged.load(Ordering::SeqCst);
    let page: Vec<(i64, Uuid)> = sqlx::query_as(
        "select position, event_id from events where position > $1 order by position limit $2",
    )
    .bind(sightings.last())
    .bind(i64::try_from(limit).expect("2000 at most"))
    .fetch_all(connection)
    .await?;
    let ended = page.len() < limit;
    let seen = page.into_iter().try_for_each(|(position, event_id)| sightings.see(position, event_id));
    if let Err(violation) = seen.and_then(|()| if ended { sightings.see_end(acknowledged) } else { Ok(()) }) {
        return Ok(Err(violation));
    }
    if ended && !written {
        sleep(Duration::from_micros(chance.u64(0..5000))).await;
    }
    Ok(Ok(ended && written))
}

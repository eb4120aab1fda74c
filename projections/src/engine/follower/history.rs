//! Histories that can be followed: what comes after a cursor, in order.

use std::fmt;
use std::future::Future;
use std::str::FromStr;

use sqlx::PgConnection;

use crate::engine::feed::{self, FeedError, RecordedEvent};

/// A point in a history: everything up to the position was read. Texts such as `3.0.1234`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The version of the projection that wrote the rows; 0 for the log.
    pub version: i32,
    /// How often its rows were replaced by a rebuild; 0 for the log.
    pub generation: i32,
    /// The position.
    pub position: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.version, self.generation, self.position)
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cursor has the form VERSION.GENERATION.POSITION, as the platform gave it out")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(InvalidCursor);
        Ok(Self {
            version: part()?.parse().map_err(|_| InvalidCursor)?,
            generation: part()?.parse().map_err(|_| InvalidCursor)?,
            position: part()?.parse().map_err(|_| InvalidCursor)?,
        })
    }
}

/// What follows a cursor.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<E> {
    /// These entries, of whole positions; then the cursor is here. Without entries it may move too. If it does not move,
    /// there is nothing yet.
    Entries(Vec<E>, Cursor),
    /// The entries after the cursor are deleted or replaced, or the log does not reach it; the history ends here. Use the
    /// present state instead.
    Resync(Cursor),
}

/// A history in order: the log, or the changes of a read model.
pub trait History: Send + Sync + 'static {
    /// What it consists of.
    type Entry: Send + Sync;

    /// The end of the log, as a cursor into this history: where a follower begins that the past does not concern.
    fn end(connection: &mut PgConnection) -> impl Future<Output = Result<Cursor, sqlx::Error>> + Send;

    /// About `limit` entries after a cursor; more if one position has more.
    fn after(
        connection: &mut PgConnection,
        cursor: Cursor,
        limit: i64,
    ) -> impl Future<Output = Result<Next<Self::Entry>, sqlx::Error>> + Send;
}

/// The log. Its limit counts positions.
#[derive(Debug)]
pub struct Log;

impl History for Log {
    type Entry = RecordedEvent;

    async fn end(connection: &mut PgConnection) -> Result<Cursor, sqlx::Error> {
        let position = feed::head(connection).await.map_err(FeedError::into_sqlx)?;
        Ok(Cursor { position, ..Cursor::default() })
    }

    async fn after(
        connection: &mut PgConnection,
        cursor: Cursor,
        limit: i64,
    ) -> Result<Next<RecordedEvent>, sqlx::Error> {
        let events =
            feed::read(&mut *connection, cursor.position, limit).await.map_err(FeedError::into_sqlx)?;
        if events.is_empty() {
            return nothing_after::<Self>(connection, cursor).await;
        }
        let position = events.last().map_or(cursor.position, |last| last.position);
        Ok(Next::Entries(events, Cursor { position, ..cursor }))
    }
}

/// The answer where nothing follows a cursor: a log that was replaced by an earlier copy may end before it.
pub(crate) async fn nothing_after<H: History>(
    connection: &mut PgConnection,
    cursor: Cursor,
) -> Result<Next<H::Entry>, sqlx::Error> {
    let end = H::end(connection).await?;
    let is_reached = cursor.position <= end.position;
    Ok(if is_reached { Next::Entries(Vec::new(), cursor) } else { Next::Resync(end) })
}

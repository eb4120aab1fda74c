//! The log as it stood when the tool was started: one snapshot, read in pages.

use std::str::FromStr;

use parking_projections::feed::{self, FeedError, RecordedEvent};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Executor};

use crate::ToolError;

/// Events a page.
const PAGE: i64 = 5000;

/// The log up to its head, seen in one read-only transaction: what is appended meanwhile does not disturb.
pub(crate) struct Log {
    connection: PgConnection,
    /// The last position.
    pub(crate) head: i64,
    after: i64,
}

impl Log {
    pub(crate) async fn open(url: &str) -> Result<Self, ToolError> {
        if url.is_empty() {
            return Err(
                "say which database: set DATABASE_URL, or run `./parking replay` beside the platform".into(),
            );
        }
        // The error of a URL may repeat the URL, and the URL may hold a password.
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| "DATABASE_URL is not a PostgreSQL URL: postgres://user:password@host/database")?;
        let mut connection = options
            .application_name("replay-tool")
            .options([("default_transaction_read_only", "on")])
            .connect()
            .await?;
        connection.execute("begin isolation level repeatable read read only").await?;
        let head = feed::head(&mut connection).await?;
        Ok(Self { connection, head, after: 0 })
    }

    /// Goes on after this position.
    pub(crate) fn skip_to(&mut self, after: i64) {
        self.after = after;
    }

    /// The next events, whatever is missing between them; empty at the end.
    pub(crate) async fn next_page(&mut self) -> Result<Vec<RecordedEvent>, FeedError> {
        let page = feed::read_as_is(&mut self.connection, self.after, PAGE).await?;
        if let Some(last) = page.last() {
            self.after = last.position;
        }
        Ok(page)
    }

    /// The connection, for questions besides the events.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

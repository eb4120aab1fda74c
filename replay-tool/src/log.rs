//! The log as it was when the tool was started, read in pages.

use chrono::TimeDelta;
use parking_domain::id::LogId;
use parking_domain::log::FORMAT;
use parking_projections::engine::as_of::{AsOf, AsOfError};
use parking_projections::engine::database_url;
use parking_projections::engine::feed::{self, FeedError, Identity, RecordedEvent};
use sqlx::postgres::PgConnection;
use sqlx::{ConnectOptions, Executor, FromRow};

use crate::ToolError;
use crate::streams::{self, Stream};
use parking_domain::instant::Instant;

/// Events a page.
const PAGE: i64 = 5000;
const PAGE_LENGTH: usize = 5000;

/// The log up to its head. Rows never change, so no transaction stays open: an open one would keep the server from
/// vacuuming its busiest rows.
pub(crate) struct Log {
    connection: PgConnection,
    /// The log's id.
    pub(crate) id: LogId,
    /// The last position when the tool was started.
    pub(crate) head: i64,
    after: i64,
    of: Of,
}

/// The part of the log that is read.
enum Of {
    Everything,
    Type(String),
    Streams(Vec<Stream>),
}

impl Log {
    pub(crate) async fn open(url: &str) -> Result<Self, ToolError> {
        if url.is_empty() {
            return Err(
                "say which database: set DATABASE_URL, or run `./parking replay` beside the platform".into(),
            );
        }
        let mut connection = database_url::options_of(url)?
            .application_name("replay-tool")
            .options([("default_transaction_read_only", "on")])
            .connect()
            .await?;
        become_auditor(&mut connection).await?;
        let id = identify(&mut connection).await?;
        let head = feed::head(&mut connection).await?;
        Ok(Self { connection, id, head, after: 0, of: Of::Everything })
    }

    /// Continues after this position.
    pub(crate) fn skip_to(&mut self, after: i64) {
        self.after = self.after.max(after);
    }

    /// Continues with the first event recorded at this time or later.
    pub(crate) async fn skip_to_time(&mut self, since: Instant) -> Result<(), FeedError> {
        let before = feed::position_at(&mut self.connection, since - TimeDelta::microseconds(1)).await?;
        self.skip_to(before);
        Ok(())
    }

    /// The last position that counts at a moment.
    pub(crate) async fn position_of(&mut self, moment: AsOf) -> Result<i64, AsOfError> {
        // Events that were appended after the start are not read.
        Ok(moment.position(&mut self.connection).await?.min(self.head))
    }

    /// Ends after this position.
    pub(crate) fn end_at(&mut self, position: i64) {
        self.head = self.head.min(position);
    }

    /// Reads these streams only.
    pub(crate) fn only(&mut self, streams: Vec<Stream>) {
        self.of = Of::Streams(streams);
    }

    /// Reads the streams of this type only.
    pub(crate) fn only_type(&mut self, aggregate_type: &str) {
        self.of = Of::Type(aggregate_type.to_owned());
    }

    /// The connection, for commands that read more than the log.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// The next events, even with gaps between them; empty at the end.
    pub(crate) async fn next_page(&mut self) -> Result<Vec<RecordedEvent>, FeedError> {
        let (connection, after, head) = (&mut self.connection, self.after, self.head);
        let mut page = match &mut self.of {
            Of::Everything => feed::read_as_is(connection, after, PAGE).await?,
            Of::Type(wanted) => feed::read_type(connection, wanted, after, head, PAGE).await?,
            Of::Streams(wanted) => streams::merge(connection, wanted, after, head, PAGE_LENGTH).await?,
        };
        page.retain(|event| event.position <= head);
        if let Some(last) = page.last() {
            self.after = last.position;
        }
        Ok(page)
    }

    /// The current version of every stream.
    pub(crate) async fn streams(&mut self) -> Result<Vec<StreamVersion>, FeedError> {
        let streams =
            "select aggregate_type, aggregate_id, version, last_position from streams order by 1, 2";
        Ok(sqlx::query_as(streams).fetch_all(&mut self.connection).await?)
    }
}

/// Gives up the further rights of a login that may be the auditor.
async fn become_auditor(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let become_auditor = "select set_config('role', rolname, false) from pg_roles \
                          where rolname = 'parking_auditor' and pg_has_role(oid, 'member')";
    connection.execute(become_auditor).await.map(|_| ())
}

/// The log's id; refuses a log of a format that this tool does not read.
async fn identify(connection: &mut PgConnection) -> Result<LogId, ToolError> {
    let Identity { format, log_id } = feed::identity(connection).await?;
    match (format, log_id) {
        (Some(FORMAT), Some(log_id)) => Ok(log_id),
        (Some(found), _) => Err(format!(
            "the log has format {found}, this tool reads format {FORMAT}: use the replay-tool of the build that made the log"
        )
        .into()),
        (None, _) => Err(format!(
            "the log was made by an earlier build (without a format number), this tool reads format {FORMAT}: use the \
             replay-tool of that build"
        )
        .into()),
    }
}

/// A row of `streams`.
#[derive(FromRow)]
pub(crate) struct StreamVersion {
    pub(crate) aggregate_type: String,
    pub(crate) aggregate_id: String,
    pub(crate) version: i64,
    pub(crate) last_position: i64,
}

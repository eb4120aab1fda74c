//! Reads the log in order: the only reader of `events` by position.
//!
//! Positions are gapless and in commit order, so the next page is what follows the last position. A missing position is
//! an error; the feed neither waits for it nor skips it.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use parking_domain::id::{LogId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::stored::{DecodeError, Event, Recorded};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use crate::engine::rows;

/// An event of the log. Cheap to clone; all clones share one decoding.
#[derive(Clone, Debug)]
pub struct RecordedEvent(Arc<(Recorded, OnceLock<Event>)>);

impl RecordedEvent {
    /// The decoded event; the first call decodes it.
    pub fn event(&self) -> Result<&Event, DecodeError> {
        let (recorded, event) = &*self.0;
        if let Some(event) = event.get() {
            return Ok(event);
        }
        let decoded = recorded.decode()?;
        Ok(event.get_or_init(|| decoded))
    }
}

impl Deref for RecordedEvent {
    type Target = Recorded;

    fn deref(&self) -> &Recorded {
        &self.0.0
    }
}

impl From<Recorded> for RecordedEvent {
    fn from(recorded: Recorded) -> Self {
        Self(Arc::new((recorded, OnceLock::new())))
    }
}

// By index in `COLUMNS`: sqlx looks names up for each row.
impl FromRow<'_, PgRow> for RecordedEvent {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        let recorded = Recorded {
            position: row.try_get(0)?,
            tenant_id: row.try_get(1)?,
            aggregate_type: row.try_get(2)?,
            aggregate_id: row.try_get(3)?,
            sequence: row.try_get(4)?,
            event_type: row.try_get(5)?,
            event_version: row.try_get(6)?,
            payload: row.try_get(7)?,
            metadata: row.try_get(8)?,
            event_id: row.try_get(9)?,
            append_id: row.try_get(10)?,
            recorded_at: rows::instant(row.try_get(11)?)?,
        };
        Ok(recorded.into())
    }
}

/// Why the feed cannot continue. It never ends early without an error.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The database did not answer.
    #[error("the log could not be read: {0}")]
    Database(#[from] sqlx::Error),
    /// A position is missing: the log was tampered with or restored in part.
    #[error("position {missing} is missing from the log, position {found} follows")]
    Gap {
        /// The missing position.
        missing: i64,
        /// The position found instead.
        found: i64,
    },
    /// The log ends before a position that was read earlier.
    #[error("position {position} was read before, and the log ends at {head}: restore it whole, or rebuild")]
    Short {
        /// The position read earlier.
        position: i64,
        /// The last position of the log.
        head: i64,
    },
}

impl FeedError {
    /// For callers whose only errors are the database's.
    pub(crate) fn into_sqlx(self) -> sqlx::Error {
        match self {
            Self::Database(error) => error,
            damaged => sqlx::Error::Decode(damaged.into()),
        }
    }
}

/// Refuses a position that the log does not reach: a part of the log is missing, or it is another log.
pub async fn check_reach(connection: &mut PgConnection, position: i64) -> Result<(), FeedError> {
    let head = head(connection).await?;
    if position > head { Err(FeedError::Short { position, head }) } else { Ok(()) }
}

/// The last position of the log; 0 while it is empty.
pub async fn head(connection: &mut PgConnection) -> Result<i64, FeedError> {
    Ok(sqlx::query_scalar("select position from log_head").fetch_one(connection).await?)
}

/// The identity of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its format; none for a log older than format numbers.
    pub format: Option<i16>,
    /// Its id; none where there is no format.
    pub log_id: Option<LogId>,
}

/// The log's identity, whatever its format.
pub async fn identity(connection: &mut PgConnection) -> Result<Identity, FeedError> {
    // Through JSON, because another format may lack these columns.
    let query = "select (head ->> 'format')::smallint, (head ->> 'log_id')::uuid \
                   from (select to_jsonb(h) as head from log_head h) h";
    let (format, log_id): (Option<i16>, Option<Uuid>) = sqlx::query_as(query).fetch_one(connection).await?;
    Ok(Identity { format, log_id: log_id.map(LogId::from) })
}

/// The last position recorded at or before a time; 0 before the first event.
pub async fn position_at(connection: &mut PgConnection, time: Instant) -> Result<i64, FeedError> {
    // Each event has a later time than the one before, so a binary search finds the position, by some two dozen look-ups.
    let search = "with recursive search (before, behind) as ( \
                      select 0::bigint, position + 1 from log_head union all \
                      select case when e.recorded_at <= $1 then e.position else s.before end, \
                             case when e.recorded_at <= $1 then s.behind else e.position end \
                        from search s cross join lateral \
                             (select position, recorded_at from events \
                               where position = s.before + (s.behind - s.before) / 2 limit 1) e \
                       where s.behind - s.before > 1) \
                  select before from search where behind - before = 1";
    Ok(sqlx::query_scalar(search).bind(time.utc()).fetch_one(connection).await?)
}

/// The columns of a [`Recorded`], in its order.
pub(crate) const COLUMNS: &str = "position, tenant_id, aggregate_type, aggregate_id, sequence, event_type, event_version, \
                       payload::text, metadata::text, event_id, append_id, recorded_at";

/// Up to `limit` events after `after`, in order and without a gap. Empty only when nothing follows.
pub async fn read(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<RecordedEvent>, FeedError> {
    let events = read_as_is(connection, after, limit).await?;
    match (after + 1..).zip(&events).find(|(expected, event)| *expected != event.position) {
        Some((missing, event)) => Err(FeedError::Gap { missing, found: event.position }),
        None => Ok(events),
    }
}

/// Like [`read`], but tolerates missing positions: for tools that examine a damaged log.
pub async fn read_as_is(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<RecordedEvent>, FeedError> {
    let query = format!("select {COLUMNS} from events where position > $1 order by position limit $2");
    Ok(sqlx::query_as(&query).bind(after).bind(limit).fetch_all(connection).await?)
}

/// Selects events of one stream.
#[derive(Clone, Copy, Debug)]
pub struct StreamPage<'a> {
    /// The stream's aggregate type.
    pub aggregate_type: &'a str,
    /// The stream's id.
    pub aggregate_id: &'a str,
    /// Only events after this sequence.
    pub after_sequence: i64,
    /// Only events after this position.
    pub after: i64,
    /// Only events up to this position.
    pub through: i64,
    /// The most that are read.
    pub limit: i64,
}

/// A page of one stream, in order. It uses the stream's index, so the cost depends on the stream and not on the log.
pub async fn read_stream(
    connection: &mut PgConnection,
    page: StreamPage<'_>,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    // The sum keeps the planner from using the position index, which would read the log.
    let query = format!(
        "select {COLUMNS} from events where aggregate_type = $1 and aggregate_id = $2 and sequence > $3 \
                                        and position + 0 > $4 and position + 0 <= $5 order by sequence limit $6"
    );
    sqlx::query_as(&query)
        .bind(page.aggregate_type)
        .bind(page.aggregate_id)
        .bind(page.after_sequence)
        .bind(page.after)
        .bind(page.through)
        .bind(page.limit)
        .fetch_all(connection)
        .await
}

/// A page of the events of one aggregate type after a position, in order. The planner chooses the streams' index for
/// types with few events, and the log otherwise.
pub async fn read_type(
    connection: &mut PgConnection,
    aggregate_type: &str,
    after: i64,
    through: i64,
    limit: i64,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from events where aggregate_type = $1 and position > $2 and position <= $3 \
          order by position limit $4"
    );
    let events = sqlx::query_as(&query).bind(aggregate_type).bind(after).bind(through).bind(limit);
    events.fetch_all(connection).await
}

/// The devices ever assigned to a space, up to a position. It uses the streams' index: the cost depends on the devices'
/// own streams, not on their reports.
pub async fn devices_at(
    connection: &mut PgConnection,
    space_id: SpaceId,
    through: i64,
) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct aggregate_id from events \
          where aggregate_type = 'device' and event_type in ('DeviceAssigned', 'DeviceReassigned') \
            and position + 0 <= $2 and $1 in (payload -> event_type ->> 'space_id', payload -> event_type ->> 'to') \
          order by 1",
    )
    .bind(space_id.to_string())
    .bind(through)
    .fetch_all(connection)
    .await
}

/// All events of one type, in order. Only for types that people write.
pub(crate) async fn read_all_of_type(
    connection: &mut PgConnection,
    aggregate_type: &str,
    event_type: &str,
) -> Result<Vec<RecordedEvent>, sqlx::Error> {
    // Sorted here, so that the planner does not scan by position.
    let query = format!("select {COLUMNS} from events where aggregate_type = $1 and event_type = $2");
    let query = sqlx::query_as(&query).bind(aggregate_type).bind(event_type);
    let mut events: Vec<RecordedEvent> = query.fetch_all(connection).await?;
    events.sort_by_key(|event| event.position);
    Ok(events)
}

/// The events of some aggregate types in a page of the log.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The events, in order.
    pub events: Vec<RecordedEvent>,
    /// The last position looked at; the position before the page when nothing follows.
    pub through: i64,
    /// True when more events may follow already.
    pub full: bool,
}

/// The events of some aggregate types among the `limit` events after `after`. All positions are counted first, so that
/// a missing one is found as in [`read`].
pub async fn read_page(
    connection: &mut PgConnection,
    after: i64,
    limit: i64,
    aggregate_types: &[&str],
) -> Result<Page, FeedError> {
    let extent = "select count(*), max(position) \
                    from (select position from events where position > $1 order by position limit $2) page";
    let (looked_at, through): (i64, Option<i64>) =
        sqlx::query_as(extent).bind(after).bind(limit).fetch_one(&mut *connection).await?;
    let Some(through) = through else {
        return Ok(Page { events: Vec::new(), through: after, full: false });
    };
    if through - after != looked_at {
        read(connection, after, limit).await?;
        return Err(FeedError::Gap { missing: after + 1, found: through });
    }
    // The limit keeps the planner from using the index of aggregate types on the whole log.
    let query = format!(
        "select {COLUMNS} from (select * from events where position > $1 order by position limit $2) page \
          where aggregate_type = any($3) order by position"
    );
    let events = sqlx::query_as(&query).bind(after).bind(looked_at).bind(aggregate_types);
    Ok(Page { events: events.fetch_all(connection).await?, through, full: looked_at == limit })
}

//! The uplinks that a claim brings: the device's earlier reports, read again from its stream, page by page.
//!
//! The log alone determines them: those since the device last became ownerless, received at most [`HORIZON`] before the
//! claim. Positions and times never run backwards within a stream, so searches by the stream's index find the first one and
//! the last one. In a replay most of a stream is after the claim: what it costs depends on the reports before it only.

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::stored::Event;
use parking_domain::uplinks::{Source, UplinkEvent, stream_id};
use sqlx::PgConnection;

use crate::devices::name;
use crate::engine::feed::{self, RecordedEvent, StreamPage};
use crate::engine::reread;
use crate::engine::rows::instant;

/// How far back a claim reaches: the default retention of reports. Another value gives other rows, so raise the
/// projection's version with it.
pub(super) const HORIZON: TimeDelta = TimeDelta::days(90);

/// Events read and written at once.
const PAGE: i64 = 1_000;

/// The aggregate type of device reports.
const UPLINKS: &str = "uplinks";

/// A device's reports before its claim.
pub(super) struct Past {
    stream: String,
    /// The last sequence that was read or belongs to an earlier owner.
    passed: i64,
    /// The last sequence before the claim.
    last: i64,
}

impl Past {
    /// The reports before the claim at position `before` that was decided at `at`.
    pub(super) async fn before(
        connection: &mut PgConnection,
        dev_eui: DevEui,
        before: i64,
        at: Instant,
    ) -> Result<Self, sqlx::Error> {
        let since = ownerless_since(connection, dev_eui, before).await?;
        let stream = stream_id(Source::Platform, dev_eui);
        let horizon = at - HORIZON;
        // The last event before the claim is not before `last` and before `beyond`.
        let (mut last, mut beyond) = (0, 1);
        while is_before(connection, &stream, beyond, before).await? {
            (last, beyond) = (beyond, 2 * beyond);
        }
        while beyond - last > 1 {
            let middle = last + (beyond - last) / 2;
            let end =
                if is_before(connection, &stream, middle, before).await? { &mut last } else { &mut beyond };
            *end = middle;
        }
        // The first wanted event is after `passed` and not after `wanted`.
        let (mut passed, mut wanted) = (0, last + 1);
        while wanted - passed > 1 {
            let middle = passed + (wanted - passed) / 2;
            let (position, received_at) = probe(connection, &stream, middle).await?;
            if position > since && received_at >= horizon { wanted = middle } else { passed = middle }
        }
        Ok(Self { stream, passed, last })
    }

    /// The next events; none when no event before the claim is left.
    pub(super) async fn next_page(
        &mut self,
        connection: &mut PgConnection,
    ) -> Result<Option<Vec<RecordedEvent>>, sqlx::Error> {
        if self.passed >= self.last {
            return Ok(None);
        }
        let page = StreamPage {
            aggregate_type: UPLINKS,
            aggregate_id: &self.stream,
            after_sequence: self.passed,
            after: 0,
            through: i64::MAX,
            limit: PAGE.min(self.last - self.passed),
        };
        let mut page = feed::read_stream(connection, page).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.passed = last.sequence;
        reread::leave_out(connection, name::NAME, &mut page).await?;
        Ok(Some(page))
    }

    /// A report with its position. One that does not decode was passed over when it was first read.
    pub(super) fn heard(recorded: &RecordedEvent) -> Option<(i64, &UplinkEvent)> {
        match recorded.event() {
            Ok(Event::Uplink(event)) => Some((recorded.position, event)),
            _ => None,
        }
    }
}

/// The position at which the device last became ownerless before a claim; 0 if it never had an owner. A retired device
/// that is released later has been ownerless since its retirement.
async fn ownerless_since(
    connection: &mut PgConnection,
    dev_eui: DevEui,
    before: i64,
) -> Result<i64, sqlx::Error> {
    let since: Option<i64> = sqlx::query_scalar(
        "select position from events \
          where aggregate_type = 'device' and aggregate_id = $1 and position + 0 < $2 \
            and event_type in ('DeviceReleased', 'DeviceRetired') \
            and sequence > coalesce((select max(sequence) from events \
                                      where aggregate_type = 'device' and aggregate_id = $1 and position + 0 < $2 \
                                        and event_type = 'DeviceClaimed'), 0) \
          order by sequence limit 1",
    )
    .bind(dev_eui.to_string())
    .bind(before)
    .fetch_optional(connection)
    .await?;
    Ok(since.unwrap_or_default())
}

/// True if the stream has an event with this sequence, before a position.
async fn is_before(
    connection: &mut PgConnection,
    stream: &str,
    sequence: i64,
    position: i64,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "select exists (select from events where aggregate_type = $1 and aggregate_id = $2 and sequence = $3 \
                                             and position + 0 < $4)",
    )
    .bind(UPLINKS)
    .bind(stream)
    .bind(sequence)
    .bind(position)
    .fetch_one(connection)
    .await
}

/// An event's position and its time of receipt, or the time it was recorded if it has none.
async fn probe(
    connection: &mut PgConnection,
    stream: &str,
    sequence: i64,
) -> Result<(i64, Instant), sqlx::Error> {
    let (position, recorded_at, received_at): (i64, DateTime<Utc>, Option<String>) = sqlx::query_as(
        "select position, recorded_at, payload -> event_type -> 'report' ->> 'received_at' from events \
          where aggregate_type = $1 and aggregate_id = $2 and sequence = $3",
    )
    .bind(UPLINKS)
    .bind(stream)
    .bind(sequence)
    .fetch_one(connection)
    .await?;
    let received_at = received_at.and_then(|time| time.parse().ok());
    Ok((position, received_at.map_or_else(|| instant(recorded_at), Ok)?))
}

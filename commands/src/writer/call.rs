//! The call of `append_events`: a batch as arrays, and its results as verdicts.

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::aggregate::ClaimChange;
use parking_domain::instant::Instant;
use sqlx::FromRow;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::pending::Pending;
use crate::append::{Append, AppendError, Appended, Expected, NewEvent, RequestKey, StreamAppend};

const APPEND: &str = "select * from append_events($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
                                                  $16, $17, $18, $19, $20, $21, $22)";

/// The result of one append.
pub(super) type Verdict = Result<Appended, AppendError>;

/// The row that `append_events` returns. Arrays that no append of the batch needs are null.
#[derive(FromRow)]
pub(super) struct AppendRow {
    head: i64,
    #[sqlx(try_from = "DateTime<Utc>")]
    stamp: Instant,
    wins: Vec<bool>,
    first_positions: Option<Vec<Option<i64>>>,
    last_positions: Option<Vec<Option<i64>>>,
    same_requests: Option<Vec<Option<bool>>>,
    versions: Vec<i64>,
    holds: Vec<bool>,
    holders: Option<Vec<Option<String>>>,
}

/// An item with the number of its owner in the batch, from 1.
type Numbered<'a, T> = (i32, &'a T);

fn numbered<'a, T, U: 'a>(
    owners: impl Iterator<Item = &'a T>,
    owned: impl Fn(&'a T) -> &'a [U],
) -> Vec<Numbered<'a, U>>
where
    T: 'a,
{
    (1..)
        .zip(owners)
        .flat_map(|(number, owner)| owned(owner).iter().map(move |item| (number, item)))
        .collect()
}

/// Sends the batch.
pub(super) async fn append(
    connection: &mut PgConnection,
    batch: &[Pending],
) -> Result<AppendRow, sqlx::Error> {
    let appends = || batch.iter().map(|pending| &pending.append);
    let requests = || appends().map(|append| append.request.as_ref());
    let streams: Vec<Numbered<'_, StreamAppend>> = numbered(appends(), |append| &append.streams);
    let all_streams = || streams.iter().map(|(_, stream)| *stream);
    let claims: Vec<Numbered<'_, ClaimChange>> = numbered(all_streams(), |stream| &stream.claims);
    let events: Vec<Numbered<'_, NewEvent>> = numbered(all_streams(), |stream| &stream.events);
    let all_events = || events.iter().map(|(_, event)| *event);
    let bodies = || batch.iter().flat_map(|pending| &pending.bodies).map(Option::as_ref);
    sqlx::query_as(APPEND)
        .bind(appends().map(|append| append.append_id).collect::<Vec<_>>())
        .bind(requests().map(|r| r.map_or(Uuid::nil(), |r| r.tenant_id)).collect::<Vec<_>>())
        .bind(requests().map(|r| r.map(|r| r.key.as_str())).collect::<Vec<_>>())
        .bind(requests().map(|r| r.map_or(Uuid::nil(), |r| r.fingerprint)).collect::<Vec<_>>())
        .bind(streams.iter().map(|(command, _)| *command).collect::<Vec<_>>())
        .bind(all_streams().map(|s| s.aggregate_type.as_str()).collect::<Vec<_>>())
        .bind(all_streams().map(|s| s.aggregate_id.as_str()).collect::<Vec<_>>())
        .bind(all_streams().map(|s| expected_version(s.expected)).collect::<Vec<_>>())
        .bind(all_streams().map(|s| i32::try_from(s.events.len()).unwrap_or(i32::MAX)).collect::<Vec<_>>())
        .bind(claims.iter().map(|(stream, _)| *stream).collect::<Vec<_>>())
        .bind(claims.iter().map(|(_, change)| change.claim().scope.as_str()).collect::<Vec<_>>())
        .bind(claims.iter().map(|(_, change)| change.claim().key.as_str()).collect::<Vec<_>>())
        .bind(claims.iter().map(|(_, change)| matches!(change, ClaimChange::Take(_))).collect::<Vec<_>>())
        .bind(events.iter().map(|(stream, _)| *stream).collect::<Vec<_>>())
        .bind(all_events().map(|e| e.event_id).collect::<Vec<_>>())
        .bind(all_events().map(|e| e.tenant_id).collect::<Vec<_>>())
        .bind(all_events().map(|e| e.event_type.as_str()).collect::<Vec<_>>())
        .bind(all_events().map(|e| e.event_version.as_str()).collect::<Vec<_>>())
        .bind(all_events().map(|e| e.payload.as_str()).collect::<Vec<_>>())
        .bind(all_events().map(|e| e.metadata.as_str()).collect::<Vec<_>>())
        .bind(bodies().map(|body| Some(&body?.bytes[..])).collect::<Vec<_>>())
        .bind(bodies().map(|body| Some(body?.encoding)).collect::<Vec<_>>())
        .fetch_one(connection)
        .await
}

fn expected_version(expected: Expected) -> Option<i64> {
    match expected {
        // A negative version is invalid, and must not be confused with -1 below.
        Expected::Version(version) => Some(if version < 0 { i64::MIN } else { version }),
        Expected::Exists => Some(-1),
        Expected::Any => None,
    }
}

impl AppendRow {
    /// The verdict on each append. Accepted appends get the positions after the head, in batch order.
    pub(super) fn into_verdicts(self, batch: &[Pending]) -> Vec<Verdict> {
        let mut head = self.head;
        let (mut streams, mut claims) = (0, 0);
        let verdicts = (0..batch.len()).map(|command| {
            let append = &batch[command].append;
            let (first_stream, first_claim) = (streams, claims);
            streams += append.streams.len();
            claims += append.claims().count();
            if !self.wins[command] {
                return self.refusal(command, append, first_stream, first_claim);
            }
            let first_position = head + 1;
            head += count(append.event_count());
            let written = append.streams.iter().zip(&self.versions[first_stream..]);
            let written = written.filter(|(stream, _)| !stream.events.is_empty());
            let versions = written.map(|(stream, version)| version + count(stream.events.len())).collect();
            Ok(Appended {
                first_position,
                last_position: head,
                recorded_at: after(self.stamp, first_position - self.head - 1),
                versions,
                repeated: false,
            })
        });
        verdicts.collect()
    }

    /// Why the append was not accepted: its request was made before, a version does not match, or a claim is held.
    fn refusal(&self, command: usize, append: &Append, first_stream: usize, first_claim: usize) -> Verdict {
        if let Some(repeated) = append.request.as_ref().and_then(|request| self.repeated(command, request)) {
            return repeated;
        }
        let verdicts = self.holds[first_stream..].iter().zip(&self.versions[first_stream..]);
        for (stream, (holds, version)) in append.streams.iter().zip(verdicts) {
            if !holds {
                return Err(AppendError::Conflict {
                    aggregate_type: stream.aggregate_type.clone(),
                    aggregate_id: stream.aggregate_id.clone(),
                    expected: stream.expected,
                    actual: *version,
                });
            }
        }
        let holders = self.holders.iter().flatten().skip(first_claim);
        let held = append
            .claims()
            .zip(holders)
            .find_map(|(change, holder)| Some((change.claim(), holder.as_ref()?)));
        let (claim, holder) = held.expect("append_events refuses for a request, a version or a claim");
        Err(AppendError::ClaimHeld { claim: claim.clone(), holder: holder.clone() })
    }

    /// The original result of the append's request, or the error that its key was used with other content; `None` if it
    /// is new.
    fn repeated(&self, command: usize, request: &RequestKey) -> Option<Verdict> {
        let first_position = self.first_positions.as_ref()?[command]?;
        let last_position = self.last_positions.as_ref()?[command]?;
        if self.same_requests.as_ref()?[command]? {
            let versions = Vec::new();
            Some(Ok(Appended {
                first_position,
                last_position,
                recorded_at: self.stamp,
                versions,
                repeated: true,
            }))
        } else {
            Some(Err(AppendError::RequestKeyReused { key: request.key.clone() }))
        }
    }
}

/// The time of the event that follows so many others of its batch: see `append_events`.
pub(super) fn after(first: Instant, others: i64) -> Instant {
    first + TimeDelta::microseconds(others)
}

fn count(n: usize) -> i64 {
    i64::try_from(n).expect("a batch is bounded far below 2^63")
}

//! Events up to a projection's position that its rows do not contain, and whether the log records a skip for each.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, PgConnection};

use crate::engine::exceptions::{Exceptions, HeldStream};
use crate::engine::feed::FeedError;
use crate::engine::skips::{self, Skip};

/// An event that a projection did not apply.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PassedOver {
    /// The event's position.
    pub position: i64,
    /// The reason.
    pub reason: String,
}

/// What the live rows of a projection lack, compared with the log up to their position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Why the projection has stopped, if it has.
    pub stopped: Option<String>,
    /// The streams it holds back.
    pub held: Vec<HeldStream>,
    /// Events it could not apply and noted: without a tenant, or of a type that this release does not know.
    pub dead_letters: Vec<PassedOver>,
    /// Events it did not apply because the log records a skip.
    pub skipped: Vec<PassedOver>,
    /// Skips in the log that the rows do not reflect yet: they need a rebuild.
    pub unapplied: Vec<Skip>,
    /// Events noted as skipped for which the log records no skip.
    pub unrecorded: Vec<PassedOver>,
}

impl Account {
    /// True when the rows lack only skipped events and dead letters.
    pub fn is_settled(&self) -> bool {
        let Self { stopped, held, unapplied, unrecorded, .. } = self;
        stopped.is_none() && held.is_empty() && unapplied.is_empty() && unrecorded.is_empty()
    }

    /// The account as text, one line for each entry.
    pub fn lines(&self, projection: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(failure) = &self.stopped {
            lines.push(format!("has stopped: {failure}"));
        }
        for HeldStream { aggregate_type, aggregate_id, tenant_id, position, cause, failure, .. } in &self.held
        {
            lines.push(format!(
                "holds back {aggregate_type}/{aggregate_id} from position {position} on, and refuses reads of tenant \
                 {tenant_id}: it cannot take position {cause}: {failure}"
            ));
        }
        for Skip { position, skip_position, .. } in &self.unapplied {
            lines.push(format!(
                "position {position} is skipped (by position {skip_position}) and its rows are not rebuilt yet: run \
                 `parking projection retry {projection}`"
            ));
        }
        for PassedOver { position, .. } in &self.unrecorded {
            lines.push(format!(
                "passed over position {position} as skipped, but the log contains no such skip"
            ));
        }
        lines.extend(
            self.skipped.iter().map(|event| format!("skipped position {}: {}", event.position, event.reason)),
        );
        let letters = self.dead_letters.iter();
        lines.extend(
            letters.map(|event| format!("dead letter at position {}: {}", event.position, event.reason)),
        );
        lines
    }
}

/// Reads the account of a projection whose live rows are at `position`.
pub async fn read(
    connection: &mut PgConnection,
    projection: &str,
    position: i64,
) -> Result<Account, FeedError> {
    let stopped: Option<Option<String>> = sqlx::query_scalar(
        "select failure from projections.checkpoints where projection = $1 and status <> 'running'",
    )
    .bind(projection)
    .fetch_optional(&mut *connection)
    .await?;
    let held: Vec<HeldStream> = sqlx::query_as(
        "select projection, aggregate_type, aggregate_id, tenant_id, position, cause, failure \
           from projections.held_streams where projection = $1 order by position, tenant_id",
    )
    .bind(projection)
    .fetch_all(&mut *connection)
    .await?;
    let dead_letters: Vec<PassedOver> = sqlx::query_as(
        "select position, failure as reason from projections.dead_letters where projection = $1 order by 1",
    )
    .bind(projection)
    .fetch_all(&mut *connection)
    .await?;
    let passed: Vec<PassedOver> = sqlx::query_as(
        "select position, reason from projections.skipped_events where projection = $1 order by 1",
    )
    .bind(projection)
    .fetch_all(&mut *connection)
    .await?;
    let recorded = skips::of(connection, projection).await?;
    let kept: BTreeSet<i64> = passed.iter().chain(&dead_letters).map(|event| event.position).collect();
    let (skipped, unrecorded) = passed.into_iter().partition(|event| recorded.contains_key(&event.position));
    let unapplied =
        recorded.into_values().filter(|skip| skip.position <= position && !kept.contains(&skip.position));
    Ok(Account {
        stopped: stopped.map(|failure| failure.unwrap_or_else(|| "no reason was noted".to_owned())),
        held,
        dead_letters,
        skipped,
        unapplied: unapplied.collect(),
        unrecorded,
    })
}

impl Account {
    /// The exceptions under which the rows were made, without dead letters.
    pub(crate) fn exceptions(&self) -> Exceptions {
        let skip = |event: &PassedOver| Skip {
            position: event.position,
            projection: String::new(),
            reason: event.reason.clone(),
            undecodable: false,
            skip_position: 0,
        };
        let skips: BTreeMap<i64, Skip> =
            self.skipped.iter().chain(&self.unrecorded).map(|event| (event.position, skip(event))).collect();
        let mut exceptions = Exceptions::of_skips(skips);
        self.held.iter().for_each(|stream| exceptions.hold(stream));
        exceptions
    }
}

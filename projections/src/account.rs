//! What a projection's rows do not show although the log holds it, and whether the log says so.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{FromRow, PgConnection};

use crate::exceptions::{Exceptions, HeldStream};
use crate::feed::FeedError;
use crate::skips::{self, Skip};

/// An event that a projection passed over.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PassedOver {
    /// The event.
    pub position: i64,
    /// Why.
    pub reason: String,
}

/// The live rows of one projection against the log up to their position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Why the projection stands still, if it does.
    pub stopped: Option<String>,
    /// The streams of which it holds events back.
    pub held: Vec<HeldStream>,
    /// The events that it could not take and noted: of no tenant, or of a type that this release does not know.
    pub dead_letters: Vec<PassedOver>,
    /// The events that it passed over as the log says.
    pub skipped: Vec<PassedOver>,
    /// Skips that the rows do not keep to yet: they are to be made anew.
    pub unkept: Vec<Skip>,
    /// Events that were passed over as skipped, and of which the log says nothing.
    pub unfounded: Vec<PassedOver>,
}

impl Account {
    /// True when the rows lack nothing but what the log says to skip, and dead letters.
    pub fn is_settled(&self) -> bool {
        let Self { stopped, held, unkept, unfounded, .. } = self;
        stopped.is_none() && held.is_empty() && unkept.is_empty() && unfounded.is_empty()
    }

    /// What is to be said of it, a line for each thing.
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
        for Skip { position, said_at, .. } in &self.unkept {
            lines.push(format!(
                "position {position} is skipped (by position {said_at}) and its rows are not made anew: run \
                 `parking projection retry {projection}`"
            ));
        }
        for PassedOver { position, .. } in &self.unfounded {
            lines.push(format!("passed over position {position} as skipped, of which the log says nothing"));
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

/// Reads it; `position` is that of the live rows.
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
    let said = skips::of(connection, projection).await?;
    let kept: BTreeSet<i64> = passed.iter().chain(&dead_letters).map(|event| event.position).collect();
    let (skipped, unfounded) = passed.into_iter().partition(|event| said.contains_key(&event.position));
    let unkept =
        said.into_values().filter(|skip| skip.position <= position && !kept.contains(&skip.position));
    Ok(Account {
        stopped: stopped.map(|failure| failure.unwrap_or_else(|| "no reason was noted".to_owned())),
        held,
        dead_letters,
        skipped,
        unkept: unkept.collect(),
        unfounded,
    })
}

impl Account {
    /// What was left out of the rows besides dead letters.
    pub(crate) fn exceptions(&self) -> Exceptions {
        let skip = |event: &PassedOver| Skip {
            position: event.position,
            projection: String::new(),
            reason: event.reason.clone(),
            undecodable: false,
            said_at: 0,
        };
        let skips: BTreeMap<i64, Skip> =
            self.skipped.iter().chain(&self.unfounded).map(|event| (event.position, skip(event))).collect();
        let mut exceptions = Exceptions::of_skips(skips);
        self.held.iter().for_each(|stream| exceptions.hold(stream));
        exceptions
    }
}

//! Events that a projection must pass over according to the log: `EventSkipped`, written by an operator.
//!
//! A skip applies for ever: live rows, a rebuild and an audit leave the same events out, so the same log gives the same
//! rows. The log accepts it only for an event that the projection has not applied, so no row contains a skipped event.

use std::collections::BTreeMap;

use parking_domain::log::LogEvent;
use parking_domain::stored::Event;
use sqlx::PgConnection;

use crate::engine::feed::{self, FeedError};

/// An event that a projection passes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The event's position.
    pub position: i64,
    /// The projection.
    pub projection: String,
    /// The operator's reason.
    pub reason: String,
    /// True if the stream's aggregate leaves it out too.
    pub undecodable: bool,
    /// The position of the `EventSkipped` event.
    pub skip_position: i64,
}

/// Every skip in the log, in order. Their number is small: operators write them.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<Skip>, FeedError> {
    let events = feed::read_all_of_type(connection, "log", "EventSkipped").await?;
    let skip = |recorded: &feed::RecordedEvent| match recorded.event() {
        Ok(Event::Log(LogEvent::EventSkipped { position, projection, reason, undecodable, .. })) => {
            Some(Skip {
                position: *position,
                projection: projection.clone(),
                reason: reason.clone(),
                undecodable: *undecodable,
                skip_position: recorded.position,
            })
        }
        // A newer version, which this release does not know.
        _ => None,
    };
    Ok(events.iter().filter_map(skip).collect())
}

/// The skips of one projection by event position.
pub(crate) async fn of(
    connection: &mut PgConnection,
    projection: &str,
) -> Result<BTreeMap<i64, Skip>, FeedError> {
    let skips = all(connection).await?.into_iter();
    Ok(skips.filter(|skip| skip.projection == projection).map(|skip| (skip.position, skip)).collect())
}

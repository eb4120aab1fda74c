//! Events that the log says a projection is to pass over: `EventSkipped`, written by an operator.
//!
//! A skip holds for the projection's whole life: live rows, a rebuild and an audit leave the same events out, so the same
//! log gives the same rows. It is accepted only while the projection stands before the event, so no row ever contains an
//! event that the log says was skipped.

use std::collections::BTreeMap;

use parking_domain::log::LogEvent;
use parking_domain::stored::Event;
use sqlx::PgConnection;

use crate::feed::{self, FeedError};

/// An event that a projection is to pass over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The event.
    pub position: i64,
    /// The projection that passes it over.
    pub projection: String,
    /// Why, as the operator wrote it.
    pub reason: String,
    /// True when its stream's aggregate leaves it out, too.
    pub undecodable: bool,
    /// Where the log says so.
    pub said_at: i64,
}

/// Every skip in the log, in order. There are as many as operators wrote.
pub async fn all(connection: &mut PgConnection) -> Result<Vec<Skip>, FeedError> {
    let events = feed::read_all_of_type(connection, "log", "EventSkipped").await?;
    let skip = |recorded: &feed::RecordedEvent| match recorded.event() {
        Ok(Event::Log(LogEvent::EventSkipped { position, projection, reason, undecodable, .. })) => {
            Some(Skip {
                position: *position,
                projection: projection.clone(),
                reason: reason.clone(),
                undecodable: *undecodable,
                said_at: recorded.position,
            })
        }
        // Of a newer form, which this release cannot follow.
        _ => None,
    };
    Ok(events.iter().filter_map(skip).collect())
}

/// The skips of one projection by the positions of the events.
pub(crate) async fn of(
    connection: &mut PgConnection,
    projection: &str,
) -> Result<BTreeMap<i64, Skip>, FeedError> {
    let skips = all(connection).await?.into_iter();
    Ok(skips.filter(|skip| skip.projection == projection).map(|skip| (skip.position, skip)).collect())
}

//! Status and lag of all projections and followers, for monitoring.

use sqlx::{FromRow, PgConnection};

/// The head of the log, and the status of each projection and follower.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectionsStatus {
    /// The head.
    pub head: i64,
    /// Every projection that has ever run.
    pub projections: Vec<ProjectionStanding>,
    /// Every follower that has ever run.
    pub followers: Vec<FollowerStanding>,
}

/// The status of one follower.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct FollowerStanding {
    /// Its name.
    pub follower: String,
    /// False when it has stopped before an entry that it cannot take.
    pub running: bool,
    /// The position it has reached.
    pub position: i64,
    /// The number of events after that position.
    pub lag_events: i64,
    /// Entries it passed over because it cannot take them.
    pub skipped: i64,
}

/// The status of one projection.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub struct ProjectionStanding {
    /// Its name.
    pub projection: String,
    /// False when it has stopped before an event that it cannot apply.
    pub running: bool,
    /// The position it has reached.
    pub position: i64,
    /// The number of events after that position.
    pub lag_events: i64,
    /// The age of the oldest of them in seconds; 0 if there is none.
    pub lag_seconds: f64,
    /// Events it passed over because it cannot apply them.
    pub dead_letters: i64,
    /// The event before which it has stopped.
    pub stopped_at: Option<i64>,
    /// Events it passed over because the log records a skip.
    pub skipped_events: i64,
    /// Streams it holds back because it could not apply an event of them.
    pub held_streams: i64,
    /// Tenants whose reads are refused because of that.
    pub held_tenants: i64,
    /// The last events that it skipped, at most ten.
    pub skipped: Vec<i64>,
    /// The last events because of which it holds back streams, at most ten.
    pub causes: Vec<i64>,
}

/// Reads the status of all projections, with the role auditor.
pub async fn read(connection: &mut PgConnection) -> Result<ProjectionsStatus, sqlx::Error> {
    let head: i64 =
        sqlx::query_scalar("select position from operator.head").fetch_one(&mut *connection).await?;
    let projections = sqlx::query_as(
        "select projection, status = 'running' as running, position, greatest(lag_events, 0) as lag_events, \
                greatest(coalesce(extract(epoch from lag_age), 0), 0)::double precision as lag_seconds, dead_letters, \
                stopped_at, skipped_events, held_streams, held_tenants, \
                array(select s.position from projections.skipped_events s where s.projection = l.projection \
                       order by 1 desc limit 10) as skipped, \
                array(select distinct h.cause from projections.held_streams h where h.projection = l.projection \
                       order by 1 desc limit 10) as causes \
           from operator.projection_lag l",
    )
    .fetch_all(&mut *connection)
    .await?;
    let followers = sqlx::query_as(
        "select follower, status = 'running' as running, position, greatest($1 - position, 0) as lag_events, skipped \
           from ops.followers order by follower",
    )
    .bind(head)
    .fetch_all(connection)
    .await?;
    Ok(ProjectionsStatus { head, projections, followers })
}

//! The work of the jobs.

use chrono::TimeDelta;
use parking_projections::engine::retention;
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;

use super::Job;
use crate::due::Dues;
use parking_domain::instant::Instant;

/// How long live readers and followers may resume from a change.
const KEEP_CHANGES: TimeDelta = TimeDelta::days(3);

/// What jobs need. Every run has its own connection.
pub struct Work {
    /// Connects with the role projector.
    pub projector: PgConnectOptions,
    /// Executes what is due.
    pub dues: Dues,
    /// Retention of device reports in the read model.
    pub keep_readings: TimeDelta,
}

impl Work {
    /// Runs a job and returns its result. Dropping it leaves nothing half done.
    pub(super) async fn of(&self, job: Job, now: Instant) -> Result<Value, sqlx::Error> {
        let mut connection = self.projector.connect().await?;
        match job {
            Job::ExpireReservations => {
                let done = self.dues.pass_time(&mut connection, None, now).await?;
                Ok(json!({"commands": done.commands, "events": done.events, "settled": !done.unsettled}))
            }
            Job::CleanupReadings => {
                let before = now - self.keep_readings;
                let changes =
                    retention::clean(&mut connection, retention::CHANGES, now - KEEP_CHANGES).await?;
                let deleted = retention::clean(&mut connection, retention::UPLINKS, before).await?;
                let places = retention::forget_readings(&mut connection, before).await?;
                let requests = retention::forget_requests(&mut connection, before).await?;
                let changes = json!({"deleted": deleted, "before": before, "changes_deleted": changes,
                                     "readings_at_spaces_deleted": places, "requests_forgotten": requests});
                Ok(changes)
            }
        }
    }
}

//! The progress of the projections, for reads that must reflect a recent command.

use std::time::Duration;

use axum::http::StatusCode;
use parking_processes::due::ReadModels;
use parking_projections::progress::Progress;

use crate::http::kit::app::App;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;

/// How long a read waits for the requested position.
const PATIENCE: Duration = Duration::from_secs(2);

/// The progress of every projection.
#[derive(Clone, Debug)]
pub(crate) struct Projections {
    pub(crate) devices: Progress,
    pub(crate) registry: Progress,
    pub(crate) space_occupancy: Progress,
}

impl Projections {
    /// The position that all projections have reached.
    pub(crate) fn position(&self) -> i64 {
        self.all().into_iter().map(Progress::position).min().unwrap_or_default()
    }

    /// The read models that the processes depend on.
    pub(crate) fn read_models(&self) -> ReadModels {
        let Self { devices, registry, space_occupancy } = self.clone();
        ReadModels { registry, space_occupancy, devices }
    }

    /// Waits for the requested position. A position beyond the end of the log is refused at once.
    pub(crate) async fn wait_for(&self, app: &App, position: i64) -> Result<(), Problem> {
        if position < 0 {
            return Err(invalid("min_position must be a position: a whole number from 0"));
        }
        if self.reach(position, Duration::ZERO).await {
            return Ok(());
        }
        let head = head(app).await?;
        if position > head {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "position_unknown",
                format!("position {position} is beyond the end of the log at {head}"),
            ));
        }
        self.reach_or_refuse(position).await
    }

    /// Waits for the current end of the log.
    pub(crate) async fn wait_for_head(&self, app: &App) -> Result<(), Problem> {
        self.reach_or_refuse(head(app).await?).await
    }

    async fn reach_or_refuse(&self, position: i64) -> Result<(), Problem> {
        if self.reach(position, PATIENCE).await {
            return Ok(());
        }
        Err(behind(self.position(), position))
    }

    /// Waits until `registry` has reached the position.
    pub(crate) async fn wait_for_registry(&self, position: i64) -> Result<(), Problem> {
        if self.registry.wait_for(position, PATIENCE).await {
            return Ok(());
        }
        Err(behind(self.registry.position(), position))
    }

    /// True when all projections have reached the position within `patience`.
    pub(crate) async fn reach(&self, position: i64, patience: Duration) -> bool {
        let [a, b, c] = self.all().map(|progress| progress.wait_for(position, patience));
        let (a, b, c) = tokio::join!(a, b, c);
        a && b && c
    }

    fn all(&self) -> [&Progress; 3] {
        [&self.devices, &self.registry, &self.space_occupancy]
    }
}

fn behind(reached: i64, position: i64) -> Problem {
    let detail =
        format!("the read model has reached position {reached}, not yet {position}: try again in a moment");
    Problem::unavailable("projection_behind", detail)
}

/// The position of the log's last event.
async fn head(app: &App) -> Result<i64, Problem> {
    Ok(sqlx::query_scalar("select position from log_head").fetch_one(app.reader.pool()).await?)
}

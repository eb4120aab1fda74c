//! The progress of the projections, for reads that must reflect a recent command.

use std::time::Duration;

use parking_projections::engine::as_of::{AsOf, AsOfError};
use parking_projections::engine::feed;
use parking_projections::engine::progress::{Behind, Progresses, Sources};

use crate::http::kit::app::App;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::invalid;

/// How long a read waits for the requested position.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits until the projections have reached the position.
pub(crate) async fn wait_for<S: Sources>(progress: &Progresses, position: i64) -> Result<(), Problem> {
    progress.wait_for::<S>(position, PATIENCE).await.map_err(|behind| refusal(behind, position))
}

/// As [`wait_for`], for a position that a client sent: one beyond the end of the log is refused at once.
pub(crate) async fn wait_for_requested<S: Sources>(app: &App, position: i64) -> Result<(), Problem> {
    if position < 0 {
        return Err(invalid("min_position must be a position: a whole number from 0"));
    }
    if app.progress.wait_for::<S>(position, Duration::ZERO).await.is_ok() {
        return Ok(());
    }
    AsOf::Position(position).position(&mut *app.reader.pool().acquire().await?).await?;
    wait_for::<S>(&app.progress, position).await
}

/// Waits until the projections have reached the current end of the log.
pub(crate) async fn wait_for_head<S: Sources>(app: &App) -> Result<(), Problem> {
    let head = feed::head(&mut *app.reader.pool().acquire().await?).await.map_err(AsOfError::Feed)?;
    wait_for::<S>(&app.progress, head).await
}

fn refusal(Behind { projection, reached, stopped }: Behind, position: i64) -> Problem {
    let until = format!("the read model {projection} has reached position {reached}, not yet {position}");
    if stopped {
        let detail =
            format!("{until}: it has stopped, an operator must skip the next event or fix the cause");
        Problem::unavailable("projection_stopped", detail)
    } else {
        Problem::unavailable("projection_behind", format!("{until}: try again in a moment"))
    }
}

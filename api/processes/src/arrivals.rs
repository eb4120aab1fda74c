//! The follower that confirms reservations whose vehicle a sensor saw, as soon as `changes` shows the arrival.
//!
//! The scheduler confirms pending arrivals too, before it passes a moment, so that no reservation is released whose
//! vehicle has arrived.

use std::sync::Arc;

use parking_projections::engine::follower::history::History;
use parking_projections::engine::follower::{Begin, Follower, OnPoison, TakeError};
use parking_projections::occupancy::changes::read::ChangeHistory;
use parking_projections::occupancy::changes::{ChangeKind, Entry};
use sqlx::PgConnection;

use crate::clock::Clock;
use crate::due::Dues;

/// Confirms arrivals.
pub struct Arrivals {
    dues: Dues,
    clock: Arc<dyn Clock>,
}

impl Arrivals {
    /// Confirms by these aggregates.
    pub fn new(dues: Dues, clock: Arc<dyn Clock>) -> Self {
        Self { dues, clock }
    }

    /// What cannot be confirmed now, the scheduler tries again within seconds.
    async fn confirm(&self, connection: &mut PgConnection) -> Result<(), TakeError> {
        self.dues.confirm_arrivals(connection, self.clock.now()).await?;
        Ok(())
    }
}

impl Follower for Arrivals {
    const NAME: &'static str = "arrivals";
    // Pending arrivals from before are found by the scheduler.
    const BEGIN: Begin = Begin::AtTheEnd;
    // The scheduler tries them again.
    const ON_POISON: OnPoison = OnPoison::PassOver;
    type History = ChangeHistory;

    async fn take(
        &mut self,
        connection: &mut PgConnection,
        entries: &[<ChangeHistory as History>::Entry],
    ) -> Result<(), TakeError> {
        if entries.iter().any(|Entry { kind, .. }| *kind == ChangeKind::Arrival) {
            self.confirm(connection).await?;
        }
        Ok(())
    }

    async fn resync(&mut self, connection: &mut PgConnection) -> Result<(), TakeError> {
        self.confirm(connection).await
    }
}

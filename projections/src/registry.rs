//! Projection `registry`: sites, spaces, overrides, reservations, display policies, activity and due times. All have
//! few events, and all would be wrong together if one were.

use sqlx::PgConnection;

use crate::activity::Activities;
use crate::display_policies::DisplayPolicies;
use crate::due_times::DueTimes;
use crate::feed::RecordedEvent;
use crate::overrides::Overrides;
use crate::projection::{ApplyError, Decoded, Poison, Projection, Tables};
use crate::reservations::Reservations;
use crate::sites::Sites;
use crate::spaces::Spaces;
use crate::{activity, display_policies, due_times, overrides, reservations, sites, spaces};

/// Applies events to all of them.
#[derive(Default)]
pub struct Registry {
    sites: Sites,
    spaces: Spaces,
    overrides: Overrides,
    reservations: Reservations,
    display_policies: DisplayPolicies,
    activities: Activities,
    due_times: DueTimes,
}

impl Projection for Registry {
    const NAME: &'static str = "registry";
    const VERSION: i32 = 3;
    const TABLES: &'static [Tables] = &[
        sites::TABLES,
        spaces::TABLES,
        overrides::TABLES,
        reservations::TABLES,
        display_policies::TABLES,
        activity::TABLES,
        due_times::TABLES,
    ];
    const STREAMS: &'static [&'static str] = &["site", "space", "tenant", "device", "gateway"];
    const POISON: Poison = Poison::Stop;

    async fn apply(
        &mut self,
        connection: &mut PgConnection,
        events: &[RecordedEvent],
    ) -> Result<(), ApplyError> {
        let events = Decoded::all(events)?;
        self.sites.apply(connection, &events).await?;
        self.spaces.apply(connection, &events).await?;
        self.overrides.apply(connection, &events).await?;
        self.reservations.apply(connection, &events).await?;
        self.display_policies.apply(connection, &events).await?;
        self.activities.apply(connection, &events).await?;
        self.due_times.apply(connection, &events).await
    }
}

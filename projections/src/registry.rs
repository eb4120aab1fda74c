//! Projection `registry`: sites, spaces, overrides, reservations, display policies, activity and due times. All have
//! few events, and all would be wrong together if one were.

pub mod activity;
pub mod display_policies;
pub mod due_times;
pub(crate) mod in_force;
mod name;
pub mod overrides;
pub mod reservations;
pub mod sites;
pub mod spaces;

use parking_domain::aggregate::Decider;
use parking_domain::device::Device;
use parking_domain::gateway::Gateway;
use parking_domain::site::Site;
use parking_domain::space::Space;
use parking_domain::tenant::Tenant;
use sqlx::PgConnection;

use crate::engine::feed::RecordedEvent;
use crate::engine::projection::{ApplyError, Decoded, Poison, Projection, Tables};
use crate::registry::activity::Activities;
use crate::registry::display_policies::DisplayPolicies;
use crate::registry::due_times::DueTimes;
use crate::registry::overrides::Overrides;
use crate::registry::reservations::Reservations;
use crate::registry::sites::Sites;
use crate::registry::spaces::Spaces;

/// True for the types of the events that it applies: the types of the streams in [`Projection::STREAMS`].
pub fn has_event_type(event_type: &str) -> bool {
    let types = [Site::EVENTS, Space::EVENTS, Tenant::EVENTS, Device::EVENTS, Gateway::EVENTS];
    types.into_iter().flatten().any(|(known, _)| *known == event_type)
}

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
    const NAME: &'static str = name::NAME;
    const VERSION: i32 = 5;
    const TABLES: &'static [Tables] = &[
        sites::TABLES,
        sites::names::TABLES,
        spaces::TABLES,
        spaces::descriptions::TABLES,
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

//! Read model `space_history`: every change of a space's shown state, with its cause and its position in the log.

pub mod read;

use parking_domain::downlink::Light;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::{Cause, Change, Reason, Sign, SpaceState};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::engine::projection::Tables;
use crate::engine::rows::insert;
use crate::occupancy::placement::SpacePlacement;

pub(crate) const TABLES: Tables =
    Tables { names: &["space_history"], internal: &[], schema: include_str!("space_history.sql") };

/// A change of a space's shown state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The event that caused it.
    pub position: i64,
    /// Its number among the changes of that event, from 0.
    pub ordinal: i64,
    /// The space.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// Effective time; never runs backwards within a space.
    pub at: Instant,
    /// When the event was recorded.
    pub recorded_at: Instant,
    /// The state before; none at the space's creation.
    pub previous_state: Option<SpaceState>,
    /// The state from now on; none, like the fields below, at the space's deletion.
    pub state: Option<SpaceState>,
    /// The deciding level of the seven, 1 the strongest.
    pub level: Option<i16>,
    /// The reason.
    pub reason: Option<Reason>,
    /// The meaning of the display.
    pub sign: Option<Sign>,
    /// What the display shows.
    pub light: Option<Light>,
    /// The sensor assigned to the space.
    pub sensor: Option<DevEui>,
    /// What caused it.
    pub cause: Cause,
}

impl Moment {
    pub(super) fn new(change: &Change, placement: SpacePlacement, recorded_at: Instant) -> Self {
        let Change { space_id, position, ordinal, at, from, to, cause } = *change;
        Self {
            position,
            ordinal: ordinal.into(),
            space_id: space_id.uuid(),
            tenant_id: placement.tenant_id,
            site_id: placement.site_id,
            at,
            recorded_at,
            previous_state: from.map(|shown| shown.state),
            state: to.map(|shown| shown.state),
            level: to.map(|shown| shown.level.into()),
            reason: to.map(|shown| shown.reason),
            sign: to.map(|shown| shown.display.state),
            light: to.map(|shown| shown.display.light),
            sensor: placement.sensor,
            cause,
        }
    }
}

pub(crate) async fn save(
    connection: &mut PgConnection,
    moments: impl Iterator<Item = &Moment>,
) -> Result<(), sqlx::Error> {
    insert(connection, "space_history", &moments.collect::<Vec<_>>()).await
}

//! Read model `space_history`: every change of what is shown of a space, with its cause and its place in the log.

pub mod read;

use parking_domain::downlink::Light;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::{Cause, Change, Reason, Sign, SpaceState};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::projection::Tables;
use crate::rows::insert;
use crate::space_occupancy::Whose;

pub(crate) const TABLES: Tables =
    Tables { names: &["space_history"], internal: &[], schema: include_str!("space_history.sql") };

/// A change of what is shown of a space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// The event that brought it.
    pub position: i64,
    /// Its number among the changes of that event, from 0.
    pub ordinal: i64,
    /// The space.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// The site it is on.
    pub site_id: Uuid,
    /// Effective time; never runs backwards within a space.
    pub at: Instant,
    /// When the log took the event.
    pub recorded_at: Instant,
    /// What the space was; none at its beginning.
    pub previous_state: Option<SpaceState>,
    /// What it is from now on; none at its end, and so are the others.
    pub state: Option<SpaceState>,
    /// Which of the seven levels decides, 1 the strongest.
    pub level: Option<i16>,
    /// Why.
    pub reason: Option<Reason>,
    /// What the display stands for.
    pub sign: Option<Sign>,
    /// What the display shows.
    pub light: Option<Light>,
    /// The sensor that stands there.
    pub sensor: Option<DevEui>,
    /// What brought it.
    pub cause: Cause,
}

impl Moment {
    pub(crate) fn new(change: &Change, whose: Whose, recorded_at: Instant) -> Self {
        let Change { space_id, position, ordinal, at, from, to, cause } = *change;
        Self {
            position,
            ordinal: ordinal.into(),
            space_id: space_id.uuid(),
            tenant_id: whose.tenant_id,
            site_id: whose.site_id,
            at,
            recorded_at,
            previous_state: from.map(|shown| shown.state),
            state: to.map(|shown| shown.state),
            level: to.map(|shown| shown.level.into()),
            reason: to.map(|shown| shown.reason),
            sign: to.map(|shown| shown.display.state),
            light: to.map(|shown| shown.display.light),
            sensor: whose.sensor,
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

//! Read model `space_occupancy`: the current shown state of each space, its start and reason.

use parking_domain::downlink::Light;
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::{Reason, Sign, SpaceState};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::engine::projection::Tables;
use crate::engine::rows::Row;
use crate::occupancy::space_history::Moment;

pub(super) const TABLES: Tables = Tables {
    names: &["space_occupancy"],
    internal: &["occupancy_parts", "occupancy_parts_reached"],
    schema: include_str!("space_occupancy.sql"),
};

/// The current shown state of a space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpaceOccupancy {
    /// The space.
    pub space_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Its site.
    pub site_id: Uuid,
    /// The state.
    pub state: SpaceState,
    /// The start of the state, as effective time.
    pub since: Instant,
    /// The position of the change that began the state.
    pub since_position: i64,
    /// That change's number among those of its event.
    pub since_ordinal: i64,
    /// The deciding level of the seven, 1 the strongest.
    pub level: i16,
    /// The reason.
    pub reason: Reason,
    /// The meaning of the display.
    pub sign: Sign,
    /// What the display shows.
    pub light: Light,
    /// The sensor assigned to the space.
    pub sensor: Option<DevEui>,
    /// The position of the last change.
    pub position: i64,
}

impl Row for SpaceOccupancy {
    const TABLE: &'static str = "space_occupancy";
    const KEY: &'static str = "space_id";
    const KEY_TYPE: &'static str = "uuid";
    type Key = Uuid;

    fn key(&self) -> Uuid {
        self.space_id
    }
}

impl SpaceOccupancy {
    /// The row after a change; none if the space is deleted.
    pub(super) fn after(before: Option<&Self>, moment: &Moment) -> Option<Self> {
        let (since, since_position, since_ordinal) = match before {
            Some(before) if moment.state == Some(before.state) => {
                (before.since, before.since_position, before.since_ordinal)
            }
            _ => (moment.at, moment.position, moment.ordinal),
        };
        Self::shown(moment, since, (since_position, since_ordinal))
    }

    /// The row after the last change of a state that another change began; none if the space is deleted.
    pub(crate) fn begun_by(begun: &Moment, last: &Moment) -> Option<Self> {
        Self::shown(last, begun.at, (begun.position, begun.ordinal))
    }

    fn shown(moment: &Moment, since: Instant, (since_position, since_ordinal): (i64, i64)) -> Option<Self> {
        Some(Self {
            space_id: moment.space_id,
            tenant_id: moment.tenant_id,
            site_id: moment.site_id,
            state: moment.state?,
            since,
            since_position,
            since_ordinal,
            level: moment.level?,
            reason: moment.reason?,
            sign: moment.sign?,
            light: moment.light?,
            sensor: moment.sensor,
            position: moment.position,
        })
    }
}

//! Spaces as they were at a position of the log. Row-level security limits every query to the connection's tenant.

use serde::Deserialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::devices::device_places::DevicePlace;
use crate::engine::as_of::{LastEvent, Then};
use crate::engine::rows::from_json;
use crate::occupancy::space_history::Moment;
use crate::occupancy::space_occupancy::SpaceOccupancy;
use crate::registry::sites::names::SiteName;
use crate::registry::spaces::Space;
use crate::registry::spaces::descriptions::SpaceDescription;
use crate::registry::spaces::read::DeviceAtSpace;

/// A space as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct PastSpace {
    /// The last event that any of the following contains.
    pub last: LastEvent,
    /// The space.
    pub space: Space,
    /// Its site's name.
    pub site_name: Option<String>,
    /// Its shown state.
    pub occupancy: Option<SpaceOccupancy>,
    /// The display assigned to it.
    pub display: Option<DeviceAtSpace>,
    /// The sensor assigned to it.
    pub sensor: Option<DeviceAtSpace>,
}

/// The rows that hold at a position, each as JSON: the description, the site's name, the change that began the shown state,
/// the last change, the display and the sensor.
#[derive(Deserialize)]
struct Rows {
    described: SpaceDescription,
    named: Option<SiteName>,
    begun: Option<Moment>,
    shown: Option<Moment>,
    display: Option<DevicePlace>,
    sensor: Option<DevicePlace>,
}

/// A space as of a position.
pub async fn as_of(
    connection: &mut PgConnection,
    space_id: Uuid,
    position: i64,
) -> Result<Then<PastSpace>, sqlx::Error> {
    let rows: Option<String> = sqlx::query_scalar(
        "select json_build_object( \
                  'described', d, \
                  'named', (select to_json(n) from site_names n where n.site_id = d.site_id and n.position <= $2 \
                             order by n.position desc limit 1), \
                  'begun', (select to_json(h) from space_history h where h.space_id = d.space_id and h.position <= $2 \
                               and h.state is distinct from h.previous_state \
                             order by h.position desc, h.ordinal desc limit 1), \
                  'shown', (select to_json(h) from space_history h where h.space_id = d.space_id and h.position <= $2 \
                             order by h.position desc, h.ordinal desc limit 1), \
                  'display', (select to_json(p) from device_places p where p.space_id = d.space_id \
                                 and p.category = 'display' and p.position <= $2 order by p.position desc limit 1), \
                  'sensor', (select to_json(p) from device_places p where p.space_id = d.space_id \
                                and p.category = 'sensor' and p.position <= $2 order by p.position desc limit 1))::text \
           from space_descriptions d where d.space_id = $1 and d.position <= $2 order by d.position desc limit 1",
    )
    .bind(space_id)
    .bind(position)
    .fetch_optional(&mut *connection)
    .await?;
    match rows {
        Some(rows) => Ok(from_json::<Rows>(&rows)?.space()),
        None => Ok(created(connection, space_id).await?.map_or(Then::Never, Then::NotYet)),
    }
}

/// The event that created a space.
async fn created(connection: &mut PgConnection, space_id: Uuid) -> Result<Option<LastEvent>, sqlx::Error> {
    let first: Option<String> = sqlx::query_scalar(
        "select to_json(d)::text from space_descriptions d where space_id = $1 order by position limit 1",
    )
    .bind(space_id)
    .fetch_optional(connection)
    .await?;
    first.map(|first| from_json(&first)).transpose()
}

impl Rows {
    fn space(self) -> Then<PastSpace> {
        let Self { described, named, begun, shown, display, sensor } = self;
        let last_of = |position, recorded_at| LastEvent { position, recorded_at };
        let described_last = last_of(described.position, described.recorded_at);
        let Some(space) = described.space() else { return Then::Ended(described_last) };
        let places = [&display, &sensor].into_iter().flatten();
        let last = places
            .map(|place| last_of(place.position, place.recorded_at))
            .chain(named.as_ref().map(|named| last_of(named.position, named.recorded_at)))
            .chain(shown.as_ref().map(|shown| last_of(shown.position, shown.recorded_at)))
            .fold(described_last, LastEvent::max);
        Then::Found(PastSpace {
            last,
            space,
            site_name: named.and_then(|named| named.name),
            occupancy: begun.zip(shown).and_then(|(begun, shown)| SpaceOccupancy::begun_by(&begun, &shown)),
            display: display.and_then(DevicePlace::at_space),
            sensor: sensor.and_then(DevicePlace::at_space),
        })
    }
}

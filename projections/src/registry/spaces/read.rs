//! Queries on a tenant's spaces. Row-level security limits every query to the connection's tenant.

use std::collections::HashMap;

use parking_domain::device::Status;
use parking_domain::lorawan::DevEui;
use parking_domain::occupancy::SpaceState;
use parking_domain::sensors::Occupancy;
use serde::{Deserialize, Serialize};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Space;
use crate::engine::rows::from_json;
use crate::engine::selection::Selection;
use crate::occupancy::space_occupancy::SpaceOccupancy;
use crate::registry::reservations::Reservation;
use crate::registry::reservations::read::{self as reservations, CurrentAndNext, current_and_next};

/// Which spaces to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this site.
    pub site_id: Option<Uuid>,
    /// In this state.
    pub state: Option<SpaceState>,
    /// In this building.
    pub building: Option<String>,
    /// On this floor.
    pub floor: Option<String>,
    /// In this zone.
    pub zone: Option<String>,
}

/// A space with its occupancy, devices and reservations.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The space.
    pub space: Space,
    /// Its site's name.
    pub site_name: Option<String>,
    /// Its shown state; none until the projection has reached its creation.
    pub occupancy: Option<SpaceOccupancy>,
    /// The display assigned to it.
    pub display: Option<Standing>,
    /// The sensor assigned to it.
    pub sensor: Option<Standing>,
    /// Its current and next reservation.
    pub kept_for: CurrentAndNext,
}

impl Space {
    /// A reservation of this space, as in lists.
    pub fn reserved_by(&self, reservation: Reservation) -> reservations::Listed {
        reservations::Listed {
            reservation,
            space_code: Some(self.code.clone()),
            space_name: Some(self.definition.name.clone()),
            site_id: Some(self.site_id),
        }
    }
}

/// A device assigned to a space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The device.
    pub dev_eui: DevEui,
    /// Its name.
    pub name: String,
    /// Its assignment status.
    pub status: Status,
    /// The occupancy it last reported.
    pub occupancy: Occupancy,
}

/// The number of spaces in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Counts {
    /// All of them.
    pub total: i64,
    /// Free.
    pub free: i64,
    /// Occupied.
    pub occupied: i64,
    /// Reserved.
    pub reserved: i64,
    /// Out of use.
    pub maintenance: i64,
    /// Unknown.
    pub unknown: i64,
    /// Free, and not disabled.
    pub available: i64,
}

impl Counts {
    /// Per cent of the spaces that are occupied, to two decimals.
    pub fn occupancy_rate(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "counts of spaces are far below 2^52")]
        let share = self.occupied as f64 / self.total.max(1) as f64;
        (share * 10_000.0).round() / 100.0
    }
}

const LISTED: &str = "select to_json(s)::text, i.name, to_json(o)::text, \
                             (select to_json(d)::text from devices d where d.space_id = s.space_id and d.category = 'display'), \
                             (select to_json(d)::text from devices d where d.space_id = s.space_id and d.category = 'sensor') \
                        from spaces s left join sites i using (site_id) left join space_occupancy o using (space_id)";

type ListedRow = (String, Option<String>, Option<String>, Option<String>, Option<String>);

impl Filter {
    fn narrow<'a>(&'a self, select: Selection<'a>) -> Selection<'a> {
        select
            .given("s.site_id = $", self.site_id)
            .given("coalesce(o.state, 'unknown') = $", self.state.map(SpaceState::word))
            .given("s.building = $", self.building.as_deref())
            .given("s.floor = $", self.floor.as_deref())
            .given("s.zone = $", self.zone.as_deref())
    }
}

/// One page of spaces, by code.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let page = filter.narrow(Selection::new(LISTED)).page("s.code, s.space_id", limit, offset);
    let rows = page.rows(&mut *connection).await?;
    with_reservations(connection, rows).await
}

/// The number of spaces that match.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let select = "select count(*) from spaces s left join space_occupancy o using (space_id)";
    filter.narrow(Selection::new(select)).count(connection).await
}

/// A space.
pub async fn get(connection: &mut PgConnection, space_id: Uuid) -> Result<Option<Listed>, sqlx::Error> {
    let query = format!("{LISTED} where s.space_id = $1");
    let rows: Vec<ListedRow> = sqlx::query_as(&query).bind(space_id).fetch_all(&mut *connection).await?;
    Ok(with_reservations(connection, rows).await?.pop())
}

/// Whether there is such a space.
pub async fn exists(connection: &mut PgConnection, space_id: Uuid) -> Result<bool, sqlx::Error> {
    let query = "select exists (select from spaces where space_id = $1)";
    sqlx::query_scalar(query).bind(space_id).fetch_one(connection).await
}

/// The numbers of spaces by state, of spaces `s` that may have an occupancy `o`.
pub(crate) const COUNTS: &str = "count(*) as total, count(*) filter (where o.state = 'free') as free, \
                      count(*) filter (where o.state = 'occupied') as occupied, \
                      count(*) filter (where o.state = 'reserved') as reserved, \
                      count(*) filter (where o.state = 'maintenance') as maintenance, \
                      count(*) filter (where o.state = 'unknown' or o.state is null) as unknown, \
                      count(*) filter (where o.state = 'free' and s.enabled) as available";

/// The number of spaces in each state, on a site or on all.
pub async fn counts(connection: &mut PgConnection, site_id: Option<Uuid>) -> Result<Counts, sqlx::Error> {
    let select = Selection::new("select ")
        .text(COUNTS)
        .text(" from spaces s left join space_occupancy o using (space_id)");
    select.given("s.site_id = $", site_id).row(connection).await
}

/// Numbers of spaces by state on each of these sites. A site without spaces is absent.
pub async fn counts_by_site(
    connection: &mut PgConnection,
    site_ids: &[Uuid],
) -> Result<HashMap<Uuid, Counts>, sqlx::Error> {
    #[derive(FromRow)]
    struct OfSite {
        site_id: Uuid,
        #[sqlx(flatten)]
        counts: Counts,
    }
    let query = format!(
        "select s.site_id, {COUNTS} from spaces s left join space_occupancy o using (space_id) \
          where s.site_id = any($1) group by s.site_id"
    );
    let rows: Vec<OfSite> = sqlx::query_as(&query).bind(site_ids).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|OfSite { site_id, counts }| (site_id, counts)).collect())
}

async fn with_reservations(
    connection: &mut PgConnection,
    rows: Vec<ListedRow>,
) -> Result<Vec<Listed>, sqlx::Error> {
    let mut listed = rows.into_iter().map(listed).collect::<Result<Vec<_>, _>>()?;
    let space_ids: Vec<Uuid> = listed.iter().map(|listed| listed.space.space_id).collect();
    let mut kept_for = current_and_next(connection, &space_ids).await?;
    for listed in &mut listed {
        listed.kept_for = kept_for.remove(&listed.space.space_id).unwrap_or_default();
    }
    Ok(listed)
}

fn listed((space, site_name, occupancy, display, sensor): ListedRow) -> Result<Listed, sqlx::Error> {
    let occupancy = occupancy.map(|occupancy| from_json(&occupancy)).transpose()?;
    let standing = |device: Option<String>| device.map(|device| from_json(&device)).transpose();
    Ok(Listed {
        space: from_json(&space)?,
        site_name,
        occupancy,
        display: standing(display)?,
        sensor: standing(sensor)?,
        kept_for: CurrentAndNext::default(),
    })
}

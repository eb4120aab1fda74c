//! Queries on a tenant's devices. Row-level security limits every query to the connection's tenant.

use parking_domain::device::{Category, Status};
use parking_domain::instant::Instant;
use parking_domain::lorawan::DevEui;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Device;
use crate::engine::rows::from_json;
use crate::engine::selection::Selection;

/// Which devices to list; all given conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Sensors or displays.
    pub category: Option<Category>,
    /// With this status; none means all but retired devices.
    pub status: Option<StatusFilter>,
    /// Whose EUI begins with these lower-case hexadecimal digits.
    pub dev_eui_prefix: Option<String>,
    /// At spaces of this site.
    pub site_id: Option<Uuid>,
    /// At this space.
    pub space_id: Option<Uuid>,
}

/// A status of a device: its assignment, or whether it is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    /// By its assignment.
    Is(Status),
    /// Heard before, not silent, and not retired.
    Active,
    /// The opposite, and not retired.
    Inactive,
}

/// A device with the place it is assigned to.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The device.
    pub device: Device,
    /// Its space's code.
    pub space_code: Option<String>,
    /// Its space's name.
    pub space_name: Option<String>,
    /// Its space's site.
    pub site_id: Option<Uuid>,
}

/// The number of devices, without retired ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromRow)]
pub struct Counts {
    /// All of them.
    pub total: i64,
    /// Assigned to a space.
    pub assigned: i64,
    /// Not assigned.
    pub unassigned: i64,
    /// Enabled, heard before, and not silent.
    pub active: i64,
    /// All others.
    pub inactive: i64,
}

/// The number of devices by category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sensors.
    pub sensors: Counts,
    /// Displays.
    pub displays: Counts,
}

impl Stats {
    /// Sensors and displays together.
    pub fn all(&self) -> Counts {
        let sum = |count: fn(&Counts) -> i64| count(&self.sensors) + count(&self.displays);
        Counts {
            total: sum(|counts| counts.total),
            assigned: sum(|counts| counts.assigned),
            unassigned: sum(|counts| counts.unassigned),
            active: sum(|counts| counts.active),
            inactive: sum(|counts| counts.inactive),
        }
    }
}

const LISTED: &str =
    "select to_json(d)::text, s.code, s.name, s.site_id from devices d left join spaces s using (space_id)";

type ListedRow = (String, Option<String>, Option<String>, Option<Uuid>);

impl Filter {
    fn narrow<'a>(&'a self, select: Selection<'a>) -> Selection<'a> {
        let heard = "d.enabled and d.last_seen_at is not null and not d.silent";
        let not_heard = "not (d.enabled and d.last_seen_at is not null and not d.silent)";
        let select = match self.status {
            None => select.when("d.status <> 'retired'"),
            Some(StatusFilter::Active) => select.when("d.status <> 'retired'").when(heard),
            Some(StatusFilter::Inactive) => select.when("d.status <> 'retired'").when(not_heard),
            Some(StatusFilter::Is(status)) => select.given("d.status = $", Some(status.word())),
        };
        select
            .given("d.category = $", self.category.map(Category::word))
            .given("s.site_id = $", self.site_id)
            .given("d.space_id = $", self.space_id)
            .given("starts_with(d.dev_eui, $)", self.dev_eui_prefix.as_deref())
    }
}

/// One page of devices, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let page = filter.narrow(Selection::new(LISTED)).page("d.created_at desc, d.dev_eui", limit, offset);
    page.rows(connection).await?.into_iter().map(listed).collect()
}

/// The sensors assigned to spaces: the EUI as the log writes it, and the space.
pub async fn sensors_at_spaces(
    connection: &mut PgConnection,
    limit: i64,
) -> Result<Vec<(String, Uuid)>, sqlx::Error> {
    sqlx::query_as(
        "select dev_eui, space_id from devices \
          where category = 'sensor' and status = 'assigned' and space_id is not null order by dev_eui limit $1",
    )
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// The number of devices that match.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let select = "select count(*) from devices d left join spaces s using (space_id)";
    filter.narrow(Selection::new(select)).count(connection).await
}

/// A device, also a retired one.
pub async fn get(connection: &mut PgConnection, dev_eui: DevEui) -> Result<Option<Listed>, sqlx::Error> {
    let query = format!("{LISTED} where d.dev_eui = $1");
    let row: Option<ListedRow> =
        sqlx::query_as(&query).bind(dev_eui.to_string()).fetch_optional(connection).await?;
    row.map(listed).transpose()
}

/// The number of devices by category.
pub async fn stats(connection: &mut PgConnection) -> Result<Stats, sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        category: String,
        #[sqlx(flatten)]
        counts: Counts,
    }
    let rows: Vec<Row> = sqlx::query_as(
        "select category, count(*) as total, count(*) filter (where status = 'assigned') as assigned, \
                count(*) filter (where status = 'unassigned') as unassigned, \
                count(*) filter (where enabled and last_seen_at is not null and not silent) as active, \
                count(*) filter (where not (enabled and last_seen_at is not null and not silent)) as inactive \
           from devices where status <> 'retired' group by category",
    )
    .fetch_all(connection)
    .await?;
    let of = |category: Category| {
        let row = rows.iter().find(|row| row.category == category.word());
        row.map(|row| row.counts).unwrap_or_default()
    };
    Ok(Stats { sensors: of(Category::Sensor), displays: of(Category::Display) })
}

fn listed((device, space_code, space_name, site_id): ListedRow) -> Result<Listed, sqlx::Error> {
    Ok(Listed { device: from_json(&device)?, space_code, space_name, site_id })
}

/// How many gateways were the best one of a device's last uplink, and how many of those heard a device after `since`.
pub async fn gateways(connection: &mut PgConnection, since: Instant) -> Result<(i64, i64), sqlx::Error> {
    sqlx::query_as(
        "select count(distinct gateway), count(distinct gateway) filter (where last_seen_at >= $1) \
           from devices where status <> 'retired'",
    )
    .bind(since.utc())
    .fetch_one(connection)
    .await
}

//! Queries on the activity of a tenant. Row-level security limits every query to the connection's tenant.

use parking_domain::lorawan::DevEui;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Activity;
use crate::engine::rows::from_json;
use crate::engine::seek::Start;
use crate::engine::selection::Selection;

/// Which entries to list; all given conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only these event types; empty means all.
    pub kinds: Vec<String>,
    /// Only this site.
    pub site_id: Option<Uuid>,
    /// Only this space.
    pub space_id: Option<Uuid>,
    /// Only this device.
    pub dev_eui: Option<DevEui>,
}

/// An activity entry with the code of its space.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The entry.
    pub activity: Activity,
    /// The space's code; none if the space was deleted.
    pub space_code: Option<String>,
}

impl Filter {
    fn narrow<'a>(&'a self, select: Selection<'a>) -> Selection<'a> {
        select
            .given("a.kind = any($)", (!self.kinds.is_empty()).then_some(&self.kinds))
            .given("a.site_id = $", self.site_id)
            .given("a.space_id = $", self.space_id)
            .given("a.dev_eui = $", self.dev_eui.map(|dev_eui| dev_eui.to_string()))
    }
}

/// At most `limit` entries from `start` on, newest first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    start: impl Into<Start>,
) -> Result<Vec<Listed>, sqlx::Error> {
    let start = start.into();
    let select = "select to_json(a)::text, s.code from activity a left join spaces s using (space_id)";
    let rows: Vec<(String, Option<String>)> = filter
        .narrow(Selection::new(select))
        .given("a.position < $", start.after().map(|place| place.position))
        .page("a.position desc", limit, start.offset())
        .rows(connection)
        .await?;
    let listed =
        |(activity, space_code): (String, _)| Ok(Listed { activity: from_json(&activity)?, space_code });
    rows.into_iter().map(listed).collect()
}

/// The number of entries that match.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    filter.narrow(Selection::new("select count(*) from activity a")).count(connection).await
}

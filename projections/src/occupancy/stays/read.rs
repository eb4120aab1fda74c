//! Queries on the stays in a tenant's spaces. Row-level security limits every query to the connection's tenant.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Stay;
use crate::engine::rows::from_json;
use crate::engine::selection::Selection;
use parking_domain::instant::Instant;

/// Which stays to list; all given conditions must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StayFilter {
    /// In this space.
    pub space_id: Option<Uuid>,
    /// On this site.
    pub site_id: Option<Uuid>,
    /// Current, or ended after this time.
    pub since: Option<Instant>,
    /// Begun before this time.
    pub until: Option<Instant>,
}

impl StayFilter {
    fn narrow<'a>(&self, select: Selection<'a>) -> Selection<'a> {
        select
            .given("space_id = $", self.space_id)
            .given("site_id = $", self.site_id)
            .given("(departed_at is null or departed_at > $)", self.since.map(Instant::utc))
            .given("arrived_at < $", self.until.map(Instant::utc))
    }
}

/// One page of stays, latest arrival first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &StayFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Stay>, sqlx::Error> {
    let rows: Vec<(String,)> = filter
        .narrow(Selection::new("select to_json(s)::text from stays s"))
        .page("arrived_at desc, position desc", limit, offset)
        .rows(connection)
        .await?;
    rows.iter().map(|(row,)| from_json(row)).collect()
}

/// The number of stays that match.
pub async fn count(connection: &mut PgConnection, filter: &StayFilter) -> Result<i64, sqlx::Error> {
    filter.narrow(Selection::new("select count(*) from stays")).count(connection).await
}

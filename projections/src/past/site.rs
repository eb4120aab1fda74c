//! Sites as they were at a position of the log. Row-level security limits every query to the connection's tenant.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::engine::as_of::{LastEvent, Then};
use crate::engine::rows::from_json;
use crate::registry::sites::names::SiteName;
use crate::registry::spaces::read::{COUNTS, Counts};

/// A site as it was, with the numbers of its spaces by state.
#[derive(Clone, Debug, PartialEq)]
pub struct PastSite {
    /// The last event that any of the following contains.
    pub last: LastEvent,
    /// The site.
    pub site_id: Uuid,
    /// Its owner.
    pub tenant_id: Uuid,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// The numbers of its spaces.
    pub counts: Counts,
}

/// A site as of a position.
pub async fn as_of(
    connection: &mut PgConnection,
    site_id: Uuid,
    position: i64,
) -> Result<Then<PastSite>, sqlx::Error> {
    let named = "select to_json(n)::text from site_names n where site_id = $1 and position <= $2 \
                  order by position desc limit 1";
    let named: Option<String> =
        sqlx::query_scalar(named).bind(site_id).bind(position).fetch_optional(&mut *connection).await?;
    let Some(named) = named else {
        return Ok(created(connection, site_id).await?.map_or(Then::Never, Then::NotYet));
    };
    let SiteName { site_id, position: at, recorded_at, tenant_id, name, slug } = from_json(&named)?;
    let named = LastEvent { position: at, recorded_at };
    let (Some(name), Some(slug)) = (name, slug) else { return Ok(Then::Ended(named)) };
    let (counts, last) = counts(connection, site_id, position).await?;
    let last = last.map_or(named, |last| last.max(named));
    Ok(Then::Found(PastSite { last, site_id, tenant_id, name, slug, counts }))
}

/// The event that created a site.
async fn created(connection: &mut PgConnection, site_id: Uuid) -> Result<Option<LastEvent>, sqlx::Error> {
    let first = "select to_json(n)::text from site_names n where site_id = $1 order by position limit 1";
    let first: Option<String> = sqlx::query_scalar(first).bind(site_id).fetch_optional(connection).await?;
    first.map(|first| from_json(&first)).transpose()
}

/// The numbers of a site's spaces, and the last event that they contain; none if the site had no space.
async fn counts(
    connection: &mut PgConnection,
    site_id: Uuid,
    position: i64,
) -> Result<(Counts, Option<LastEvent>), sqlx::Error> {
    #[derive(FromRow)]
    struct Row {
        last: Option<String>,
        #[sqlx(flatten)]
        counts: Counts,
    }
    // Takes the last row of each space: the cost depends on the number of spaces and not on the site's history.
    let query = format!(
        "with recursive seen (space_id) as ( \
            (select space_id from space_descriptions where site_id = $1 order by space_id limit 1) union all \
            select (select d.space_id from space_descriptions d where d.site_id = $1 and d.space_id > seen.space_id \
                     order by d.space_id limit 1) \
              from seen where seen.space_id is not null), \
         past as materialized ( \
            select d.space_id, d.code, d.enabled, d.position, d.recorded_at, h.state as shown, \
                   h.position as shown_position, h.recorded_at as shown_at \
              from seen \
              cross join lateral (select * from space_descriptions d \
                                   where d.space_id = seen.space_id and d.position <= $2 \
                                   order by d.position desc limit 1) d \
              left join lateral (select * from space_history h \
                                  where h.space_id = seen.space_id and h.position <= $2 \
                                  order by h.position desc, h.ordinal desc limit 1) h on true) \
         select {COUNTS}, (select to_json(l)::text \
                             from (select position, recorded_at from past union all \
                                   select shown_position, shown_at from past where shown_position is not null \
                                    order by 1 desc limit 1) l) as last \
           from past s cross join lateral (select s.shown as state) o where s.code is not null"
    );
    let row: Row = sqlx::query_as(&query).bind(site_id).bind(position).fetch_one(connection).await?;
    let last = row.last.map(|last| from_json(&last)).transpose()?;
    Ok((row.counts, last))
}

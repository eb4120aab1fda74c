//! Queries on a tenant's reservations. Row-level security limits every query to the connection's tenant.

use std::collections::HashMap;

use parking_domain::instant::Instant;
use parking_domain::sealed::KeyedHash;
use parking_domain::space::{Status, Window};
use sqlx::PgConnection;
use uuid::Uuid;

use super::Reservation;
use crate::engine::rows::from_json;
use crate::engine::selection::Selection;

/// Which reservations to list; all given conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this space.
    pub space_id: Option<Uuid>,
    /// Of spaces of this site.
    pub site_id: Option<Uuid>,
    /// With this status.
    pub status: Option<Status>,
    /// Of the guest with this e-mail, by its keyed hash.
    pub email: Option<KeyedHash>,
    /// Ending at this time or later.
    pub from: Option<Instant>,
    /// Starting at this time or earlier.
    pub until: Option<Instant>,
}

/// A reservation with its space.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The reservation.
    pub reservation: Reservation,
    /// Its space's code; none if the space was deleted.
    pub space_code: Option<String>,
    /// Its space's name.
    pub space_name: Option<String>,
    /// Its space's site.
    pub site_id: Option<Uuid>,
}

/// The current and the next reservation of a space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurrentAndNext {
    /// The one whose window has begun and that has not ended.
    pub current: Option<Reservation>,
    /// The first one whose window has not begun.
    pub next: Option<Reservation>,
}

const LISTED: &str = "select to_json(r)::text, s.code, s.name, s.site_id \
                        from reservations r left join spaces s using (space_id)";

type ListedRow = (String, Option<String>, Option<String>, Option<Uuid>);

impl Filter {
    fn narrow<'a>(&'a self, select: Selection<'a>) -> Selection<'a> {
        select
            .given("r.space_id = $", self.space_id)
            .given("s.site_id = $", self.site_id)
            .given("r.status = $", self.status.map(Status::word))
            .given("r.email_hash = $", self.email.as_ref().map(|hash| &hash.0))
            .given("r.end_time >= $", self.from.map(Instant::utc))
            .given("r.start_time <= $", self.until.map(Instant::utc))
    }
}

/// One page of reservations, latest start first.
pub async fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let select = filter.narrow(Selection::new(LISTED));
    let page = select.page("r.start_time desc, r.reservation_id", limit, offset);
    page.rows(connection).await?.into_iter().map(listed).collect()
}

/// The number of reservations that match.
pub async fn count(connection: &mut PgConnection, filter: &Filter) -> Result<i64, sqlx::Error> {
    let select = "select count(*) from reservations r left join spaces s using (space_id)";
    filter.narrow(Selection::new(select)).count(connection).await
}

/// A reservation.
pub async fn get(connection: &mut PgConnection, reservation_id: Uuid) -> Result<Option<Listed>, sqlx::Error> {
    let query = format!("{LISTED} where r.reservation_id = $1");
    let row: Option<ListedRow> =
        sqlx::query_as(&query).bind(reservation_id).fetch_optional(connection).await?;
    row.map(listed).transpose()
}

/// These reservations, in any order.
pub async fn some(
    connection: &mut PgConnection,
    reservation_ids: &[Uuid],
) -> Result<Vec<Listed>, sqlx::Error> {
    let query = format!("{LISTED} where r.reservation_id = any($1)");
    let rows: Vec<ListedRow> = sqlx::query_as(&query).bind(reservation_ids).fetch_all(connection).await?;
    rows.into_iter().map(listed).collect()
}

/// The reservations that hold a space at some moment of a window, earliest first, at most `limit`.
pub async fn holding(
    connection: &mut PgConnection,
    space_id: Uuid,
    window: Window,
    limit: i64,
) -> Result<Vec<Reservation>, sqlx::Error> {
    let rows: Vec<String> = sqlx::query_scalar(
        "select to_json(r)::text from reservations r \
          where space_id = $1 and status = 'active' and start_time < $3 and end_time > $2 order by start_time limit $4",
    )
    .bind(space_id)
    .bind(window.start.utc())
    .bind(window.end.utc())
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| from_json(row)).collect()
}

/// The open reservations that started at this time or before.
pub async fn begun(connection: &mut PgConnection, at: Instant) -> Result<Vec<Uuid>, sqlx::Error> {
    let query = sqlx::query_scalar(
        "select reservation_id from reservations where status = 'active' and start_time <= $1 order by reservation_id",
    );
    query.bind(at.utc()).fetch_all(connection).await
}

/// Those of these reservations that have ended without a confirmation.
pub async fn ended_unconfirmed(
    connection: &mut PgConnection,
    reservation_ids: &[Uuid],
) -> Result<Vec<Uuid>, sqlx::Error> {
    let query = sqlx::query_scalar(
        "select reservation_id from reservations \
          where reservation_id = any($1) and status in ('expired', 'no_show') order by reservation_id",
    );
    query.bind(reservation_ids).fetch_all(connection).await
}

/// The current and the next reservation of each of these spaces that has one. Begin and end are those of the log.
pub async fn current_and_next(
    connection: &mut PgConnection,
    space_ids: &[Uuid],
) -> Result<HashMap<Uuid, CurrentAndNext>, sqlx::Error> {
    let rows: Vec<String> = sqlx::query_scalar(
        "select distinct on (space_id, started_at is null) to_json(r)::text from reservations r \
          where status = 'active' and space_id = any($1) order by space_id, started_at is null, start_time",
    )
    .bind(space_ids)
    .fetch_all(connection)
    .await?;
    let mut found: HashMap<Uuid, CurrentAndNext> = HashMap::new();
    for row in rows {
        let reservation: Reservation = from_json(&row)?;
        let of = found.entry(reservation.space_id).or_default();
        let place = if reservation.started_at.is_some() { &mut of.current } else { &mut of.next };
        *place = Some(reservation);
    }
    Ok(found)
}

fn listed((reservation, space_code, space_name, site_id): ListedRow) -> Result<Listed, sqlx::Error> {
    Ok(Listed { reservation: from_json(&reservation)?, space_code, space_name, site_id })
}

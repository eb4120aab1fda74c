//! The dictionaries that decode a log's bodies: stored in a table of the log, announced by its events.

use sqlx::PgConnection;

/// Every stored dictionary by number. Dictionaries contain parts of bodies of all tenants.
pub async fn kept(connection: &mut PgConnection) -> Result<Vec<(i16, Vec<u8>)>, sqlx::Error> {
    let query = "select number, dictionary from public.log_dictionaries order by number";
    sqlx::query_as(query).fetch_all(connection).await
}

/// The first announced dictionary that is not stored, or is stored with other bytes.
pub async fn missing(connection: &mut PgConnection) -> Result<Option<i16>, sqlx::Error> {
    let is_there = "select to_regclass('public.log_dictionaries') is not null";
    if !sqlx::query_scalar::<_, bool>(is_there).fetch_one(&mut *connection).await? {
        return Ok(Some(1));
    }
    let query = "with announced as (select coalesce((e.payload -> e.event_type ->> 'number')::smallint, 1::smallint) as number, \
                                           coalesce(e.payload -> e.event_type ->> 'sha256', \
                                                    e.payload -> e.event_type ->> 'dictionary') as sha256 \
                                      from public.events e \
                                     where e.aggregate_type = 'log' and e.event_type in ('LogStarted', 'DictionaryAdded')) \
                 select min(a.number) from announced a \
                  where not exists (select from public.log_dictionaries d \
                                     where d.number = a.number and encode(sha256(d.dictionary), 'hex') = a.sha256)";
    sqlx::query_scalar(query).fetch_one(connection).await
}

/// The position of the first body whose encoding is not in `0..=newest`.
pub async fn unexplained(connection: &mut PgConnection, newest: i16) -> Result<Option<i64>, sqlx::Error> {
    let query = "select min(position) from public.events where body_encoding not between 0 and $1";
    sqlx::query_scalar(query).bind(newest).fetch_one(connection).await
}

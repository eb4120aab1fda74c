//! `parking log status`: the log's identity and the disk space of its events.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use parking_commands::identity::Identity;
use parking_database::{Database, Role};
use sqlx::{Connection, FromRow, PgConnection};

use crate::CommandError;

/// The disk space of a table or an index.
#[derive(FromRow)]
struct Weight {
    name: String,
    bytes: i64,
}

const TABLE: &str = "select 'table events' as name, pg_table_size('public.events') as bytes";

const DICTIONARIES: &str = "select 'dictionary ' || number as name, octet_length(dictionary)::bigint as bytes \
                              from log_dictionaries order by number";

const INDEXES: &str = "select 'index ' || indexrelid::regclass::text as name, pg_relation_size(indexrelid) as bytes \
       from pg_index where indrelid = 'public.events'::regclass order by 1";

pub(super) async fn print(database: &Database) -> Result<(), CommandError> {
    let mut auditor = PgConnection::connect_with(&database.as_role(Role::Auditor)).await?;
    let identity = Identity::read(&mut auditor).await?;
    let recorded_at: DateTime<Utc> =
        sqlx::query_scalar("select recorded_at from log_head").fetch_one(&mut auditor).await?;
    let dictionaries: Vec<Weight> = sqlx::query_as(DICTIONARIES).fetch_all(&mut auditor).await?;
    let mut weights: Vec<Weight> = sqlx::query_as(TABLE).fetch_all(&mut auditor).await?;
    weights.extend(sqlx::query_as::<_, Weight>(INDEXES).fetch_all(&mut auditor).await?);
    auditor.close().await?;
    Ok(write(&mut io::stdout().lock(), &identity, recorded_at, &weights, &dictionaries)?)
}

fn write(
    out: &mut impl Write,
    identity: &Identity,
    recorded_at: DateTime<Utc>,
    weights: &[Weight],
    dictionaries: &[Weight],
) -> io::Result<()> {
    let Identity { position, format, started_as, log_id, dictionary } = identity;
    writeln!(out, "log      {log_id}")?;
    if started_as != log_id {
        writeln!(out, "started  as {started_as}")?;
    }
    writeln!(out, "format   {format}")?;
    match position {
        0 => writeln!(out, "head     0: the log is empty")?,
        _ => writeln!(out, "head     {position}, recorded at {}", recorded_at.to_rfc3339())?,
    }
    let total: i64 = weights.iter().map(|weight| weight.bytes).sum();
    writeln!(out, "size     {total} bytes, {} an event", total / (*position).max(1))?;
    writeln!(out, "bodies   compressed with dictionary {dictionary}")?;
    for Weight { name, bytes } in weights.iter().chain(dictionaries) {
        writeln!(out, "  {bytes:>14} {name}")?;
    }
    Ok(())
}

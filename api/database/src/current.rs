//! Whether a database is of this version, for a server that may not migrate it.

use std::collections::HashSet;

use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::prepare::{MIGRATOR, PrepareError};
use crate::{Database, Role, format};

/// `undefined_table`, `insufficient_privilege`: nothing has been migrated, or not up to the grant.
const UNREADABLE: [&str; 2] = ["42P01", "42501"];

/// Refuses a database of another version.
pub(crate) async fn check(database: &Database) -> Result<(), PrepareError> {
    let mut auditor = database.as_role(Role::Auditor).connect().await.map_err(PrepareError::Connect)?;
    format::check(&mut auditor, database).await?;
    let is_current = is_current(&mut auditor).await.map_err(PrepareError::Current)?;
    auditor.close().await.map_err(PrepareError::Connect)?;
    if is_current { Ok(()) } else { Err(PrepareError::NotMigrated) }
}

async fn is_current(auditor: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let run = sqlx::query_scalar("select version from public._sqlx_migrations where success")
        .fetch_all(&mut *auditor)
        .await;
    let run: HashSet<i64> = match run {
        Ok(run) => run.into_iter().collect(),
        Err(sqlx::Error::Database(error))
            if UNREADABLE.contains(&error.code().as_deref().unwrap_or_default()) =>
        {
            return Ok(false);
        }
        Err(error) => return Err(error),
    };
    if run != MIGRATOR.iter().map(|migration| migration.version).collect() {
        return Ok(false);
    }
    for projection in parking_projections::list::installed() {
        let tables: Vec<&str> = projection.tables().collect();
        let is_ours: bool = sqlx::query_scalar(
            "select not exists (select from projections.checkpoints where projection = $1 and version <> $2)
                and not exists (select from unnest($3::text[]) name where to_regclass('projections.' || name) is null)",
        )
        .bind(projection.name)
        .bind(projection.version)
        .bind(&tables)
        .fetch_one(&mut *auditor)
        .await?;
        if !is_ours {
            return Ok(false);
        }
    }
    Ok(true)
}

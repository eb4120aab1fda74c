//! `parking log fork`: gives a restored copy its own log id.

use std::io::{self, Write};

use parking_commands::identity;
use parking_commands::ids::Ids;
use parking_database::{Database, Role};
use sqlx::{Connection, PgConnection};

use super::stream;
use crate::CommandError;
use crate::environment::{Clock, SystemClock, SystemIds};

pub(super) async fn fork(database: &Database, reason: Option<String>) -> Result<(), CommandError> {
    refuse_while_served(database).await?;
    let to = SystemIds.next().into();
    let forked = stream::with(database, async |log| identity::fork(log, to, reason, SystemClock.now()).await);
    let before = forked.await??;
    writeln!(
        io::stdout(),
        "log {} is now log {to}, from position {} on",
        before.log_id,
        before.position + 1
    )?;
    Ok(())
}

/// A running server would continue under the old id, because it reads the id at its start.
async fn refuse_while_served(database: &Database) -> Result<(), CommandError> {
    let mut admin = PgConnection::connect_with(&database.admin).await?;
    let served: bool = sqlx::query_scalar(
        "select exists (select from pg_stat_activity where datname = current_database() and application_name = $1)",
    )
    .bind(Role::Writer.name())
    .fetch_one(&mut admin)
    .await?;
    admin.close().await?;
    if served { Err("a platform serves this log: stop it, fork, and start it again".into()) } else { Ok(()) }
}

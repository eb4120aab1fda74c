//! The log's own stream, for commands that append to it and end.

use std::sync::Arc;

use parking_commands::bus::Bus;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::LogStore;
use parking_commands::writer::Writer;
use parking_database::{Database, Role};
use parking_domain::log::Log;
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;

use crate::CommandError;
use crate::environment::SystemIds;

/// Runs `act` on the log's own stream, and waits until the writer has ended.
pub(crate) async fn with<T>(
    database: &Database,
    act: impl AsyncFnOnce(&Bus<Log>) -> T,
) -> Result<T, CommandError> {
    let stop = CancellationToken::new();
    let (writer, writing) = Writer::start(database.as_role(Role::Writer), stop.clone());
    let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(database.as_role(Role::Writer));
    let log = Bus::new(LogStore::new(pool, writer, Snapshots::off(), Arc::new(SystemIds)));
    let done = act(&log).await;
    stop.cancel();
    writing.await?;
    Ok(done)
}

//! This store, assembled as in the server.

use std::sync::Arc;

use bytes::Bytes;
use parking_commands::append::RequestKey;
use parking_commands::bus::Bus;
use parking_commands::ids::Ids;
use parking_commands::memory::DEFAULT_BUDGET;
use parking_commands::metadata::Metadata;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::{CommandContext, LogStore};
use parking_commands::writer::Writer;
use parking_database::{Database, Role};
use parking_domain::uplinks::{RecordReport, Uplinks};
use sqlx::postgres::PgPoolOptions;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Job;
use crate::BenchError;
use crate::environment::SystemIds;
use crate::measure::{Sample, drive};

/// Connections for loading streams, as in the server.
const POOL: u32 = 8;

/// The store, with its tasks running.
pub(crate) struct Ours {
    store: LogStore,
    _stop: tokio_util::sync::DropGuard,
}

impl Ours {
    pub(crate) fn start(database: &Database) -> Self {
        let stop = CancellationToken::new();
        let pool =
            || PgPoolOptions::new().max_connections(POOL).connect_lazy_with(database.as_role(Role::Writer));
        let (writer, _writing) = Writer::start(database.as_role(Role::Writer), stop.clone());
        let (snapshots, _snapshotting) = Snapshots::start(pool(), stop.clone());
        let store = LogStore::new(pool(), writer, snapshots, Arc::new(SystemIds));
        Self { store, _stop: stop.drop_guard() }
    }

    /// A bus with an empty memory.
    pub(crate) fn bus(&self) -> Arc<Bus<Uplinks>> {
        Arc::new(Bus::new(self.store.clone().with_memory(DEFAULT_BUDGET)))
    }
}

/// What commands carry besides the report.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carry {
    Body,
    BodyAndKey,
    Nothing,
}

/// Executes the commands on the bus.
pub(crate) async fn execute(
    bus: &Arc<Bus<Uplinks>>,
    jobs: Vec<Job>,
    carry: Carry,
    concurrency: usize,
) -> Result<Sample, BenchError> {
    let bus = bus.clone();
    drive(jobs, concurrency, move |job| {
        let bus = bus.clone();
        async move {
            let Job { id, command, body } = job;
            record(&bus, &id, command, body, carry).await
        }
    })
    .await
}

async fn record(
    bus: &Bus<Uplinks>,
    id: &str,
    command: RecordReport,
    body: Bytes,
    carry: Carry,
) -> Result<(), BenchError> {
    let metadata = Metadata {
        actor: Some("chirpstack".to_owned()),
        request_id: Some(SystemIds.next().to_string()),
        ..Metadata::default()
    };
    let body = (!matches!(carry, Carry::Nothing)).then_some(body);
    let request = matches!(carry, Carry::BodyAndKey).then(|| RequestKey {
        tenant_id: Uuid::nil(),
        key: SystemIds.next().to_string(),
        fingerprint: SystemIds.next(),
    });
    let command_context = CommandContext { metadata, body, request, ..CommandContext::default() };
    bus.execute(id, &command, &command_context).await?;
    Ok(())
}

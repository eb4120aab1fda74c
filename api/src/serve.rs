//! Puts the parts together: pools by role, writer, projections, HTTP; and takes them apart in the right order.

use std::future::{Future, IntoFuture};
use std::sync::Arc;
use std::time::Duration;

use parking_commands::ingest::Ingest;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::LogStore;
use parking_commands::writer::Writer;
use parking_database::{Database, Role};
use parking_projections::orphan_devices::OrphanDevices;
use parking_projections::runner::Runner;
use parking_projections::wake;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::CommandError;
use crate::environment::{SystemClock, SystemIds};
use crate::http::credential::Credential;
use crate::http::{self, App};

/// How long requests in flight may take to end once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a request waits for a connection of a pool.
const POOL_PATIENCE: Duration = Duration::from_secs(2);

/// Serves until `stop`, then drains: requests first, then the writer, then the projections.
pub(crate) async fn serve(
    listener: TcpListener,
    database: &Database,
    credential: Credential,
    stop: CancellationToken,
) -> Result<(), CommandError> {
    let (requests_done, tasks) = (CancellationToken::new(), TaskTracker::new());
    let (writer, writing) = Writer::start(database.as_role(Role::Writer), requests_done.clone());

    let (heads, woken) = watch::channel(0);
    let projector = database.as_role(Role::Projector);
    tasks.spawn(wake::listen(projector.clone(), writer.head(), heads, requests_done.clone()));
    let (runner, orphan_devices) = Runner::<OrphanDevices>::new(projector, woken);
    tasks.spawn(runner.run(requests_done.clone()));
    tasks.close();

    let (snapshots, snapshotting) = Snapshots::start(pool(database, Role::Writer), requests_done.clone());
    let store = LogStore::new(pool(database, Role::Writer), writer, snapshots, Arc::new(SystemIds));
    let app = App {
        ingest: Arc::new(Ingest::new(store)),
        reader: pool(database, Role::Reader),
        orphan_devices,
        credential: Arc::new(credential),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
    };
    let result = drain(listener, http::router(app), stop).await;
    requests_done.cancel();
    writing.await?;
    snapshotting.await?;
    tasks.wait().await;
    info!("stopped");
    result
}

/// Serves HTTP until `stop`, then lets the requests in flight end, but not for ever.
async fn drain(
    listener: TcpListener,
    router: axum::Router,
    stop: CancellationToken,
) -> Result<(), CommandError> {
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned()).into_future();
    tokio::pin!(serving);
    tokio::select! {
        result = &mut serving => return Ok(result?),
        () = stop.cancelled() => info!("stopping: requests in flight may end"),
    }
    bounded(serving).await
}

async fn bounded(serving: impl Future<Output = std::io::Result<()>>) -> Result<(), CommandError> {
    let Ok(result) = timeout(DRAIN, serving).await else {
        warn!("some requests did not end in time and were cut off");
        return Ok(());
    };
    Ok(result?)
}

fn pool(database: &Database, role: Role) -> PgPool {
    PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(POOL_PATIENCE)
        .connect_lazy_with(database.as_role(role))
}

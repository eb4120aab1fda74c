//! Reports into a log, and a runner on it.

use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use parking_commands::ingest::{Incoming, Ingest};
use parking_commands::metadata::Metadata;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::instant::Instant;
use parking_domain::uplinks::Source;
use parking_projections::engine::progress::Progress;
use parking_projections::engine::projection::Projection;
use parking_projections::engine::runner::Runner;
use parking_projections::engine::wake;
use parking_testkit::{EventLog, Role};
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than any step that succeeds.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) fn at(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

/// Records a report received at `second`.
pub(crate) async fn record(lanes: &Ingest, kind: EventKind, second: i64, body: Value) {
    let body = Bytes::from(body.to_string());
    let report = chirpstack::parse(kind, &body).unwrap();
    let metadata = Metadata::default();
    let incoming = Incoming { source: Source::Platform, report, received_at: at(second), body, metadata };
    lanes.record(incoming).await.unwrap();
}

/// Signals every append of the log's own writer.
pub(crate) fn woken(log: &EventLog) -> watch::Receiver<()> {
    let (signal, woken) = watch::channel(());
    let (options, stop) = (log.database.as_role(Role::Projector), log.stop.child_token());
    tokio::spawn(wake::listen(options, log.writer.head(), signal, stop));
    woken
}

/// A running runner.
pub(crate) struct Running {
    pub(crate) progress: Progress,
    pub(crate) task: JoinHandle<()>,
    pub(crate) stop: CancellationToken,
}

impl Running {
    pub(crate) fn start<P: Projection>(log: &EventLog) -> Self {
        Self::start_lingering::<P>(log, Duration::ZERO)
    }

    pub(crate) fn start_lingering<P: Projection>(log: &EventLog, linger: Duration) -> Self {
        let stop = log.stop.child_token();
        let (runner, progress) = Runner::<P>::new(log.database.as_role(Role::Projector), woken(log));
        Self { progress, task: tokio::spawn(runner.lingering(linger).run(stop.clone())), stop }
    }

    pub(crate) async fn wait_for(&self, position: i64) {
        assert!(self.progress.wait_for(position, DEADLINE).await, "reached {}", self.progress.position());
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Runs a projection until it has caught up with the log.
pub(crate) async fn catch_up<P: Projection>(log: &EventLog) {
    let running = Running::start::<P>(log);
    running.wait_for(log.head().await).await;
    running.stop().await;
}

//! Faults of the server itself, each on its own private PostgreSQL: killed under load, moved, out of disk space.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_commands::append::{Append, AppendError, Expected, NewEvent, StreamAppend};
use parking_commands::ids::Ids;
use parking_commands::snapshots::Snapshots;
use parking_commands::store::LogStore;
use parking_commands::writer::Writer;
use parking_database::{ClusterOptions, Database, LocalCluster, Role, prepare};
use parking_projections::engine::feed;
use parking_testkit::Counter;
use rustix::process::{Signal, kill_process};
use sqlx::{ConnectOptions, PgPool};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than any successful operation takes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A server, its database, and a writer.
pub(crate) struct Server {
    pub(crate) cluster: LocalCluster,
    pub(crate) database: Database,
    writer: Writer,
    ids: Arc<Counter>,
    pub(crate) stop: CancellationToken,
}

/// A directory that the server's user can enter.
pub(crate) fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

impl Server {
    pub(crate) async fn start(directory: &Path, settings: &[(&str, &str)]) -> Self {
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let cluster =
            LocalCluster::start(ClusterOptions { settings, ..ClusterOptions::at(directory) }).await.unwrap();
        let database = cluster.database();
        prepare(&database).await.unwrap();
        let stop = CancellationToken::new();
        let (writer, _task) = Writer::start(database.as_role(Role::Writer), stop.clone());
        Self { cluster, database, writer, ids: Arc::new(Counter::new(7)), stop }
    }

    /// The log of this server, as a separate process opens it.
    pub(crate) fn store(&self) -> LogStore {
        let pool = PgPool::connect_lazy_with(self.database.as_role(Role::Writer));
        LogStore::new(pool, self.writer.clone(), Snapshots::off(), self.ids.clone())
    }

    pub(crate) async fn append(&self, stream: &str, body: usize) -> Result<Uuid, AppendError> {
        let event_id = self.ids.next();
        let event = NewEvent {
            event_id,
            tenant_id: None,
            event_type: "Tested".into(),
            event_version: "1".into(),
            payload: "{}".into(),
            metadata: "{}".into(),
            body: (body > 0).then(|| vec![b'x'; body].into()),
        };
        let stream = StreamAppend {
            aggregate_type: "test".into(),
            aggregate_id: stream.into(),
            expected: Expected::Any,
            events: vec![event],
            claims: Vec::new(),
        };
        let append = Append { append_id: self.ids.next(), request: None, streams: vec![stream] };
        self.writer.append(append).await.map(|_| event_id)
    }

    /// Appends until one succeeds: the service recovers by itself.
    async fn wait_until_available(&self) {
        let deadline = Instant::now() + DEADLINE;
        while let Err(error) = self.append("back", 0).await {
            assert!(Instant::now() < deadline, "still away: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asserts that every acknowledged event is stored and positions are gapless.
    async fn assert_holds(&self, acknowledged: &[Uuid]) {
        let mut auditor = self.database.as_role(Role::Auditor).connect().await.unwrap();
        let stored = feed::read(&mut auditor, 0, i64::MAX).await.unwrap();
        assert_eq!(i64::try_from(stored.len()).unwrap(), feed::head(&mut auditor).await.unwrap());
        let ids: HashSet<Uuid> = stored.iter().map(|event| event.event_id).collect();
        assert_eq!(ids.len(), stored.len(), "none twice");
        let lost: Vec<_> = acknowledged.iter().filter(|id| !ids.contains(id)).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.cluster.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_server_killed_under_load_recovers_without_losses() {
    let directory = directory();
    let server = Server::start(directory.path(), &[]).await;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let postmaster = server.cluster.layout().postmaster_pid().unwrap();
        let load = async {
            let mut done = Vec::new();
            for n in 0..150 {
                let streams: Vec<String> = (0..8).map(|stream| format!("{round} {stream}")).collect();
                let appends = streams.iter().map(|stream| server.append(stream, 100));
                done.extend(futures_util::future::join_all(appends).await);
                if n == 50 {
                    kill_process(postmaster, Signal::KILL).unwrap();
                }
            }
            done
        };
        for result in load.await {
            match result {
                Ok(event_id) => acknowledged.push(event_id),
                Err(AppendError::Unavailable(_) | AppendError::Unsettled(_)) => {}
                Err(other) => panic!("not what a broken server means: {other}"),
            }
        }
        server.wait_until_available().await;
    }
    assert!(acknowledged.len() > 1000, "there was load: {}", acknowledged.len());
    server.assert_holds(&acknowledged).await;
    server.stop().await;
}

#[tokio::test]
async fn a_log_moved_to_another_server_is_unchanged_and_continues() {
    let (old_place, new_place) = (directory(), directory());
    let old = Server::start(old_place.path(), &[]).await;
    let mut acknowledged = Vec::new();
    for n in 0..200 {
        acknowledged.push(old.append(&(n % 7).to_string(), 50).await.unwrap());
    }
    let new = Server::start(new_place.path(), &[]).await;
    let admin = PgPool::connect_with(new.cluster.admin_options()).await.unwrap();
    for statement in ["drop database parking with (force)", "create database parking owner parking_owner"] {
        sqlx::query(statement).execute(&admin).await.unwrap();
    }
    let bin = newest_bin();
    let dump = Command::new(bin.join("pg_dump"))
        .arg("-Fc")
        .arg(old.cluster.layout().url("postgres", "parking"))
        .output();
    let file = new_place.path().join("dump");
    std::fs::write(&file, dump.unwrap().stdout).unwrap();
    let restore = Command::new(bin.join("pg_restore"))
        .args(["--exit-on-error", "-d", &new.cluster.layout().url("postgres", "parking")])
        .arg(&file)
        .output()
        .unwrap();
    assert!(restore.status.success(), "{}", String::from_utf8_lossy(&restore.stderr));

    new.assert_holds(&acknowledged).await;
    // Other ids: those of the old server are already in the log.
    let new = Server { ids: Arc::new(Counter::new(8)), ..new };
    acknowledged.push(new.append("0", 50).await.unwrap());
    new.assert_holds(&acknowledged).await;
    old.stop().await;
    new.stop().await;
}

fn newest_bin() -> std::path::PathBuf {
    if let Some(bin) = std::env::var_os("PG_BIN_DIR") {
        return bin.into();
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap().map(|entry| entry.unwrap().path());
    let number = |path: &std::path::PathBuf| -> u32 {
        path.file_name().unwrap().to_str().unwrap().parse().unwrap_or(0)
    };
    versions.max_by_key(number).unwrap().join("bin")
}

#[tokio::test]
async fn a_full_disk_is_reported_and_loses_no_acknowledged_event() {
    let directory = directory();
    let disk = directory.path();
    let mounted =
        Command::new("mount").args(["-t", "tmpfs", "-o", "size=200m,mode=755", "tmpfs"]).arg(disk).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: a small file system cannot be mounted here");
        return;
    }
    let _unmount = Unmount(disk);
    let ballast = disk.join("ballast");
    std::fs::write(&ballast, vec![0; 48 << 20]).unwrap();
    let server = Server::start(disk, &[("max_wal_size", "48MB"), ("min_wal_size", "32MB")]).await;

    let mut acknowledged = Vec::new();
    let refusal = loop {
        match server.append(&acknowledged.len().to_string(), 1 << 20).await {
            Ok(event_id) => acknowledged.push(event_id),
            Err(refusal) => break refusal,
        }
        assert!(acknowledged.len() < 400, "the disk holds no more than 200 MiB");
    };
    assert!(matches!(refusal, AppendError::Unavailable(_) | AppendError::Unsettled(_)), "{refusal}");
    assert!(!acknowledged.is_empty());

    std::fs::remove_file(&ballast).unwrap();
    server.wait_until_available().await;
    server.assert_holds(&acknowledged).await;
    server.stop().await;
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        // A lazy unmount: a server left running by a failed test may still use it.
        let _unmounted = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

//! Durability with a synchronous standby: everything acknowledged is on the standby, even if the server process that
//! appended it was terminated while it waited for the standby and its commit is visible.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_commands::append::AppendError;
use parking_database::cluster::{Installation, Layout};
use parking_database::{ClusterOptions, LocalCluster};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions, Executor, PgConnection};
use tempfile::TempDir;
use tokio::time::sleep;
use uuid::Uuid;

use crate::own_server::{DEADLINE, Server, directory};

/// A primary that waits for its standby.
pub(crate) struct Pair {
    pub(crate) primary: Server,
    standby: LocalCluster,
    pub(crate) admin: PgConnection,
    _homes: [TempDir; 2],
}

impl Pair {
    pub(crate) async fn start() -> Self {
        let homes = [directory(), directory()];
        let primary = Server::start(homes[0].path(), &[]).await;
        let mut admin = primary.database.admin.connect().await.unwrap();
        base_backup(homes[0].path(), homes[1].path());
        let standby = LocalCluster::start(ClusterOptions::at(homes[1].path())).await.unwrap();
        admin.execute("alter system set synchronous_standby_names = '*'").await.unwrap();
        admin.execute("select pg_reload_conf()").await.unwrap();
        let synchronous = "select count(*) from pg_stat_replication where sync_state = 'sync'";
        until("the standby is synchronous", &mut admin, synchronous).await;
        Self { primary, standby, admin, _homes: homes }
    }

    /// The process that sends to the standby: while it is stopped, the standby receives nothing.
    pub(crate) async fn sender(&mut self) -> Pid {
        let query = "select pid from pg_stat_replication";
        let pid: i32 = sqlx::query_scalar(query).fetch_one(&mut self.admin).await.unwrap();
        Pid::from_raw(pid).unwrap()
    }

    /// Terminates the writer's server processes that wait for the standby; returns how many.
    pub(crate) async fn end_while_waiting(primary: &Server) -> i64 {
        const WAITING: &str =
            "from pg_stat_activity where wait_event = 'SyncRep' and usename = 'parking_writer'";
        let mut admin = primary.database.admin.connect().await.unwrap();
        until("the append waits for the standby", &mut admin, &format!("select count(*) {WAITING}")).await;
        let end = format!("select count(pg_terminate_backend(pid)) {WAITING}");
        sqlx::query_scalar(&end).fetch_one(&mut admin).await.unwrap()
    }

    pub(crate) async fn positions(&mut self) -> i64 {
        sqlx::query_scalar("select count(*) from events").fetch_one(&mut self.admin).await.unwrap()
    }

    pub(crate) async fn standby(&self) -> PgConnection {
        self.standby.database().admin.connect().await.unwrap()
    }

    pub(crate) async fn stop(mut self) {
        // No standby is left to wait for.
        self.admin.execute("alter system reset synchronous_standby_names").await.unwrap();
        self.admin.execute("select pg_reload_conf()").await.unwrap();
        self.standby.stop().await.unwrap();
        self.primary.stop().await;
    }
}

/// A copy of a running server that follows it.
fn base_backup(primary: &Path, standby: &Path) {
    let (primary, standby) = (Layout::new(primary).unwrap(), Layout::new(standby).unwrap());
    let bin_dir = std::env::var_os("PG_BIN_DIR").map(PathBuf::from);
    let installation = Installation::find(bin_dir.as_deref(), &primary).unwrap();
    installation.make_private(standby.directory()).unwrap();
    let output = installation
        .command("pg_basebackup")
        .args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--username=postgres", "--pgdata"])
        .arg(standby.data())
        .arg("--host")
        .arg(primary.socket())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::set_permissions(standby.data(), std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// Polls until a count is not 0.
pub(crate) async fn until(what: &str, connection: &mut PgConnection, count: &str) {
    let asked = Instant::now();
    while sqlx::query_scalar::<_, i64>(count).fetch_one(&mut *connection).await.unwrap() == 0 {
        assert!(asked.elapsed() < DEADLINE, "waited in vain: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn acknowledged_events_survive_the_primary() {
    let mut pair = Pair::start().await;
    let mut acknowledged: Vec<Uuid> = vec![pair.primary.append("before", 10).await.unwrap()];

    // Terminated while it waits: the event is visible on the primary, and no standby has it.
    let sender = pair.sender().await;
    kill_process(sender, Signal::STOP).unwrap();
    let before = pair.positions().await;
    let (in_doubt, ended) =
        tokio::join!(pair.primary.append("in doubt", 10), Pair::end_while_waiting(&pair.primary));
    assert_eq!(ended, 1);
    assert_eq!(pair.positions().await, before + 1, "it shows where it was committed");
    match in_doubt {
        Ok(event) => acknowledged.push(event),
        Err(error) => assert!(matches!(error, AppendError::Unsettled(_)), "{error}"),
    }

    // The standby takes over with its data.
    let mut promoted = pair.standby().await;
    promoted.execute("select pg_promote()").await.unwrap();
    let stored: Vec<Uuid> =
        sqlx::query_scalar("select event_id from events").fetch_all(&mut promoted).await.unwrap();
    for event in &acknowledged {
        assert!(stored.contains(event), "{event} was acknowledged and is lost");
    }
    kill_process(sender, Signal::CONT).unwrap();
    pair.stop().await;
}

#[tokio::test]
async fn an_unsettled_append_is_acknowledged_once_the_standby_has_it() {
    let mut pair = Pair::start().await;
    pair.primary.append("before", 10).await.unwrap();
    let sender = pair.sender().await;
    kill_process(sender, Signal::STOP).unwrap();
    let (acknowledged, ()) = tokio::join!(pair.primary.append("in doubt", 10), async {
        Pair::end_while_waiting(&pair.primary).await;
        kill_process(sender, Signal::CONT).unwrap();
    });
    let event = acknowledged.unwrap();
    let mut standby = pair.standby().await;
    let there = format!("select count(*) from events where event_id = '{event}'");
    until("the standby shows what it has", &mut standby, &there).await;
    pair.stop().await;
}

#[tokio::test]
async fn an_absent_standby_leaves_no_server_processes_behind() {
    let mut pair = Pair::start().await;
    pair.primary.append("before", 10).await.unwrap();
    let sender = pair.sender().await;
    kill_process(sender, Signal::STOP).unwrap();
    for _ in 0..2 {
        let error = pair.primary.append("in doubt", 10).await.unwrap_err();
        assert!(matches!(error, AppendError::Unsettled(_)), "{error}");
    }
    let busy = "select count(*) from pg_stat_activity where usename = 'parking_writer' and state = 'active'";
    let busy: i64 = sqlx::query_scalar(busy).fetch_one(&mut pair.admin).await.unwrap();
    assert!(busy <= 1, "{busy} wait for the standby, and one at most has anybody who waits for it");
    kill_process(sender, Signal::CONT).unwrap();
    pair.primary.append("after", 10).await.unwrap();
    pair.stop().await;
}

/// The reason for the operators' restrictions in decision 0033.
#[tokio::test]
async fn a_cancelled_wait_is_reported_as_committed_by_postgresql() {
    let mut pair = Pair::start().await;
    pair.primary.append("before", 10).await.unwrap();
    let sender = pair.sender().await;
    kill_process(sender, Signal::STOP).unwrap();
    let (event, cancelled) = tokio::join!(pair.primary.append("unseen", 10), async {
        const WAITING: &str = "from pg_stat_activity where wait_event = 'SyncRep'";
        let waits = format!("select count(*) {WAITING}");
        until("the append waits for the standby", &mut pair.admin, &waits).await;
        let cancel = format!("select count(pg_cancel_backend(pid)) {WAITING}");
        sqlx::query_scalar::<_, i64>(&cancel).fetch_one(&mut pair.admin).await.unwrap()
    });
    let there = "select exists (select from events where event_id = $1)";
    let there = sqlx::query_scalar::<_, bool>(there).bind(event.unwrap());
    assert!(!there.fetch_one(&mut pair.standby().await).await.unwrap());
    assert_eq!(cancelled, 1);
    kill_process(sender, Signal::CONT).unwrap();
    pair.stop().await;
}

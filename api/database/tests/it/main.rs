//! The private server and the roles, tested on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod access;
mod adoption;
mod lifecycle;
mod logins;
mod prepare;
mod refusals;
mod roles;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use parking_database::cluster::Layout;
use parking_database::{ClusterOptions, LocalCluster, is_root};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions, PgConnection};
use tempfile::TempDir;

/// A directory for one test's cluster. If the test fails, the server is stopped.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let directory = TempDir::with_prefix("parking-").unwrap();
        // If the test runs as root, the server's user must be able to traverse it.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self(directory)
    }

    fn options(&self) -> ClusterOptions {
        let bin_dir = std::env::var_os("PG_BIN_DIR").map(PathBuf::from);
        ClusterOptions { bin_dir, ..ClusterOptions::at(self.0.path()) }
    }

    fn layout(&self) -> Layout {
        Layout::new(self.0.path()).unwrap()
    }

    fn pid(&self) -> Pid {
        self.layout().postmaster_pid().expect("the server runs")
    }

    async fn start(&self) -> LocalCluster {
        LocalCluster::start(self.options()).await.unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(pid) = self.layout().postmaster_pid() {
            let _ = kill_process(pid, Signal::QUIT);
        }
    }
}

/// True if the test can make what only root can make; the output says that it cannot.
fn may_act_as_root(what: &str) -> bool {
    if !is_root() {
        eprintln!("skipped, because this user is not root: {what}");
    }
    is_root()
}

async fn admin(cluster: &LocalCluster) -> PgConnection {
    cluster.admin_options().connect().await.unwrap()
}

async fn text(connection: &mut PgConnection, sql: &str) -> String {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

/// Retries until there is a result.
async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(asked.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

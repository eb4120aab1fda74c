//! A private, durable PostgreSQL server for one run; its directory and data are deleted afterwards.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use parking_database::cluster::Layout;
use parking_database::{ClusterOptions, LocalCluster};
use rustix::process::{Signal, kill_process};
use tempfile::TempDir;

use crate::BenchError;

/// A temporary directory for a server's cluster. The server ends with the run, however that ends.
pub(crate) struct Home(TempDir);

impl Home {
    /// Created below `TMPDIR`: measure on a real disk.
    pub(crate) fn new() -> Result<Self, BenchError> {
        let directory = TempDir::with_prefix("parking-bench-")?;
        // The database server's user must be able to enter when this runs as root.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o711))?;
        Ok(Self(directory))
    }

    /// The directory of the cluster.
    pub(crate) fn cluster_directory(&self) -> PathBuf {
        self.0.path().join("platform")
    }

    /// The directory for other files of the run.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Starts the server with the platform's durable settings.
    pub(crate) async fn start(&self) -> Result<LocalCluster, BenchError> {
        let bin_dir = std::env::var_os("PG_BIN_DIR").map(PathBuf::from);
        let options = ClusterOptions { bin_dir, ..ClusterOptions::at(self.cluster_directory()) };
        Ok(LocalCluster::start(options).await?)
    }

    /// The postmaster's process id, while it runs.
    pub(crate) fn postmaster(&self) -> Option<rustix::process::Pid> {
        Layout::new(&self.cluster_directory()).ok()?.postmaster_pid()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A run that completed has stopped the server already.
        if let Some(pid) = self.postmaster() {
            let _gone = kill_process(pid, Signal::QUIT);
        }
    }
}

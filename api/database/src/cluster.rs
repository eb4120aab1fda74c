//! The private PostgreSQL server: one directory, one owner, no network, no administration.

mod error;
mod installation;
mod layout;
mod owned;
mod postmaster;
mod privileges;
mod rules;

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::{Database, Logins};
pub use error::ClusterError;
pub use installation::{Installation, Sync};
pub use layout::{Answer, Layout};
use postmaster::{Server, supervise};
pub use privileges::give_up_root;

/// The location and settings of the private server.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// The directory of all files of the server.
    pub directory: PathBuf,
    /// The directory of the server's programs; by default the newest below `/usr/lib/postgresql` that matches the data.
    pub bin_dir: Option<PathBuf>,
    /// Server settings, name and value; they override the cluster's own.
    pub settings: Vec<(String, String)>,
}

impl ClusterOptions {
    /// A server with default settings in this directory.
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), bin_dir: None, settings: Vec::new() }
    }
}

/// A running private server, owned by this process.
///
/// If it is dropped without [`stop`](Self::stop), the server keeps running and the next start adopts it, so that the
/// database survives any death of its owner.
pub struct LocalCluster {
    layout: Layout,
    stop: CancellationToken,
    supervisor: AbortOnDropHandle<Result<(), ClusterError>>,
    _lock: File,
}

impl LocalCluster {
    /// The platform's database in its private server.
    pub const DATABASE: &str = "parking";

    /// Locks the directory, creates the data if there is none, and starts the server or adopts a running one.
    pub async fn start(options: ClusterOptions) -> Result<Self, ClusterError> {
        let layout = Layout::new(&options.directory)?;
        create_directory(layout.directory())?;
        let installation = Installation::find(options.bin_dir.as_deref(), &layout)?;
        let lock = lock_directory(&layout, &installation)?;
        installation.check_reach(layout.directory())?;
        if layout.data_version().is_none() {
            installation.initdb(&layout, Sync::Durable).await?;
        }
        installation.make_private(&layout.socket())?;
        let mut settings = rules::write(&layout, &installation)?;
        settings.extend(options.settings);

        let server = Server::new(installation, layout.clone(), settings);
        let postmaster = server.ensure_running().await?;
        let stop = CancellationToken::new();
        let supervisor = AbortOnDropHandle::new(tokio::spawn(supervise(server, postmaster, stop.clone())));
        Ok(Self { layout, stop, supervisor, _lock: lock })
    }

    /// Connection options for a server that another process runs in this directory.
    pub async fn attach(directory: &Path) -> Result<PgConnectOptions, ClusterError> {
        let layout = Layout::new(directory)?;
        match layout.answer().await {
            Answer::Ready => Ok(layout.admin_options()),
            Answer::NotYet | Answer::Nobody => {
                Err(ClusterError::NotRunning { directory: layout.directory().to_owned() })
            }
        }
    }

    /// The paths of the cluster.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Connection options for the administrator: Unix socket, user and database `postgres`.
    pub fn admin_options(&self) -> PgConnectOptions {
        self.layout.admin_options()
    }

    /// The platform's database in this server, for [`prepare`](crate::prepare).
    pub fn database(&self) -> Database {
        Database { admin: self.admin_options().database(Self::DATABASE), logins: Logins::Private }
    }

    /// Stops the server (connections are closed, committed data is kept) and releases the directory.
    #[expect(clippy::missing_panics_doc, reason = "the message states why it cannot panic")]
    pub async fn stop(self) -> Result<(), ClusterError> {
        self.stop.cancel();
        self.supervisor.await.expect("only dropping the cluster aborts the supervisor, and it does not panic")
    }
}

/// The default directory of the private server: `/var/lib/parking` for root, else in the user's state directory.
pub fn default_directory(
    is_root: bool,
    xdg_state_home: Option<PathBuf>,
    home: Option<PathBuf>,
) -> Result<PathBuf, ClusterError> {
    if is_root {
        return Ok(PathBuf::from("/var/lib/parking"));
    }
    // The XDG specification says to ignore relative paths, which includes empty values.
    xdg_state_home
        .filter(|path| path.is_absolute())
        .or_else(|| home.filter(|path| path.is_absolute()).map(|home| home.join(".local/state")))
        .map(|state| state.join("parking"))
        .ok_or(ClusterError::NoHome)
}

/// Whether this process runs as root: the server then needs a user of its own.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The server's user must be able to traverse a directory created by root; listing it is not needed.
fn create_directory(directory: &Path) -> Result<(), ClusterError> {
    let mode = if is_root() { 0o711 } else { 0o700 };
    if let Some(parent) = directory.parent() {
        fs::create_dir_all(parent).map_err(ClusterError::io(parent))?;
    }
    match DirBuilder::new().mode(mode).create(directory) {
        Err(error) if !directory.is_dir() => Err(ClusterError::io(directory)(error)),
        _ => Ok(()),
    }
}

/// The kernel releases the lock with its owner, so a crash leaves nothing to clean up.
fn lock_directory(layout: &Layout, installation: &Installation) -> Result<File, ClusterError> {
    let directory = File::open(layout.directory()).map_err(ClusterError::io(layout.directory()))?;
    owned::check(layout.directory(), &directory, &installation.users())?;
    let path = layout.lock();
    let file = installation.open(&path, false)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(ClusterError::InUse { directory: layout.directory().to_owned() }),
        Err(errno) => Err(ClusterError::io(&path)(errno.into())),
    }
}

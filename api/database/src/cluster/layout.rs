//! Where things lie in a cluster's directory, and the way in through its socket.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Pid;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::ClusterError;

/// Only part of the socket's name: the server listens on no network.
pub(super) const PORT: u16 = 5432;

/// `sun_path` has 108 bytes, the last one a zero.
const SOCKET_PATH_LIMIT: usize = 107;

/// A server that takes longer to answer a local connection than this is not ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// `cannot_connect_now`: the server starts, recovers or shuts down.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// The directory of a cluster.
#[derive(Clone, Debug)]
pub struct Layout {
    directory: PathBuf,
}

/// What a cluster's socket has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It takes connections.
    Ready,
    /// Somebody is there and starts, recovers or shuts down.
    NotYet,
    /// Nobody listens.
    Nobody,
}

impl Layout {
    /// Fails when the socket's path would be longer than the system allows.
    pub fn new(directory: &Path) -> Result<Self, ClusterError> {
        // The server changes into its data directory, so nothing may be relative to ours.
        let directory = std::path::absolute(directory).map_err(ClusterError::io(directory))?;
        let layout = Self { directory };
        let path = layout.socket().join(format!(".s.PGSQL.{PORT}"));
        if path.as_os_str().len() > SOCKET_PATH_LIMIT {
            return Err(ClusterError::SocketPathTooLong { path, limit: SOCKET_PATH_LIMIT });
        }
        Ok(layout)
    }

    /// The cluster's directory, absolute.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The server's data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The directory of the Unix socket: who may enter it may log in.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.directory.join("postgres.log")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.directory.join("parking.lock")
    }

    /// The major version that wrote the data; none when there is no data.
    pub fn data_version(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// The process that wrote `postmaster.pid`; only worth something when the server [answers](Self::answer).
    pub fn postmaster_pid(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }

    /// The way in as administrator: Unix socket, user and database `postgres`.
    pub fn admin_options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.socket())
            .port(PORT)
            .ssl_mode(PgSslMode::Disable)
            .username("postgres")
            .database("postgres")
    }

    /// The same way in for another process, as `DATABASE_URL`.
    pub fn url(&self, user: &str, database: &str) -> String {
        let host = percent_encoded(self.socket().as_os_str().as_bytes());
        format!("postgres:///{database}?host={host}&port={PORT}&user={user}")
    }

    /// Asks the socket.
    pub async fn answer(&self) -> Answer {
        match tokio::time::timeout(PATIENCE, self.admin_options().connect()).await {
            Ok(Ok(connection)) => {
                // The server is there; whether it notices our leaving makes no difference.
                let _ = connection.close().await;
                Answer::Ready
            }
            Ok(Err(sqlx::Error::Database(error))) if error.code().as_deref() != Some(CANNOT_CONNECT_NOW) => {
                Answer::Ready
            }
            Ok(Err(sqlx::Error::Io(error)))
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) =>
            {
                Answer::Nobody
            }
            Ok(Err(_)) | Err(_) => Answer::NotYet,
        }
    }
}

fn percent_encoded(path: &[u8]) -> String {
    path.iter().fold(String::new(), |mut encoded, &byte| {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("a string takes every write");
        }
        encoded
    })
}

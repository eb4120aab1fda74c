//! The paths in a cluster's directory, and connections through its socket.

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

/// `sun_path` has 108 bytes, the last one a zero.
const SOCKET_PATH_LIMIT: usize = 107;

/// A server that takes longer than this to answer a local connection is not ready.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// `cannot_connect_now`: the server starts, recovers or shuts down.
const CANNOT_CONNECT_NOW: &str = "57P03";

/// The directory of a cluster.
#[derive(Clone, Debug)]
pub struct Layout {
    directory: PathBuf,
}

/// The state of a cluster's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server accepts connections.
    Ready,
    /// The server is starting, recovering or shutting down.
    NotYet,
    /// No server is listening.
    Nobody,
}

impl Layout {
    /// Only part of the socket's name: the server listens on no network.
    pub const PORT: u16 = 5432;

    /// Fails when the socket's path would be longer than the system allows.
    pub fn new(directory: &Path) -> Result<Self, ClusterError> {
        // The server changes into its data directory, so the path must be absolute.
        let directory = std::path::absolute(directory).map_err(ClusterError::io(directory))?;
        let layout = Self { directory };
        let path = layout.socket().join(format!(".s.PGSQL.{}", Self::PORT));
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

    /// The directory of the Unix socket, which only the server's user and root may enter.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.directory.join("postgres.log")
    }

    /// The rules by which the server accepts logins.
    pub(super) fn rules(&self) -> PathBuf {
        self.directory.join("pg_hba.conf")
    }

    /// The users of this machine, and the roles as which they may log in.
    pub(super) fn user_map(&self) -> PathBuf {
        self.directory.join("pg_ident.conf")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.directory.join("parking.lock")
    }

    /// The major version that wrote the data; `None` if there is no data.
    pub fn data_version(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("PG_VERSION")).ok()?.trim().parse().ok()
    }

    /// The process that wrote `postmaster.pid`; valid only if the server [is ready](Self::answer).
    pub fn postmaster_pid(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
    }

    /// Connection options for the administrator: Unix socket, user and database `postgres`.
    pub fn admin_options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.socket())
            .port(Self::PORT)
            .ssl_mode(PgSslMode::Disable)
            .username("postgres")
            .database("postgres")
    }

    /// The same connection as a `DATABASE_URL` for another process.
    pub fn url(&self, user: &str, database: &str) -> String {
        let host = percent_encoded(self.socket().as_os_str().as_bytes());
        format!("postgres:///{database}?host={host}&port={}&user={user}", Self::PORT)
    }

    /// Determines the state of the socket by connecting.
    pub async fn answer(&self) -> Answer {
        match tokio::time::timeout(CONNECT_TIMEOUT, self.admin_options().connect()).await {
            Ok(Ok(connection)) => {
                // The server is ready; whether it notices the disconnect is irrelevant.
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

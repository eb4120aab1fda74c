//! Why the private server cannot run, each error with its remedy.

use std::io;
use std::path::{Path, PathBuf};

/// Why the private server cannot be run, reached or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There are no server programs on this machine.
    #[error("no PostgreSQL server in {searched}; install the package `postgresql` or set PG_BIN_DIR")]
    NoInstallation {
        /// The searched directory.
        searched: PathBuf,
    },
    /// Older than the platform needs.
    #[error(
        "PostgreSQL {found} in {bin_dir} is too old; install {needed} or newer, or set PG_BIN_DIR to one"
    )]
    TooOld {
        /// The programs' directory.
        bin_dir: PathBuf,
        /// Their major version.
        found: u32,
        /// The oldest supported version.
        needed: u32,
    },
    /// The data belongs to another major version than the programs.
    #[error(
        "the data in {data} is of PostgreSQL {written}, which is not installed; install postgresql-{written}, \
         or move the data with pg_upgrade"
    )]
    OtherVersion {
        /// The data directory.
        data: PathBuf,
        /// The major version that wrote it.
        written: u32,
    },
    /// `postgres --version` printed no version.
    #[error("{program} does not tell its version; set PG_BIN_DIR to the directory of a PostgreSQL server")]
    UnknownVersion {
        /// The program.
        program: PathBuf,
    },
    /// Root may not run the server itself.
    #[error(
        "PostgreSQL refuses to run as root and there is no user `postgres`; create it or start as another user"
    )]
    NoServerUser,
    /// It would have to be given to the server's user.
    #[error("{directory} is not empty and holds no database; set PARKING_DATA_DIR to a directory of its own")]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// A user has no name, by which PostgreSQL could recognise it.
    #[error("the user {uid} has no name in /etc/passwd; add it, or start as another user")]
    NoUserName {
        /// Its id.
        uid: u32,
    },
    /// The program could not be started again without root's rights.
    #[error("cannot go on as the user `postgres`: {source}; start as another user than root")]
    StillRoot {
        /// The system's error.
        source: io::Error,
    },
    /// The server's user cannot reach the directory.
    #[error("the user `postgres` may not enter {path}; run `chmod o+x {path}` or set PARKING_DATA_DIR")]
    OutOfReach {
        /// The directory that blocks access.
        path: PathBuf,
    },
    /// Somebody else could replace its files, and read what is written into them.
    #[error(
        "{path} belongs to the user {owner}; chown it to the server's user, remove it, or set PARKING_DATA_DIR"
    )]
    Foreign {
        /// The directory or file.
        path: PathBuf,
        /// Its owner.
        owner: u32,
    },
    /// Somebody has written another process's id into the server's file.
    #[error(
        "{data}/postmaster.pid names the process {pid} of another user; stop the server in {data} by hand and remove the file"
    )]
    ForeignProcess {
        /// The process.
        pid: i32,
        /// The server's data directory.
        data: PathBuf,
    },
    /// Unix socket addresses are short.
    #[error("the socket path {path} is longer than {limit} bytes; set PARKING_DATA_DIR to a shorter path")]
    SocketPathTooLong {
        /// The path.
        path: PathBuf,
        /// The maximum length.
        limit: usize,
    },
    /// Neither a home nor a state directory is known.
    #[error("neither XDG_STATE_HOME nor HOME is set; set PARKING_DATA_DIR to the directory for the database")]
    NoHome,
    /// Another process owns the directory.
    #[error("another parking process runs the database in {directory}; stop it or set PARKING_DATA_DIR")]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// No server listens on the socket.
    #[error("no database runs in {directory}; start one with `parking up` or set PARKING_DATA_DIR")]
    NotRunning {
        /// The directory.
        directory: PathBuf,
    },
    /// `initdb` failed; its partial data is removed by the next start.
    #[error("initdb failed, free its cause and start again: {output}")]
    Initdb {
        /// Its output.
        output: String,
    },
    /// The server ended while starting.
    #[error("the database server ended while starting; {log} tells why, at its end: {tail}")]
    Ended {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server is running but does not accept connections yet.
    #[error(
        "the database server is not ready after {seconds} s; look into {log} and start again, it is adopted"
    )]
    NotReady {
        /// The waiting time.
        seconds: u64,
        /// The server's log.
        log: PathBuf,
    },
    /// The server was told to stop and is still writing.
    #[error("the database server (pid {pid}) still shuts down after {seconds} s; leave it to finish")]
    StillStopping {
        /// The postmaster.
        pid: i32,
        /// The waiting time.
        seconds: u64,
    },
    /// The file system refused.
    #[error("{path}: {source}; check its owner, mode and free space, or set PARKING_DATA_DIR")]
    Io {
        /// The path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl ClusterError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}

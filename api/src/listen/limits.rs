//! The limits of connections: their number, and the time for each phase.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tracing::warn;

/// From a request's first byte to the end of its head; on a new connection, from the start of the connection.
pub(super) const HEAD: Duration = Duration::from_secs(5);

/// Between two requests. ChirpStack keeps connections for up to 180 s, and a POST on a connection that is being closed
/// is lost, so this is longer.
pub(super) const IDLE: Duration = Duration::from_secs(200);

/// From the handler's answer until the client has read all of it.
pub(super) const ANSWER: Duration = Duration::from_secs(30);

/// The time limit for a head that is arriving when the server stops.
pub(super) const LAST_HEAD: Duration = Duration::from_secs(1);

/// The longest head of a request, in bytes, and the most that is read of the requests that a client sends ahead (decision
/// 0036). hyper allows no less than 8 KiB.
pub(super) const BUFFER: usize = 16 * 1024;

/// The most bytes of an answer that are encrypted and not sent, for each connection.
pub(super) const UNSENT_TLS: usize = 16 * 1024;

/// The most TLS handshakes at once.
const HANDSHAKES: usize = 1000;

/// The most open connections, whatever the system allows: each takes some 10 kB.
const MOST: usize = 10_000;

/// Connections beyond the limit, for webhooks, health checks and metrics when every other connection has a request in
/// flight.
const RESERVE: usize = 64;

/// Files that the server needs besides connections: the database's, and its own.
const OTHER_FILES: usize = 192;

/// The most connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// For all requests.
    pub(super) open: usize,
    /// Beyond these, for webhooks, health checks and metrics.
    pub(super) reserve: usize,
}

impl Limits {
    /// The limits for a process that may have this many files open.
    pub(crate) fn of_files(files: usize) -> Self {
        let available = files.saturating_sub(OTHER_FILES).max(files / 4);
        let reserve = RESERVE.min(available / 4);
        Self { open: (available - reserve).clamp(1, MOST), reserve }
    }

    /// The most TLS handshakes at once: half of the connections at most.
    pub(super) fn handshakes(self) -> usize {
        HANDSHAKES.min(self.open.div_ceil(2))
    }
}

/// Raises the process's limit of open files to its maximum; returns the limit.
pub(crate) fn raise_file_limit() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = match raised {
        Ok(()) => maximum,
        Err(error) => {
            warn!(%error, "the limit of open files stays as it is");
            current
        }
    };
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_and_everything_else_fit_into_the_files_allowed() {
        for files in [4, 64, 256, 1024, 4096] {
            let Limits { open, reserve } = Limits::of_files(files);
            assert!(open >= 1 && open + reserve <= files, "{files}");
        }
        assert_eq!(Limits::of_files(1024), Limits { open: 768, reserve: 64 });
        assert_eq!(Limits::of_files(usize::MAX), Limits { open: MOST, reserve: RESERVE });
    }
}

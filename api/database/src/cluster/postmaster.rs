//! The running server: start, supervision, stop.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Stdio;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions, Connection, Executor};
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{Answer, ClusterError, Installation, Layout};

/// Recovery after a crash may read a gigabyte of log.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// The time limit for the remains of a killed server (its processes, its lock file).
const REMAINS_GONE_WITHIN: Duration = Duration::from_secs(20);
/// A running server reads its settings again within milliseconds, unless it cannot.
const RULES_READ_WITHIN: Duration = Duration::from_secs(10);
/// A fast shutdown ends with a checkpoint.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// The polling interval for conditions that send no notification.
const PAUSE: Duration = Duration::from_millis(50);
/// The pause between two attempts to restart a dead server.
const BACKOFF: Duration = Duration::from_secs(1);

/// The parameters to run the server.
pub(super) struct Server {
    installation: Installation,
    layout: Layout,
    settings: Vec<(String, String)>,
}

/// The server's first process.
pub(super) enum Postmaster {
    /// Started by this process.
    Child(Child),
    /// Left running by an owner that was killed.
    Adopted(Pid),
}

impl Server {
    pub(super) fn new(installation: Installation, layout: Layout, settings: Vec<(String, String)>) -> Self {
        Self { installation, layout, settings }
    }

    /// Starts the server, or adopts a running one; returns when it accepts connections.
    pub(super) async fn ensure_running(&self) -> Result<Postmaster, ClusterError> {
        let started = Instant::now();
        let mut child: Option<Child> = None;
        while started.elapsed() < READY_WITHIN {
            if let Some(running) = &mut child
                && running.try_wait().map_err(ClusterError::io(&self.layout.log()))?.is_some()
            {
                // A server that ends by itself removes its pid file. An existing file belongs to a killed predecessor
                // whose last processes are still ending.
                let predecessor = self.layout.postmaster_pid().is_some();
                if !predecessor || started.elapsed() > REMAINS_GONE_WITHIN {
                    return Err(self.ended());
                }
                child = None;
            }
            match (self.layout.answer().await, child.take()) {
                (Answer::Ready, Some(child)) => return Ok(Postmaster::Child(child)),
                (Answer::Ready, None) => {
                    if let Some(pid) = self.layout.postmaster_pid()
                        && let Some(adopted) = self.adopt(pid).await?
                    {
                        tracing::info!(pid = pid.as_raw_pid(), "adopted the running database server");
                        return Ok(adopted);
                    }
                }
                (Answer::Nobody, None) => child = Some(self.spawn()?),
                (_, waiting) => child = waiting,
            }
            sleep(PAUSE).await;
        }
        Err(ClusterError::NotReady { seconds: READY_WITHIN.as_secs(), log: self.layout.log() })
    }

    fn spawn(&self) -> Result<Child, ClusterError> {
        let path = self.layout.log();
        // The server logs rows and statements, which other users must not read.
        let log = self.installation.open(&path, true)?;
        let mut command = self.installation.server(&self.layout, &self.settings);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let program = command.get_program().to_owned();
        tokio::process::Command::from(command).spawn().map_err(ClusterError::io(program.as_ref()))
    }

    /// Takes over a server that an earlier owner left running. One that has other rules for logins, as earlier releases wrote
    /// them, is stopped, so that the next one has ours.
    async fn adopt(&self, pid: Pid) -> Result<Option<Postmaster>, ClusterError> {
        // The server's user writes the file: it must not choose which process root ends.
        match fs::metadata(format!("/proc/{}", pid.as_raw_pid())) {
            Ok(process) if process.uid() == self.installation.server_user() => {}
            Ok(_) => {
                return Err(ClusterError::ForeignProcess { pid: pid.as_raw_pid(), data: self.layout.data() });
            }
            Err(_) => return Ok(None),
        }
        match timeout(RULES_READ_WITHIN, self.reload_rules()).await {
            Ok(Ok(true)) => return Ok(Some(Postmaster::Adopted(pid))),
            Ok(Ok(false)) => {
                tracing::info!("the running database server has other rules for logins and is replaced");
            }
            Ok(Err(error)) => tracing::warn!(
                %error,
                "the running database server cannot be asked for its rules and is replaced"
            ),
            Err(_) => tracing::warn!(
                log = %self.layout.log().display(),
                "the running database server does not read its settings again and is replaced; its log says why"
            ),
        }
        Postmaster::Adopted(pid).stop().await.map(|()| None)
    }

    /// Makes the running server read its rules again; false if it has others than ours.
    async fn reload_rules(&self) -> Result<bool, sqlx::Error> {
        let mut admin = self.layout.admin_options().connect().await?;
        let settings = "select current_setting('hba_file') || ' ' || current_setting('ident_file')";
        let found: String = sqlx::query_scalar(settings).fetch_one(&mut admin).await?;
        if found != format!("{} {}", self.layout.rules().display(), self.layout.user_map().display()) {
            return Ok(false);
        }
        let loaded_at = "select pg_conf_load_time()::text";
        let before: String = sqlx::query_scalar(loaded_at).fetch_one(&mut admin).await?;
        admin.execute("select pg_reload_conf()").await?;
        while sqlx::query_scalar::<_, String>(loaded_at).fetch_one(&mut admin).await? == before {
            sleep(PAUSE).await;
        }
        admin.close().await?;
        Ok(true)
    }

    fn ended(&self) -> ClusterError {
        let log = self.layout.log();
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(4)..].join("\n");
        ClusterError::Ended { log, tail }
    }
}

impl Postmaster {
    /// Returns when the process has ended; may be dropped and called again.
    async fn exited(&mut self) {
        match self {
            // An error means that the process was reaped elsewhere: it has ended regardless.
            Self::Child(child) => drop(child.wait().await),
            Self::Adopted(pid) => {
                while runs(*pid) {
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn pid(&self) -> Option<Pid> {
        match self {
            Self::Child(child) => child.id().and_then(|id| Pid::from_raw(id.cast_signed())),
            Self::Adopted(pid) => Some(*pid),
        }
    }

    /// Fast shutdown: connections are closed, committed data is kept.
    async fn stop(mut self) -> Result<(), ClusterError> {
        let Some(pid) = self.pid() else { return Ok(()) };
        match kill_process(pid, Signal::INT) {
            Ok(()) | Err(Errno::SRCH) => {}
            Err(errno) => return Err(ClusterError::io("postmaster.pid".as_ref())(errno.into())),
        }
        timeout(STOPPED_WITHIN, self.exited()).await.map_err(|_| ClusterError::StillStopping {
            pid: pid.as_raw_pid(),
            seconds: STOPPED_WITHIN.as_secs(),
        })
    }
}

/// Restarts the server whenever it dies, until told to stop it.
pub(super) async fn supervise(
    server: Server,
    mut postmaster: Postmaster,
    stop: CancellationToken,
) -> Result<(), ClusterError> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return postmaster.stop().await,
            () = postmaster.exited() => tracing::warn!("the database server died; bringing it back"),
        }
        // Not cancellable: a server dropped while starting would keep running.
        postmaster = loop {
            match server.ensure_running().await {
                Ok(postmaster) => break postmaster,
                Err(error) => tracing::error!(%error, "the database server does not come back; trying again"),
            }
            if stop.run_until_cancelled(sleep(BACKOFF)).await.is_none() {
                return Ok(());
            }
        };
        tracing::info!("the database server is back");
    }
}

/// A zombie has ended even if it is not reaped (in containers it often never is).
fn runs(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()))
        .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X'])))
}

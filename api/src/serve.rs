//! Assembles the parts: pools by role, writer, projections, processes, HTTP; and stops them in the opposite order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::HeaderValue;
use chrono::TimeDelta;
use parking_commands::accounts::{Accounts, Settings};
use parking_commands::ingest::Ingest;
use parking_commands::platform::{self, Platform};
use parking_commands::snapshots::{MissingSnapshots, Snapshots};
use parking_commands::store::LogStore;
use parking_commands::writer::{Tell, Writer};
use parking_database::{Database, Role};
use parking_edge::Certificate;
use parking_processes::arrivals::Arrivals;
use parking_processes::due::Dues;
use parking_processes::jobs::{Jobs, Work};
use parking_processes::leader::lead;
use parking_processes::scheduler::Scheduler;
use parking_projections::engine::follower::{self, Follower};
use parking_projections::engine::progress::{Progress, Progresses};
use parking_projections::engine::projection::Projection;
use parking_projections::engine::reader::Reader;
use parking_projections::engine::recent::Recent;
use parking_projections::engine::runner::Runner;
use parking_projections::engine::wake;
use parking_projections::list::{self, Visitor};
use parking_projections::occupancy::changes;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::CommandError;
use crate::environment::{Clock, SystemClock, SystemIds, SystemRandomness};
use crate::http;
use crate::http::kit::admission::Admission;
use crate::http::kit::app::App;
use crate::http::kit::attempts::Attempts;
use crate::http::kit::budget::Budget;
use crate::http::kit::commit_probe::CommitProbe;
use crate::http::kit::credential::{Credential, Scraper};
use crate::http::kit::edge::Edge;
use crate::http::kit::probe::Probe;
use crate::http::kit::turned_away::TurnedAway;
use crate::http::kit::unread;
use crate::listen::{self, AnswerUnread, Limits};
use crate::metrics::Metrics;
use crate::sweeping;
use crate::thread::Thread;

/// Connections for requests that only read, for each role that answers them.
const READERS: u32 = 8;

/// Connections for what commands read, and for jobs and snapshots.
const WRITERS: u32 = 16;

/// Connections for logins, sessions and their look-up.
const IDENTITY: u32 = 8;

/// How long projections may take to catch up at the end.
const CATCH_UP: Duration = Duration::from_secs(5);

/// The statement time-out of requests that only read.
const READ_WITHIN: &str = "5s";

/// The time limit for saving snapshots.
const SAVE_SNAPSHOTS: Duration = Duration::from_secs(10);

/// How long a request waits for a connection of a pool.
const POOL_PATIENCE: Duration = Duration::from_secs(2);

/// The operator's limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How long projections collect events under load.
    pub(crate) linger: Duration,
    /// Retention of device reports in read models.
    pub(crate) keep_readings: TimeDelta,
    /// The memory for streams, in bytes.
    pub(crate) stream_memory: usize,
}

/// Who may do what without a login.
pub(crate) struct Guard {
    pub(crate) credential: Credential,
    pub(crate) admission: Admission,
    pub(crate) scraper: Scraper,
    pub(crate) edge: Edge,
    pub(crate) takes_registrations: bool,
}

/// A running platform without HTTP: it executes commands and shows what is appended.
pub(crate) struct Server {
    app: Arc<App>,
    writing: JoinHandle<()>,
    snapshotting: JoinHandle<()>,
    snapshots_done: CancellationToken,
    tasks: TaskTracker,
    requests_done: CancellationToken,
    appends_done: CancellationToken,
    processes: TaskTracker,
    processes_done: CancellationToken,
    _threads: Threads,
}

/// Threads apart from the requests: a batch must not wait for a processor behind requests, nor requests or another
/// projection behind one that folds a thousand events.
struct Threads {
    writer: Thread,
    projections: Vec<Thread>,
}

impl Server {
    /// Starts writer, projections and processes, and creates the defaults of every installation.
    pub(crate) async fn start(
        database: &Database,
        guard: Guard,
        bounds: Bounds,
    ) -> Result<Self, CommandError> {
        let Bounds { linger, keep_readings, stream_memory } = bounds;
        let Guard { credential, admission, scraper, edge, takes_registrations } = guard;
        let (requests_done, appends_done, tasks) =
            (CancellationToken::new(), CancellationToken::new(), TaskTracker::new());
        let snapshots_done = CancellationToken::new();
        let mut threads = Threads { writer: Thread::start("writer")?, projections: Vec::new() };
        let recent = Recent::default();
        let (writer, writing) = {
            let _on_its_thread = threads.writer.handle().enter();
            let window = recent.clone();
            let tell: Tell = Box::new(move |appended| window.offer(appended));
            Writer::start_telling(database.as_role(Role::Writer), Some(tell), requests_done.clone())
        };
        // One pool for streams, personal keys, jobs and snapshots.
        let writers = pool_of(database.as_role(Role::Writer), WRITERS);
        let (snapshots, snapshotting) = Snapshots::start(writers.clone(), snapshots_done.clone());

        let (signal, woken) = watch::channel(());
        let projector = database.as_role(Role::Projector);
        tasks.spawn(wake::listen(projector.clone(), writer.head(), signal, appends_done.clone()));
        let mut start = StartRunner {
            projector: projector.clone(),
            woken,
            recent,
            linger,
            tasks: tasks.clone(),
            threads: &mut threads.projections,
            stop: appends_done.clone(),
        };
        let progress: Progresses = list::each(&mut start).into_iter().collect::<io::Result<_>>()?;

        let store = LogStore::new(writers.clone(), writer.clone(), snapshots, Arc::new(SystemIds))
            .with_memory(stream_memory);
        let missing = MissingSnapshots::new(&store, platform::kinds());
        tasks.spawn(missing.run(requests_done.clone()));
        let platform = Platform::start(store.clone(), writers.clone(), Arc::new(SystemRandomness)).await?;
        let log_id = platform.make_defaults(SystemClock.now()).await?.to_string();
        let (platform, metrics) = (Arc::new(platform), Arc::new(Metrics::new()));
        let identity = pool_of(database.as_role(Role::Identity), IDENTITY);
        let randomness = Arc::new(SystemRandomness);
        let attempts = Attempts::new(platform.sealer.derived_key("known devices"), randomness.clone());
        let (settings, now) = (Settings::default(), SystemClock.now());
        let accounts =
            Accounts::start(platform.clone(), identity, randomness, settings, now, requests_done.clone())
                .await?;
        tasks.spawn(sweeping::sweep(accounts.clone(), requests_done.clone()));

        let (processes, processes_done) = (TaskTracker::new(), CancellationToken::new());
        let dues = Dues::new(platform.clone(), progress.clone(), metrics.clone());
        let work = Work { projector: projector.clone(), dues: dues.clone(), keep_readings };
        let keeper = (database.as_role(Role::Writer), writers);
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(SystemIds));
        let jobs = Jobs::new(keeper, work, clock.clone(), ids, metrics.clone(), processes_done.clone());
        let (signal, changed) = watch::channel(());
        tasks.spawn(wake::listen_to(changes::CHANNEL, projector.clone(), signal, appends_done.clone()));
        let followers = Followers {
            projector: projector.clone(),
            changed,
            tasks: processes.clone(),
            stop: processes_done.clone(),
        };
        followers.start(Arrivals::new(dues.clone(), clock.clone()));
        let (scheduler, _) = Scheduler::new(dues, clock);
        processes.spawn(lead(projector, scheduler.with(jobs.clone()), processes_done.clone()));
        let app = Arc::new(App {
            ingest: Ingest::new(store),
            platform,
            accounts,
            jobs,
            auditor: answering(database, Role::Auditor),
            metrics,
            answers: Budget::default(),
            reader: Reader::new(answering(database, Role::Reader)),
            probe: Probe::of(database),
            commits: CommitProbe::of(database),
            progress,
            writer,
            credential,
            admission,
            edge,
            attempts,
            takes_registrations,
            scraper,
            turned_away: TurnedAway::default(),
            log_id: HeaderValue::from_str(&log_id)?,
            clock: Arc::new(SystemClock),
            ids: Box::new(SystemIds),
        });
        Ok(Self {
            app,
            writing,
            snapshotting,
            snapshots_done,
            tasks,
            requests_done,
            appends_done,
            processes,
            processes_done,
            _threads: threads,
        })
    }

    /// The HTTP routes.
    pub(crate) fn router(&self) -> Router {
        http::router(self.app.clone())
    }

    /// The users and their sessions.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.app.accounts
    }

    /// Serves until `stop`, or until the writer dies. Then the requests end, the processes stop, the writer answers
    /// what waits, the projections catch up, and everything else stops.
    pub(crate) async fn run(
        mut self,
        (listener, certificate): (TcpListener, Option<Arc<Certificate>>),
        limits: Limits,
        stop: CancellationToken,
    ) -> Result<(), CommandError> {
        let router = self.router();
        let app = self.app.clone();
        let unread: AnswerUnread = Arc::new(move |status| unread::answer(&app, status));
        if let Some(certificate) = certificate.clone() {
            let done = self.appends_done.clone();
            self.tasks.spawn(async move { done.run_until_cancelled(certificate.watch()).await });
        }
        let door = (listener, certificate);
        let serving = listen::serve(door, (router, unread), limits, self.app.metrics.connections(), stop);
        let result = tokio::select! {
            () = serving => Ok(()),
            // Without a writer the process cannot serve; it must be restarted.
            died = &mut self.writing => Err(format!("the writer has died: {died:?}").into()),
        };
        self.processes_done.cancel();
        self.processes.close();
        self.processes.wait().await;
        self.app.jobs.ended().await;
        self.requests_done.cancel();
        if !self.writing.is_finished() {
            (&mut self.writing).await?;
        }
        if timeout(SAVE_SNAPSHOTS, self.save_snapshots()).await.is_err() {
            info!("there was no time for all snapshots: some streams load slower next time");
        }
        let head = *self.app.writer.head().borrow();
        if self.app.progress.wait_for_all(head, CATCH_UP).await.is_err() {
            info!("the projections are behind: they go on from there next time");
        }
        self.appends_done.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        info!("stopped");
        result
    }

    /// Saves the states of streams that are ahead of their snapshots, and the waiting snapshots.
    async fn save_snapshots(&mut self) {
        match self.app.platform.store.save_snapshots().await {
            Ok(streams) => info!(streams, "snapshots are saved"),
            Err(error) => warn!(%error, "snapshots could not be saved: streams load slower next time"),
        }
        self.snapshots_done.cancel();
        if let Err(error) = (&mut self.snapshotting).await {
            warn!(%error, "the writing of snapshots has died");
        }
    }
}

/// Starts followers of `changes`.
struct Followers {
    projector: PgConnectOptions,
    changed: watch::Receiver<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Followers {
    fn start(&self, follower: impl Follower + 'static) {
        let Self { projector, changed, tasks, stop } = self;
        tasks.spawn(follower::run(follower, projector.clone(), changed.clone(), stop.clone()));
    }
}

/// Starts the runners of projections, each on a thread of its own with the projection's name.
struct StartRunner<'a> {
    projector: PgConnectOptions,
    woken: watch::Receiver<()>,
    recent: Recent,
    linger: Duration,
    tasks: TaskTracker,
    threads: &'a mut Vec<Thread>,
    stop: CancellationToken,
}

impl Visitor for StartRunner<'_> {
    type Output = io::Result<(&'static str, Progress)>;

    fn visit<P: Projection>(&mut self) -> Self::Output {
        let (runner, progress) = Runner::<P>::new(self.projector.clone(), self.woken.clone());
        let runner = runner.reading(self.recent.clone()).lingering(self.linger);
        let thread = Thread::start(P::NAME)?;
        self.tasks.spawn_on(runner.run(self.stop.clone()), thread.handle());
        self.threads.push(thread);
        Ok((P::NAME, progress))
    }
}

/// Connections for requests that only read. The statement time-out is well below the request's limit, so that no
/// connection works for a request that has ended.
fn answering(database: &Database, role: Role) -> PgPool {
    pool_of(database.as_role(role).options([("statement_timeout", READ_WITHIN)]), READERS)
}

fn pool_of(options: PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(POOL_PATIENCE)
        .connect_lazy_with(options)
}

//! The application state of the handlers: they read and execute commands through it.

use std::fmt::Display;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use parking_commands::accounts::Accounts;
use parking_commands::bus::Bus;
use parking_commands::ids::Ids;
use parking_commands::ingest::Ingest;
use parking_commands::joint::MultiStreamCommand;
use parking_commands::platform::Platform;
use parking_commands::writer::Writer;
use parking_domain::aggregate::Decider;
use parking_domain::device::Device;
use parking_domain::site::Site;
use parking_domain::space::Space;
use parking_domain::tenant::Tenant;
use parking_processes::jobs::Jobs;
use parking_projections::engine::progress::{Progresses, Sources};
use parking_projections::engine::reader::{Reader, Reading};
use parking_projections::registry::Registry;
use sqlx::PgPool;

use crate::environment::Clock;
use crate::http::kit::admission::Admission;
use crate::http::kit::attempts::Attempts;
use crate::http::kit::budget::Budget;
use crate::http::kit::caller::Identity;
use crate::http::kit::commit_probe::CommitProbe;
use crate::http::kit::credential::{Credential, Scraper};
use crate::http::kit::edge::Edge;
use crate::http::kit::freshness::Freshness;
use crate::http::kit::probe::Probe;
use crate::http::kit::problem::Problem;
use crate::http::kit::progress;
use crate::http::kit::reply::Done;
use crate::http::kit::turned_away::TurnedAway;
use crate::metrics::Metrics;

/// How long the response to a command waits for the read models.
const SETTLE: Duration = Duration::from_secs(2);

/// How long it waits for read models that it does not show.
const MOMENT: Duration = Duration::from_millis(250);

/// The state of every router.
pub(crate) type AppState = Arc<App>;

/// The application that the handlers use.
pub(crate) struct App {
    pub(crate) ingest: Ingest,
    pub(crate) platform: Arc<Platform>,
    pub(crate) accounts: Accounts,
    pub(crate) jobs: Jobs,
    pub(crate) reader: Reader,
    pub(crate) probe: Probe,
    pub(crate) commits: CommitProbe,
    pub(crate) progress: Progresses,
    pub(crate) writer: Writer,
    pub(crate) auditor: PgPool,
    pub(crate) metrics: Arc<Metrics>,
    /// The budget of unsent answers.
    pub(crate) answers: Budget,
    pub(crate) credential: Credential,
    /// Whom the server serves without a login.
    pub(crate) admission: Admission,
    pub(crate) edge: Edge,
    pub(crate) attempts: Attempts,
    /// Whether everyone may register a tenant.
    pub(crate) takes_registrations: bool,
    /// Who reads the metrics without a login.
    pub(crate) scraper: Scraper,
    pub(crate) turned_away: TurnedAway,
    /// The log's id: responses send it along with a position.
    pub(crate) log_id: HeaderValue,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Box<dyn Ids>,
}

/// An aggregate that handlers execute commands on.
pub(crate) trait OnBus: Decider {
    /// The aggregate's bus.
    fn bus(platform: &Platform) -> &Bus<Self>;
}

impl OnBus for Device {
    fn bus(platform: &Platform) -> &Bus<Self> {
        &platform.devices
    }
}

impl OnBus for Site {
    fn bus(platform: &Platform) -> &Bus<Self> {
        &platform.sites
    }
}

impl OnBus for Space {
    fn bus(platform: &Platform) -> &Bus<Self> {
        &platform.spaces
    }
}

impl OnBus for Tenant {
    fn bus(platform: &Platform) -> &Bus<Self> {
        &platform.tenants
    }
}

impl App {
    /// Opens a reading of the caller's tenant once the projections `S`, whose rows it shows, are as fresh as the caller
    /// asked.
    pub(crate) async fn read<S: Sources>(
        &self,
        caller: &Identity,
        freshness: Freshness,
    ) -> Result<Reading, Problem> {
        self.wait_until::<S>(freshness).await?;
        self.read_now::<S>(caller).await
    }

    /// Waits until the projections are as fresh as the caller asked.
    pub(crate) async fn wait_until<S: Sources>(&self, freshness: Freshness) -> Result<(), Problem> {
        match freshness.min_position {
            Some(position) => progress::wait_for_requested::<S>(self, position).await,
            None => Ok(()),
        }
    }

    /// Opens a reading of the caller's tenant without waiting for a projection.
    pub(crate) async fn read_now<S: Sources>(&self, caller: &Identity) -> Result<Reading, Problem> {
        Ok(self.reader.showing::<S>(caller.tenant_id).await?)
    }

    /// Executes a command on one aggregate.
    pub(crate) async fn execute<A: OnBus>(
        &self,
        caller: &Identity,
        id: impl Display + Send,
        command: &A::Command,
    ) -> Result<Done<A>, Problem>
    where
        Problem: From<A::Error>,
    {
        self.execute_all(caller, id, slice::from_ref(command)).await
    }

    /// Executes several commands on one aggregate as one: their events are appended together, or one refusal refuses all.
    pub(crate) async fn execute_all<A: OnBus>(
        &self,
        caller: &Identity,
        id: impl Display + Send,
        commands: &[A::Command],
    ) -> Result<Done<A>, Problem>
    where
        Problem: From<A::Error>,
    {
        let bus = A::bus(&self.platform);
        Ok(bus.execute_all(&id.to_string(), commands, &caller.context()).await?.into())
    }

    /// Executes a command on several streams, atomically.
    pub(crate) async fn execute_jointly<J: MultiStreamCommand>(
        &self,
        caller: &Identity,
        command: &J,
    ) -> Result<Done<J::Lead>, Problem>
    where
        Problem: From<J::Error>,
    {
        Ok(self.platform.store.execute(command, &caller.context()).await?.into())
    }

    /// Lets projections catch up with a command before the response is read from their rows, and gives the others a moment,
    /// so that the client's next read shows the command too. Best effort: the command has already succeeded.
    pub(crate) async fn settle<S: Sources>(&self, position: i64) {
        if self.progress.wait_for::<S>(position, SETTLE).await.is_ok() {
            self.progress.wait_for_near(position, MOMENT).await;
        }
    }

    /// The last position that this server knows may be acknowledged: the position of a command that appends nothing.
    pub(crate) fn head(&self) -> i64 {
        *self.writer.head().borrow()
    }

    /// Waits until `registry` reflects all events that this server has appended, for resources that may have been created
    /// a moment ago. Refused if it does not: a resource that is not found then may exist.
    pub(crate) async fn catch_up(&self) -> Result<(), Problem> {
        progress::wait_for::<Registry>(&self.progress, self.head()).await
    }
}

//! The write side of the platform: a bus for each aggregate type, the log for commands over several streams, and the
//! sealer.

use std::sync::Arc;

use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::device::Device;
use parking_domain::display::Display;
use parking_domain::gateway::Gateway;
use parking_domain::id::{LogId, SiteId, TenantId};
use parking_domain::instant::Instant;
use parking_domain::log::{Log, LogRefusal};
use parking_domain::site::{Definition, NewSite, Site, SiteCommand, SiteRefusal};
use parking_domain::space::Space;
use parking_domain::tenant::{NewTenant, Tenant, TenantCommand, TenantRefusal};
use parking_domain::uplinks::Uplinks;
use parking_domain::user::User;
use sqlx::PgPool;

use crate::append::AppendError;
use crate::bus::{Bus, ExecuteError};
use crate::identity;
use crate::personal::{PersonalDataError, Sealer};
use crate::randomness::Randomness;
use crate::snapshots::Kind;
use crate::store::{CommandContext, LoadError, LogStore};

/// Executes all commands.
pub struct Platform {
    /// Spaces, with their reservations and overrides.
    pub spaces: Bus<Space>,
    /// Devices.
    pub devices: Bus<Device>,
    /// Sites.
    pub sites: Bus<Site>,
    /// Tenants.
    pub tenants: Bus<Tenant>,
    /// Users.
    pub users: Bus<User>,
    /// The log's own stream.
    pub log: Bus<Log>,
    /// The log, for commands over several streams.
    pub store: LogStore,
    /// Seals personal data.
    pub sealer: Sealer,
}

/// All stream types, for which missing snapshots are created.
pub fn kinds() -> Vec<Kind> {
    vec![
        Kind::of::<Uplinks>(),
        Kind::of::<Device>(),
        Kind::of::<Display>(),
        Kind::of::<Space>(),
        Kind::of::<Site>(),
        Kind::of::<Gateway>(),
        Kind::of::<Tenant>(),
        Kind::of::<User>(),
        Kind::of::<Log>(),
    ]
}

/// Why the platform cannot accept commands.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The keys cannot be reached.
    #[error(transparent)]
    PersonalData(#[from] PersonalDataError),
    /// The log does not begin with its identity, or it cannot be written.
    #[error("the log cannot be started: {0}")]
    Log(#[from] ExecuteError<LogRefusal>),
    /// The default tenant cannot be created.
    #[error("the default tenant cannot be created: {0}")]
    Tenant(#[from] ExecuteError<TenantRefusal>),
    /// The default site cannot be created.
    #[error("the default site cannot be created: {0}")]
    Site(#[from] ExecuteError<SiteRefusal>),
}

impl Platform {
    /// The write side over a store, with keys stored through `pool` (role writer).
    pub async fn start(
        store: LogStore,
        pool: PgPool,
        randomness: Arc<dyn Randomness>,
    ) -> Result<Self, StartError> {
        Ok(Self {
            spaces: Bus::new(store.clone()),
            devices: Bus::new(store.clone()),
            sites: Bus::new(store.clone()),
            tenants: Bus::new(store.clone()),
            users: Bus::new(store.clone()),
            log: Bus::new(store.clone()),
            sealer: Sealer::load(pool, randomness).await?,
            store,
        })
    }

    /// Creates what every installation starts with, if missing: the log's identity, a tenant and a site. Returns the
    /// log's id.
    pub async fn make_defaults(&self, at: Instant) -> Result<LogId, StartError> {
        let log_id = identity::start(&self.log, at).await?;
        let asked = Asked { tenant_id: TenantId::DEFAULT, by: Actor::System, at };
        let tenant =
            NewTenant { name: "Default".to_owned(), slug: "default".to_owned(), ..NewTenant::default() };
        let create = TenantCommand::CreateTenant { tenant: Box::new(tenant), asked };
        let created =
            self.tenants.execute(&TenantId::DEFAULT.to_string(), &create, &default_tenant_context()).await;
        if let Err(error) = created
            && !already_exists(&error, &TenantRefusal::TenantAlreadyExists)
        {
            return Err(error.into());
        }
        let site = NewSite {
            name: "Default".to_owned(),
            slug: "default".to_owned(),
            definition: Definition::in_zone("UTC"),
        };
        let create = SiteCommand::CreateSite { site: Box::new(site), asked };
        let created =
            self.sites.execute(&SiteId::DEFAULT.to_string(), &create, &default_tenant_context()).await;
        match created {
            Err(error) if !already_exists(&error, &SiteRefusal::SiteAlreadyExists) => Err(error.into()),
            _ => Ok(log_id),
        }
    }
}

fn default_tenant_context() -> CommandContext {
    CommandContext { tenant_id: Some(TenantId::DEFAULT.uuid()), ..CommandContext::default() }
}

/// True if it was created before, or if another tenant or site has taken its slug since.
fn already_exists<E: PartialEq>(error: &ExecuteError<E>, refusal: &E) -> bool {
    match error {
        ExecuteError::Refused { refusal: found, .. } => found == refusal,
        ExecuteError::Append(AppendError::ClaimHeld { .. }) => true,
        ExecuteError::Append(_) | ExecuteError::Load(LoadError::Database(_) | _) => false,
    }
}

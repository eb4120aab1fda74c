//! Who asks: until there are logins, the owner of the default tenant, on this machine only.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parking_commands::append::RequestKey;
use parking_commands::metadata::Metadata;
use parking_commands::store::Circumstances;
use parking_domain::actor::Actor;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::space::Asked;
use parking_projections::reader::Reading;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::http::App;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::Queried;
use crate::http::kit::request::RequestId;

/// The default tenant's owner.
const OWNER: Uuid = Uuid::from_u128(1);

/// Who asks, for which tenant, when, and in which request. Whoever wants to see what was done up to a position has waited
/// for it when a handler begins.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tenant_id: TenantId,
    pub(crate) actor: Actor,
    pub(crate) at: Instant,
    /// The key under which a command is asked once, whatever happens to its answer.
    pub(crate) request: Option<RequestKey>,
    request_id: Option<Arc<str>>,
}

/// How fresh what is read has to be.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Freshness {
    /// Waits, for two seconds at most, until the answer shows what was done up to this position (`X-Position` of a
    /// command's answer).
    #[param(minimum = 0)]
    pub(crate) min_position: Option<i64>,
}

impl Caller {
    /// For commands to a space, and those that concern one.
    pub(crate) fn asked(&self) -> Asked {
        Asked { tenant_id: self.tenant_id, by: self.actor, at: self.at }
    }

    /// What goes into the events' envelopes.
    pub(crate) fn circumstances(&self) -> Circumstances {
        let request_id = self.request_id.as_ref().map(ToString::to_string);
        let metadata = Metadata {
            actor: Some(self.actor.to_string()),
            correlation_id: request_id.clone(),
            request_id,
            ..Metadata::default()
        };
        let tenant_id = Some(self.tenant_id.uuid());
        Circumstances { tenant_id, metadata, request: self.request.clone(), body: None }
    }

    /// The id of something new. Of a command that is asked again under its key, the one it had before.
    pub(crate) fn new_id(&self, app: &App) -> Uuid {
        let again = |request: &RequestKey| {
            let name = format!("id of {} {}", request.tenant_id, request.key);
            app.platform.sealer.fingerprint(name.as_bytes())
        };
        self.request.as_ref().map_or_else(|| app.ids.next(), again)
    }

    /// A connection behind the tenant's wall.
    pub(crate) async fn read(&self, app: &App) -> Result<Reading, Problem> {
        Ok(app.reader.of(self.tenant_id).await?)
    }

    /// Lets the read models catch up with a command before its answer is read from them. Best effort: the command is done.
    pub(crate) async fn settle(&self, app: &App, position: Option<i64>) {
        if let Some(position) = position {
            app.progress.reach(position, SETTLE).await;
        }
    }

    /// Lets the read models catch up with everything that this server has recorded: for what may have been made a moment
    /// ago.
    pub(crate) async fn catch_up(&self, app: &App) {
        let head = *app.writer.head().borrow();
        self.settle(app, Some(head)).await;
    }
}

/// How long the answer to a command waits for the read models.
const SETTLE: Duration = Duration::from_secs(2);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Queried(freshness) = Queried::<Freshness>::of(&parts.uri)?;
        if let Some(position) = freshness.min_position {
            app.progress.wait_for(app, position).await?;
        }
        Ok(Self {
            tenant_id: TenantId::DEFAULT,
            actor: Actor::User(OWNER.into()),
            at: app.clock.now(),
            request: None,
            request_id: parts.extensions.get::<RequestId>().map(|request| request.id.clone()),
        })
    }
}

//! Who asks: until there are logins, the owner of the default tenant, on this machine only.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use parking_commands::metadata::Metadata;
use parking_commands::store::Circumstances;
use parking_domain::actor::Actor;
use parking_domain::id::TenantId;
use parking_domain::space::Asked;
use parking_projections::reader::Reading;
use uuid::Uuid;

use crate::http::App;
use crate::http::problem::Problem;
use crate::http::request::RequestId;

/// The default tenant's owner.
const OWNER: Uuid = Uuid::from_u128(1);

/// Who asks, for which tenant, when, and in which request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) tenant_id: TenantId,
    pub(crate) actor: Actor,
    pub(crate) at: DateTime<Utc>,
    request_id: Option<Arc<str>>,
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
        Circumstances { tenant_id: Some(self.tenant_id.uuid()), metadata, ..Circumstances::default() }
    }

    /// A connection behind the tenant's wall.
    pub(crate) async fn read(&self, app: &App) -> Result<Reading, Problem> {
        Ok(app.reader.of(self.tenant_id).await?)
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        Ok(Self {
            tenant_id: TenantId::DEFAULT,
            actor: Actor::User(OWNER.into()),
            at: app.clock.now(),
            request_id: parts.extensions.get::<RequestId>().map(|RequestId(id)| id.clone()),
        })
    }
}

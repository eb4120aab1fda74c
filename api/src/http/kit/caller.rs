//! Who calls, and that they may: until there are logins, the owner of the default tenant, on this machine only.

use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parking_commands::append::RequestKey;
use parking_commands::metadata::Metadata;
use parking_commands::store::Circumstances;
use parking_domain::actor::Actor;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;
use parking_domain::space::Asked;
use uuid::Uuid;

use crate::http::kit::app::{App, AppState};
use crate::http::kit::permission::Permission;
use crate::http::kit::problem::Problem;
use crate::http::kit::request::RequestId;

/// The default tenant's owner.
const OWNER: Uuid = Uuid::from_u128(1);

/// Somebody who has the permission `P`. Nothing can be read or commanded without one.
#[derive(Clone, Debug)]
pub(crate) struct Caller<P> {
    identity: Identity,
    permission: PhantomData<P>,
}

/// Who calls, for which tenant, when, and in which request.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) tenant_id: TenantId,
    pub(crate) actor: Actor,
    pub(crate) at: Instant,
    /// The `Idempotency-Key` with the content that it stands for.
    pub(crate) idempotency: Option<RequestKey>,
    /// The `X-Request-Id`, given or made.
    trace_id: Option<Arc<str>>,
}

impl Identity {
    /// The tenant, actor and time of a command.
    pub(crate) fn asked(&self) -> Asked {
        Asked { tenant_id: self.tenant_id, by: self.actor, at: self.at }
    }

    /// What goes into the events' envelopes.
    pub(crate) fn circumstances(&self) -> Circumstances {
        let trace_id = self.trace_id.as_ref().map(ToString::to_string);
        let metadata = Metadata {
            actor: Some(self.actor.to_string()),
            correlation_id: trace_id.clone(),
            request_id: trace_id,
            ..Metadata::default()
        };
        let tenant_id = Some(self.tenant_id.uuid());
        Circumstances { tenant_id, metadata, request: self.idempotency.clone(), body: None }
    }

    /// The id of something new. A command that is sent again under its key gets the id that it had before.
    pub(crate) fn new_id(&self, app: &App) -> Uuid {
        let again = |request: &RequestKey| {
            let name = format!("id of {} {}", request.tenant_id, request.key);
            app.platform.sealer.fingerprint(name.as_bytes())
        };
        self.idempotency.as_ref().map_or_else(|| app.ids.next(), again)
    }
}

impl<P> Caller<P> {
    /// The same caller, with the key under which the command is done once.
    pub(crate) fn with_idempotency(mut self, key: Option<RequestKey>) -> Self {
        self.identity.idempotency = key;
        self
    }
}

impl<P> Deref for Caller<P> {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

impl<P: Permission> FromRequestParts<AppState> for Caller<P> {
    type Rejection = Problem;

    /// On loopback everybody has every permission.
    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let identity = Identity {
            tenant_id: TenantId::DEFAULT,
            actor: Actor::User(OWNER.into()),
            at: app.clock.now(),
            idempotency: None,
            trace_id: parts.extensions.get::<RequestId>().map(|request| request.id.clone()),
        };
        Ok(Self { identity, permission: PhantomData })
    }
}

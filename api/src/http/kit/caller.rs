//! The caller and the caller's permissions. Until there are logins, every caller is the owner of the default tenant, on
//! loopback only.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parking_commands::append::RequestKey;
use parking_commands::metadata::Metadata;
use parking_commands::store::CommandContext;
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use uuid::Uuid;

use crate::environment::Clock;
use crate::http::kit::app::{App, AppState};
use crate::http::kit::permission::Permission;
use crate::http::kit::problem::Problem;
use crate::http::kit::request::RequestId;
use crate::http::kit::time::{Present, Time};

/// The default tenant's owner.
const OWNER: Uuid = Uuid::from_u128(1);

/// The requests of the default tenant in a minute: as many as it likes.
const NO_LIMIT: Option<u32> = None;

/// A caller with the permission `P`. Every read and every command needs one. `T` is the time that the operation concerns: a
/// caller that asks another operation about a past moment is refused.
#[derive(Clone, Debug)]
pub(crate) struct Caller<P, T = Present> {
    identity: Identity,
    permission: PhantomData<P>,
    /// The time that the request asks for.
    pub(crate) time: T,
}

/// The caller's tenant and actor, and the id of the request.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) tenant_id: TenantId,
    pub(crate) actor: Actor,
    clock: SharedClock,
    /// The `Idempotency-Key` with the fingerprint of the content.
    idempotency: Option<RequestKey>,
    /// The `X-Request-Id`, sent by the caller or generated.
    trace_id: Option<Arc<str>>,
}

/// The clock of the application.
#[derive(Clone)]
struct SharedClock(Arc<dyn Clock>);

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedClock(..)")
    }
}

impl Identity {
    /// The tenant, the actor and the time of a command, which is now: its body has arrived, and it is executed next. What was
    /// in time when the head of the request arrived may be late by now.
    pub(crate) fn asked(&self) -> Asked {
        Asked { tenant_id: self.tenant_id, by: self.actor, at: self.clock.0.now() }
    }

    /// The data for the envelopes of the command's events.
    pub(crate) fn context(&self) -> CommandContext {
        let trace_id = self.trace_id.as_ref().map(ToString::to_string);
        let metadata = Metadata {
            actor: Some(self.actor.to_string()),
            correlation_id: trace_id.clone(),
            request_id: trace_id,
            ..Metadata::default()
        };
        let tenant_id = Some(self.tenant_id.uuid());
        CommandContext { tenant_id, metadata, request: self.idempotency.clone(), body: None }
    }

    /// The id of a new resource. A repeated command with the same idempotency key gets the same id again.
    pub(crate) fn new_id(&self, app: &App) -> Uuid {
        let derived = |request: &RequestKey| {
            let name = format!("id of {} {}", request.tenant_id, request.key);
            app.platform.sealer.fingerprint(name.as_bytes())
        };
        self.idempotency.as_ref().map_or_else(|| app.ids.next(), derived)
    }
}

impl<P> Caller<P> {
    /// The same caller, with the idempotency key of the command.
    pub(crate) fn with_idempotency(mut self, key: Option<RequestKey>) -> Self {
        self.identity.idempotency = key;
        self
    }
}

impl<P, T> Deref for Caller<P, T> {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.identity
    }
}

impl<P: Permission, T: Time> FromRequestParts<AppState> for Caller<P, T> {
    type Rejection = Problem;

    /// On loopback every caller has every permission. Every operation passes here, so here the query as a whole is checked.
    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let time = T::of(&parts.uri)?;
        app.edge.charge_tenant(parts, TenantId::DEFAULT, NO_LIMIT, app.clock.now())?;
        let identity = Identity {
            tenant_id: TenantId::DEFAULT,
            actor: Actor::User(OWNER.into()),
            clock: SharedClock(app.clock.clone()),
            idempotency: None,
            trace_id: parts.extensions.get::<RequestId>().map(|request| request.id.clone()),
        };
        Ok(Self { identity, permission: PhantomData, time })
    }
}

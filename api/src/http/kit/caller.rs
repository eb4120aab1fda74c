//! The caller and the caller's permission.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parking_commands::accounts::{Call, Principal};
use parking_commands::append::RequestKey;
use parking_commands::metadata::Metadata;
use parking_commands::store::CommandContext;
use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use uuid::Uuid;

use crate::environment::Clock;
use crate::http::kit::app::{App, AppState};
use crate::http::kit::authentication::{self, not_logged_in};
use crate::http::kit::permission::Permission;
use crate::http::kit::problem::Problem;
use crate::http::kit::request::RequestId;
use crate::http::kit::time::{Present, Time};

/// The owner of the default tenant, which everyone is where no login is needed.
const OWNER: Uuid = Uuid::from_u128(1);

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
    /// Who has logged in; nobody where no login is needed.
    principal: Option<Arc<Principal>>,
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
    fn of(principal: Option<Arc<Principal>>, app: &App, parts: &Parts) -> Self {
        let (tenant_id, actor) = match &principal {
            Some(principal) => (principal.tenant.tenant_id, principal.actor()),
            None => (TenantId::DEFAULT, Actor::User(OWNER.into())),
        };
        let (clock, trace_id) = (SharedClock(app.clock.clone()), trace_id(parts));
        Self { tenant_id, actor, principal, clock, idempotency: None, trace_id }
    }

    /// The tenant, the actor and the time of a command, which is now: its body has arrived, and it is executed next. What was
    /// in time when the head of the request arrived may be late by now.
    pub(crate) fn asked(&self) -> Asked {
        Asked { tenant_id: self.tenant_id, by: self.actor, at: self.clock.0.now() }
    }

    /// The data for the envelopes of the command's events.
    pub(crate) fn context(&self) -> CommandContext {
        let trace_id = self.trace_id.as_ref().map(ToString::to_string);
        let mut metadata = Metadata {
            actor: Some(self.actor.to_string()),
            correlation_id: trace_id.clone(),
            request_id: trace_id,
            ..Metadata::default()
        };
        if let Some(principal) = &self.principal {
            principal.sign(&mut metadata);
        }
        let tenant_id = Some(self.tenant_id.uuid());
        CommandContext { tenant_id, metadata, request: self.idempotency.clone(), body: None }
    }

    /// Who has logged in. What concerns a user needs one, also where nothing else needs a login.
    pub(crate) fn principal(&self) -> Result<&Principal, Problem> {
        self.principal.as_deref().ok_or_else(not_logged_in)
    }

    /// The time of a call about accounts, which is now, and the request that it belongs to.
    pub(crate) fn call(&self) -> Call {
        call(&*self.clock.0, self.trace_id.as_deref())
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

/// A call about accounts, now, for the request with this id.
pub(crate) fn call(clock: &dyn Clock, trace_id: Option<&str>) -> Call {
    Call { at: clock.now(), request_id: trace_id.map(str::to_owned) }
}

/// The id of the request.
pub(crate) fn trace_id(parts: &Parts) -> Option<Arc<str>> {
    parts.extensions.get::<RequestId>().map(|request| request.id.clone())
}

impl<P> Caller<P> {
    /// The same caller, with the idempotency key of the command.
    pub(crate) fn with_idempotency(mut self, key: Option<RequestKey>) -> Self {
        self.identity.idempotency = key;
        self
    }
}

/// Who asks for what is for everyone, if it is somebody with the permission `P`.
pub(crate) struct Guest<P> {
    pub(crate) identity: Option<Identity>,
    permission: PhantomData<P>,
}

impl<P: Permission> FromRequestParts<AppState> for Guest<P> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Infallible> {
        let principal = authentication::guest(parts, app, P::NEEDS).await;
        let identity = principal.ok().map(|principal| Identity::of(principal, app, parts));
        Ok(Self { identity, permission: PhantomData })
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

    /// Every operation that needs a permission passes here, so here the query as a whole is checked too.
    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let principal = authentication::principal(parts, P::NEEDS)?;
        let time = T::of(&parts.uri)?;
        Ok(Self { identity: Identity::of(principal, app, parts), permission: PhantomData, time })
    }
}

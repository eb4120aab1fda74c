//! When a call is made, and for which request.

use parking_domain::actor::Actor;
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;

use super::principal::Principal;
use crate::metadata::Metadata;
use crate::store::CommandContext;

/// The time of a call and the request that it belongs to.
#[derive(Clone, Debug)]
pub struct Call {
    /// The time.
    pub at: Instant,
    /// The request's id, if it has one.
    pub request_id: Option<String>,
}

impl Call {
    /// A call without a request.
    pub fn at(at: Instant) -> Self {
        Self { at, request_id: None }
    }

    /// The sender, tenant and time of a command.
    pub(super) fn asked(&self, tenant_id: TenantId, by: Actor) -> Asked {
        Asked { tenant_id, by, at: self.at }
    }

    /// The context of a command by somebody without a session.
    pub(super) fn context(&self, tenant_id: Option<TenantId>, by: Actor) -> CommandContext {
        let metadata = Metadata {
            actor: Some(by.to_string()),
            correlation_id: self.request_id.clone(),
            request_id: self.request_id.clone(),
            ..Metadata::default()
        };
        CommandContext { tenant_id: tenant_id.map(TenantId::uuid), metadata, ..CommandContext::default() }
    }

    /// The context of a principal's command.
    pub(super) fn context_of(&self, principal: &Principal, tenant_id: Option<TenantId>) -> CommandContext {
        let mut context = self.context(tenant_id, principal.actor());
        principal.sign(&mut context.metadata);
        context
    }
}

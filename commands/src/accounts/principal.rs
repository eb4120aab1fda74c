//! The authenticated caller: user, session, tenant and role.

use std::sync::Arc;

use parking_domain::actor::Actor;
use parking_domain::id::{TenantId, UserId};
use parking_domain::tenant::{Authority, Definition, Role, Tenant, TenantType};
use uuid::Uuid;

use super::error::AccountError;
use crate::metadata::Metadata;

/// Who a caller is, and for which tenant the caller acts.
#[derive(Clone, Debug, PartialEq)]
pub struct Principal {
    /// The session.
    pub session_id: Uuid,
    /// The user.
    pub user_id: UserId,
    /// The tenant.
    pub tenant: Arc<TenantFacts>,
    /// The role in it. For a platform admin who acts for a tenant: owner.
    pub role: Role,
    /// Whether the session belongs to the platform's tenant, and the user is its admin or owner.
    pub is_platform_admin: bool,
    /// Whether the caller is a platform admin who named this tenant for one request.
    pub acting_for: bool,
    /// Whether the user may do nothing but choose another password.
    pub must_change_password: bool,
}

/// What a request needs to know of its tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantFacts {
    /// The id.
    pub tenant_id: TenantId,
    /// The slug.
    pub slug: String,
    /// The definition: name, type, tier, limits and features.
    pub definition: Definition,
}

impl TenantFacts {
    /// The facts of a tenant, while it exists.
    pub(super) fn of(tenant_id: TenantId, tenant: &Tenant) -> Option<Arc<Self>> {
        let (slug, definition) = (tenant.slug()?.to_owned(), tenant.definition()?.clone());
        Some(Arc::new(Self { tenant_id, slug, definition }))
    }
}

impl Principal {
    /// The actor of the principal's commands.
    pub fn actor(&self) -> Actor {
        Actor::User(self.user_id)
    }

    /// Adds the session, and the tenant that a platform admin acts for, to the metadata of events.
    pub fn sign(&self, metadata: &mut Metadata) {
        metadata.session_id = Some(self.session_id.to_string());
        metadata.acting_for = self.acting_for.then(|| self.tenant.tenant_id.to_string());
    }

    /// By what right the principal manages the members of its tenant. A tenant that runs the platform is managed by its own
    /// members only.
    pub(super) fn authority(&self) -> Result<Authority, AccountError> {
        match (self.acting_for, self.tenant.definition.tenant_type) {
            (false, _) => Ok(Authority::Member(self.user_id)),
            (true, TenantType::Platform) => Err(AccountError::NotPermitted),
            (true, TenantType::Customer | TenantType::Trial) => Ok(Authority::Platform),
        }
    }
}

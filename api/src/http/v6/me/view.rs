//! The views of a user and of a tenant's limits.

use chrono::{DateTime, Utc};
use parking_commands::accounts::{Membership, Principal, Profile, TenantFacts};
use parking_domain::id::{TenantId, UserId};
use parking_domain::tenant::Role;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::v6::shared::words;

/// The user who has logged in.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeView {
    user: OwnUser,
    current_tenant: TenantOfUser,
    #[schema(max_items = 100)]
    all_tenants: Vec<TenantOfUser>,
}

/// A user's own data.
#[derive(Serialize, ToSchema)]
struct OwnUser {
    #[schema(value_type = Uuid)]
    id: UserId,
    email: Option<String>,
    name: Option<String>,
    /// Always true: others cannot log in.
    is_active: bool,
    is_platform_admin: bool,
    created_at: DateTime<Utc>,
}

/// A tenant of the user.
#[derive(Serialize, ToSchema)]
struct TenantOfUser {
    #[schema(value_type = Uuid)]
    id: TenantId,
    name: String,
    slug: String,
    #[schema(value_type = words::Role)]
    role: Role,
    /// False for a suspended tenant.
    is_active: bool,
}

impl MeView {
    pub(super) fn of(principal: &Principal, profile: Profile) -> Self {
        let tenant = &principal.tenant;
        Self {
            user: OwnUser {
                id: profile.user_id,
                email: profile.email,
                name: profile.name,
                is_active: true,
                is_platform_admin: principal.is_platform_admin,
                created_at: profile.registered_at.utc(),
            },
            current_tenant: TenantOfUser {
                id: tenant.tenant_id,
                name: tenant.definition.name.clone(),
                slug: tenant.slug.clone(),
                role: principal.role,
                is_active: true,
            },
            all_tenants: profile.memberships.into_iter().map(TenantOfUser::from).collect(),
        }
    }
}

impl From<Membership> for TenantOfUser {
    fn from(membership: Membership) -> Self {
        let Membership { tenant_id, name, slug, role, is_suspended, .. } = membership;
        Self { id: tenant_id, name, slug, role, is_active: !is_suspended }
    }
}

/// The limits of a tenant, and what it uses of them.
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsView {
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    tenant_name: String,
    rate_limits: RateLimits,
    quotas: Quotas,
    usage: Usage,
}

/// Requests in a minute.
#[derive(Serialize, ToSchema)]
struct RateLimits {
    requests_per_minute: Option<u32>,
}

/// How many of each there may be.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the names that V6's clients read")]
struct Quotas {
    max_sites: Option<u32>,
    max_spaces: Option<u32>,
    max_devices: Option<u32>,
    max_gateways: Option<u32>,
    max_users: Option<u32>,
    max_concurrent_reservations: Option<u32>,
}

/// How many of each there are.
#[derive(Serialize, ToSchema)]
pub(crate) struct Usage {
    pub(super) spaces: i64,
    pub(super) sensor_devices: i64,
    pub(super) display_devices: i64,
    pub(super) total_devices: i64,
    pub(super) active_reservations: i64,
    pub(super) sites: i64,
}

impl LimitsView {
    pub(super) fn of(tenant: &TenantFacts, usage: Usage) -> Self {
        Self {
            tenant_id: tenant.tenant_id,
            tenant_name: tenant.definition.name.clone(),
            rate_limits: RateLimits { requests_per_minute: tenant.limit("api_rate_limit") },
            quotas: Quotas {
                max_sites: tenant.limit("max_sites"),
                max_spaces: tenant.limit("max_spaces"),
                max_devices: tenant.limit("max_devices"),
                max_gateways: tenant.limit("max_gateways"),
                max_users: tenant.limit("max_users"),
                max_concurrent_reservations: tenant.limit("max_concurrent_reservations"),
            },
            usage,
        }
    }
}

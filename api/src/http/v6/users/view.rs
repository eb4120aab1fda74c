//! A member as an admin of the tenant sees it.

use chrono::{DateTime, Utc};
use parking_commands::accounts::MemberProfile;
use parking_domain::id::{TenantId, UserId};
use parking_domain::tenant::Role;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::kit::page::Item;
use crate::http::v6::shared::words;

/// A member of the tenant.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    #[schema(value_type = Uuid)]
    id: UserId,
    email: Option<String>,
    name: Option<String>,
    /// Same as `name`.
    username: Option<String>,
    /// The role in the tenant.
    #[schema(value_type = words::Role)]
    role: Role,
    /// False for a member who is locked out of the tenant or of the platform.
    is_active: bool,
    /// Whether the user is locked out of the platform, in all tenants.
    is_locked_out: bool,
    created_at: DateTime<Utc>,
    /// The user's membership in this tenant; others are not shown.
    #[schema(max_items = 1)]
    memberships: Vec<MembershipOfUser>,
}

/// The membership of a user in the tenant.
#[derive(Serialize, ToSchema)]
struct MembershipOfUser {
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    #[schema(value_type = words::Role)]
    role: Role,
    is_active: bool,
}

impl Item for UserView {
    const PLURAL: &'static str = "users";
}

impl UserView {
    pub(super) fn of(member: MemberProfile, tenant_id: TenantId) -> Self {
        let MemberProfile { user_id, email, name, role, is_disabled, is_user_disabled, registered_at } =
            member;
        Self {
            id: user_id,
            email,
            username: name.clone(),
            name,
            role,
            is_active: !is_disabled && !is_user_disabled,
            is_locked_out: is_user_disabled,
            created_at: registered_at.utc(),
            memberships: vec![MembershipOfUser { tenant_id, role, is_active: !is_disabled }],
        }
    }
}

//! Why a tenant command is refused.

use super::members::MOST_MEMBERS;
use super::policies::MOST_POLICIES;
use super::role::Role;
use super::rules::{LONGEST_TRIAL_DAYS, MOST_ENTITLEMENTS};
use crate::limits::{LimitExceeded, SLUG};
use crate::naming::LONGEST_NAME;
use crate::policy::PolicyOutOfBounds;

/// A refusal of a tenant command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantRefusal {
    /// The id is or was used by a tenant.
    #[error("a tenant of this id exists or existed: create it under a new id")]
    TenantAlreadyExists,
    /// It was never created, or is archived.
    #[error("there is no such tenant: check its id")]
    TenantNotFound,
    /// The name is blank or too long.
    #[error(
        "a tenant's name is 1 to {LONGEST_NAME} characters, not blank, without control or invisible characters"
    )]
    TenantNameInvalid,
    /// The slug is invalid.
    #[error("a tenant's slug is 1 to {SLUG} of the characters a-z, 0-9 and -")]
    TenantSlugInvalid,
    /// The slug belongs to a tenant of every installation, or counts as absent in a request.
    #[error("the slugs platform, default, null and undefined are reserved: choose another one")]
    TenantSlugReserved,
    /// The platform's tenant must stay usable, because only it can undo this.
    #[error("the platform's own tenant is neither suspended nor archived: name another tenant")]
    TenantIsPlatform,
    /// There would be another tenant whose admins are platform admins, or none.
    #[error(
        "only the platform's own tenant has the type platform, and keeps it: name another tenant, or another type"
    )]
    TenantTypeFixed,
    /// The reason is missing.
    #[error("a suspension needs a reason: say why the tenant is locked out")]
    SuspensionWithoutReason,
    /// The trial's length is out of bounds.
    #[error("a trial is 1 to {LONGEST_TRIAL_DAYS} days")]
    TrialDaysInvalid,
    /// A feature's or limit's name is invalid, or there are too many.
    #[error(
        "features and limits are at most {MOST_ENTITLEMENTS} each, with names of 1 to 100 characters, without control or invisible characters"
    )]
    EntitlementsInvalid,
    /// A value exceeds its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The tenant has no such policy.
    #[error("the tenant has no such display policy: check its id")]
    DisplayPolicyNotFound,
    /// The id is used by another policy.
    #[error("a display policy of this id exists: create it under a new id")]
    DisplayPolicyAlreadyExists,
    /// The name is blank or too long.
    #[error(
        "a display policy's name is 1 to 100 characters, not blank, without control or invisible characters"
    )]
    DisplayPolicyNameInvalid,
    /// There are too many policies; they are kept permanently.
    #[error("a tenant has at most {MOST_POLICIES} display policies: change one of them instead")]
    TooManyDisplayPolicies,
    /// The user is a member with another role, or is locked out.
    #[error("the user is a member of the tenant with the role {role}: change the role, or enable the member")]
    UserAlreadyMember {
        /// The member's role.
        role: Role,
    },
    /// The user is not a member.
    #[error("the user is not a member of the tenant: add the user first")]
    UserNotMember,
    /// Members are managed by admins and owners, each up to their own role.
    #[error("this needs the role {needed} in the tenant: ask a member who has it")]
    RoleTooLow {
        /// The lowest role that may do it.
        needed: Role,
    },
    /// Without an owner nobody could manage the tenant.
    #[error("a tenant keeps an enabled owner: make another member an owner first")]
    LastOwner,
    /// The tenant has as many members as its limit allows.
    #[error("the tenant may have {limit} members: remove one, or raise the limit max_users")]
    MemberLimitReached {
        /// The limit.
        limit: u32,
    },
    /// The tenant has too many members; the state must stay bounded.
    #[error("a tenant has at most {MOST_MEMBERS} members: remove one first")]
    TooManyMembers,
    /// A policy value is out of bounds.
    #[error(transparent)]
    PolicyOutOfBounds(#[from] PolicyOutOfBounds),
}

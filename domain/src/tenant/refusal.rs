//! Why a tenant's command is refused.

use super::policies::MOST_POLICIES;
use super::rules::{LONGEST_TRIAL_DAYS, MOST_ENTITLEMENTS};
use crate::limits::{LimitExceeded, SLUG};
use crate::naming::LONGEST_NAME;
use crate::policy::PolicyOutOfBounds;

/// A refused fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TenantRefusal {
    /// The id names a tenant, or named one.
    #[error("a tenant of this id exists or existed: create it under a new id")]
    TenantAlreadyExists,
    /// It was never created, or it is archived.
    #[error("there is no such tenant: check its id")]
    TenantNotFound,
    /// It says nothing or too much.
    #[error("a tenant's name is 1 to {LONGEST_NAME} characters and not blank")]
    TenantNameInvalid,
    /// It would not do in an address.
    #[error("a tenant's slug is 1 to {SLUG} of the characters a-z, 0-9 and -")]
    TenantSlugInvalid,
    /// Nobody would be left to undo it.
    #[error("the platform's own tenant is neither suspended nor archived: name another tenant")]
    TenantIsPlatform,
    /// Its owners and admins would become platform admins, or cease to be.
    #[error("the type platform is neither given nor taken away by an update: create another tenant instead")]
    TenantTypeFixed,
    /// Nobody could tell later why.
    #[error("a suspension needs a reason: say why the tenant is locked out")]
    SuspensionWithoutReason,
    /// It never begins, or it never ends.
    #[error("a trial is 1 to {LONGEST_TRIAL_DAYS} days")]
    TrialDaysInvalid,
    /// Names of features or limits are wrong, or they are too many.
    #[error("features and limits are at most {MOST_ENTITLEMENTS} each, with names of 1 to 100 characters")]
    EntitlementsInvalid,
    /// A text is too long to be kept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The tenant has no such policy.
    #[error("the tenant has no such display policy: check its id")]
    DisplayPolicyNotFound,
    /// The id names another policy.
    #[error("a display policy of this id exists: create it under a new id")]
    DisplayPolicyAlreadyExists,
    /// It says nothing or too much.
    #[error("a display policy's name is 1 to 100 characters and not blank")]
    DisplayPolicyNameInvalid,
    /// They are kept for ever.
    #[error("a tenant has at most {MOST_POLICIES} display policies: change one of them instead")]
    TooManyDisplayPolicies,
    /// A number of a policy is out of its bounds.
    #[error(transparent)]
    PolicyOutOfBounds(#[from] PolicyOutOfBounds),
}

//! Why a user command is refused.

use super::role::Role;
use super::rules::MOST_MEMBERSHIPS;
use crate::limits::LimitExceeded;

/// A refusal of a user command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// The id is or was used by a user.
    #[error("a user of this id exists or existed: register under a new id")]
    UserAlreadyExists,
    /// Never registered, or archived.
    #[error("there is no such user: check the id")]
    UserNotFound,
    /// Without the hash, the e-mail's uniqueness cannot be checked.
    #[error("an e-mail needs its keyed hash: seal it as a field that is compared")]
    EmailWithoutHash,
    /// A value exceeds its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The user is a member of the tenant with another role.
    #[error("the user is a member with another role ({role}): change the role instead")]
    UserAlreadyMember {
        /// The member's role.
        role: Role,
    },
    /// The user is not a member of the tenant.
    #[error("the user is not a member of the tenant: grant a membership first")]
    UserNotMember,
    /// The user has too many memberships; the state must stay bounded.
    #[error("a user belongs to at most {MOST_MEMBERSHIPS} tenants: revoke a membership first")]
    TooManyMemberships,
}

//! Why a user's command is refused.

use super::role::Role;
use super::rules::MOST_MEMBERSHIPS;
use crate::limits::LimitExceeded;

/// A refused fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// The id names a user, or named one.
    #[error("a user of this id exists or existed: register under a new id")]
    UserAlreadyExists,
    /// Never registered, or archived.
    #[error("there is no such user: check the id")]
    UserNotFound,
    /// Without it nobody could tell whether another user has the e-mail.
    #[error("an e-mail needs its keyed hash: seal it as a field that is compared")]
    EmailWithoutHash,
    /// A text is too long to be kept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The user belongs to the tenant with another role.
    #[error("the user is a member with another role ({role}): change the role instead")]
    UserAlreadyMember {
        /// The role the member has.
        role: Role,
    },
    /// The user does not belong to the tenant.
    #[error("the user is not a member of the tenant: grant a membership first")]
    UserNotMember,
    /// The state would grow without bound.
    #[error("a user belongs to at most {MOST_MEMBERSHIPS} tenants: revoke a membership first")]
    TooManyMemberships,
}

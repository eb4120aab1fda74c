//! Why a user command is refused.

use super::rules::MOST_MEMBERSHIPS;

/// A refusal of a user command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserRefusal {
    /// The id is or was used by a user.
    #[error("a user of this id exists or existed: register under a new id")]
    UserAlreadyExists,
    /// Never registered, or archived.
    #[error("there is no such user: check the id")]
    UserNotFound,
    /// The user has too many memberships; the state must stay bounded.
    #[error("a user belongs to at most {MOST_MEMBERSHIPS} tenants: leave one first")]
    TooManyMemberships,
    /// The tenants would keep a member that does not exist.
    #[error("the user belongs to a tenant: remove the user from its tenants first")]
    UserStillMember,
}

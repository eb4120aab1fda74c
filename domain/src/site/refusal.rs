//! Why a site command is refused.

use super::rules::MOST_MEMBERS;
use crate::geo::NotAPosition;
use crate::limits::{LimitExceeded, SLUG, TIMEZONE};
use crate::naming::LONGEST_NAME;
use crate::policy::PolicyOutOfBounds;

/// A refusal of a site command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteRefusal {
    /// The id is or was used by a site.
    #[error("a site of this id exists or existed: create it under a new id")]
    SiteAlreadyExists,
    /// It was never created, is archived, or belongs to another tenant.
    #[error("there is no such site: check its id")]
    SiteNotFound,
    /// The name is blank or too long.
    #[error(
        "a site's name is 1 to {LONGEST_NAME} characters, not blank, without control or invisible characters"
    )]
    SiteNameInvalid,
    /// The slug is invalid.
    #[error("a site's slug is 1 to {SLUG} letters a-z or A-Z, digits, - and _")]
    SiteSlugInvalid,
    /// A value exceeds its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The time zone name is invalid.
    #[error(
        "a time zone is named as in the IANA database, such as Europe/Paris, in at most {TIMEZONE} characters"
    )]
    TimezoneInvalid,
    /// The position is out of range.
    #[error(transparent)]
    PositionInvalid(#[from] NotAPosition),
    /// A policy value is out of bounds.
    #[error(transparent)]
    PolicyOutOfBounds(#[from] PolicyOutOfBounds),
    /// The site has too many members; its state must stay bounded.
    #[error("a site has at most {MOST_MEMBERS} spaces and gateways: create another site")]
    SiteFull,
    /// It is the only one.
    #[error("it is the tenant's last site, and spaces need a site: create another one first")]
    LastSite,
    /// It still has members.
    #[error("the site has {spaces} spaces and {gateways} gateways: delete or move them first")]
    SiteNotEmpty {
        /// The number of spaces.
        spaces: usize,
        /// The number of gateways.
        gateways: usize,
    },
}

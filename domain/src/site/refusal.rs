//! Why a site's command is refused.

use super::rules::MOST_MEMBERS;
use crate::geo::NotAPosition;
use crate::limits::{LimitExceeded, SLUG, TIMEZONE};
use crate::naming::LONGEST_NAME;
use crate::policy::PolicyOutOfBounds;

/// A refused fact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteRefusal {
    /// The id names a site, or named one.
    #[error("a site of this id exists or existed: create it under a new id")]
    SiteAlreadyExists,
    /// It was never created, it is archived, or it is another tenant's.
    #[error("there is no such site: check its id")]
    SiteNotFound,
    /// It says nothing or too much.
    #[error("a site's name is 1 to {LONGEST_NAME} characters and not blank")]
    SiteNameInvalid,
    /// It would not do in an address.
    #[error("a site's slug is 1 to {SLUG} letters a-z or A-Z, digits, - and _")]
    SiteSlugInvalid,
    /// A text is too long to be kept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// It cannot be the name of a time zone.
    #[error(
        "a time zone is named as in the IANA database, such as Europe/Paris, in at most {TIMEZONE} characters"
    )]
    TimezoneInvalid,
    /// It is no place on earth.
    #[error(transparent)]
    PositionInvalid(#[from] NotAPosition),
    /// A number of its policy is out of its bounds.
    #[error(transparent)]
    PolicyOutOfBounds(#[from] PolicyOutOfBounds),
    /// The state would grow without bound.
    #[error("at most {MOST_MEMBERS} spaces and gateways stand on a site: create another site")]
    SiteFull,
    /// What stands on it would stand nowhere.
    #[error("{spaces} spaces and {gateways} gateways stand on the site: delete or move them first")]
    SiteNotEmpty {
        /// How many spaces.
        spaces: usize,
        /// How many gateways.
        gateways: usize,
    },
}

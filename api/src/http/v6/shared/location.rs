//! The geographic location of a site or a space in a request.

use parking_domain::geo::{NotAPosition, Position, PositionPatch};
use parking_domain::site::SiteRefusal;

use crate::http::kit::problem::Problem;

/// The location of something new.
pub(crate) fn location(given: PositionPatch) -> Result<Option<Position>, Problem> {
    given.applied_to(None).map_err(|error: NotAPosition| SiteRefusal::from(error).into())
}

//! The geographic location of a site or a space in a request.

use parking_domain::geo::{NotAPosition, Position};
use parking_domain::site::SiteRefusal;

use crate::http::kit::problem::Problem;

/// The location, if it is given. Latitude and longitude must be given together.
pub(crate) fn location(latitude: Option<f64>, longitude: Option<f64>) -> Result<Option<Position>, Problem> {
    match (latitude, longitude) {
        (None, None) => Ok(None),
        (Some(latitude), Some(longitude)) => {
            Position::new(latitude, longitude).map(Some).map_err(|error| SiteRefusal::from(error).into())
        }
        _ => Err(SiteRefusal::from(NotAPosition).into()),
    }
}

//! Geographic positions.

use serde::{Deserialize, Serialize};

/// A position in degrees of WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// North is positive: -90 to 90.
    pub latitude: f64,
    /// East is positive: -180 to 180.
    pub longitude: f64,
}

/// Coordinates that are not a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a latitude is -90 to 90 and a longitude -180 to 180: give both or neither")]
pub struct NotAPosition;

impl Position {
    /// A position, if the coordinates are in range.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, NotAPosition> {
        if (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude) {
            Ok(Self { latitude, longitude })
        } else {
            Err(NotAPosition)
        }
    }
}

//! Geographic positions.

use serde::{Deserialize, Serialize};

use crate::patch::Patch;

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
#[error(
    "a latitude is -90 to 90 and a longitude -180 to 180: give both, or one of them to change a stored position"
)]
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

/// A change of a position, by coordinate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PositionPatch {
    /// The change of the latitude.
    pub latitude: Patch<f64>,
    /// The change of the longitude.
    pub longitude: Patch<f64>,
}

impl PositionPatch {
    /// Removes the position.
    pub const CLEAR: Self = Self { latitude: Patch::Clear, longitude: Patch::Clear };

    /// Sets the position.
    pub fn set(position: Position) -> Self {
        Self { latitude: Patch::Set(position.latitude), longitude: Patch::Set(position.longitude) }
    }

    /// The position with the changes. One coordinate may change alone. Half a position is none: clearing one coordinate
    /// removes both, unless the other one is set to a new value.
    pub fn applied_to(self, stored: Option<Position>) -> Result<Option<Position>, NotAPosition> {
        let (was_north, was_east) =
            (stored.map(|position| position.latitude), stored.map(|position| position.longitude));
        let (mut north, mut east) = (was_north, was_east);
        self.latitude.apply_to(&mut north);
        self.longitude.apply_to(&mut east);
        match (north, east) {
            (Some(latitude), Some(longitude)) => Position::new(latitude, longitude).map(Some),
            (None, None) => Ok(None),
            _ if north.is_none_or(|_| north == was_north) && east.is_none_or(|_| east == was_east) => {
                Ok(None)
            }
            _ => Err(NotAPosition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: Position = Position { latitude: 48.5, longitude: 2.5 };

    fn changed(
        latitude: Patch<f64>,
        longitude: Patch<f64>,
        stored: Option<Position>,
    ) -> Result<Option<Position>, NotAPosition> {
        PositionPatch { latitude, longitude }.applied_to(stored)
    }

    #[test]
    fn one_coordinate_of_a_stored_position_changes_alone() {
        let north = Position { latitude: 49.0, ..THERE };
        assert_eq!(changed(Patch::Set(49.0), Patch::Keep, Some(THERE)), Ok(Some(north)));
        assert_eq!(changed(Patch::Set(49.0), Patch::Keep, None), Err(NotAPosition));
        assert_eq!(changed(Patch::Set(91.0), Patch::Keep, Some(THERE)), Err(NotAPosition));
        assert_eq!(changed(Patch::Keep, Patch::Keep, Some(THERE)), Ok(Some(THERE)));
    }

    #[test]
    fn clearing_one_coordinate_removes_the_position() {
        assert_eq!(changed(Patch::Clear, Patch::Keep, Some(THERE)), Ok(None));
        assert_eq!(changed(Patch::Set(48.5), Patch::Clear, Some(THERE)), Ok(None));
        assert_eq!(changed(Patch::Clear, Patch::Set(3.0), Some(THERE)), Err(NotAPosition));
        assert_eq!(changed(Patch::Clear, Patch::Clear, None), Ok(None));
    }
}

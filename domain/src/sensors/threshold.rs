//! Occupancy out of a distance: a vehicle is nearer than the ground.

use serde::{Deserialize, Serialize};

use super::{Occupancy, Reading};

/// Where a vehicle begins, for a sensor that measures distance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Threshold {
    /// Anything nearer than this is a vehicle.
    pub occupied_below_mm: u32,
    /// How much farther than that the distance must be before the vehicle is gone.
    #[serde(default)]
    pub hysteresis_mm: u32,
}

impl Threshold {
    /// The occupancy after a distance, given the one before it.
    pub fn fold(&self, previous: Occupancy, distance_mm: u32) -> Occupancy {
        let limit = match previous {
            Occupancy::Occupied => self.occupied_below_mm.saturating_add(self.hysteresis_mm),
            Occupancy::Vacant | Occupancy::Unknown => self.occupied_below_mm,
        };
        Occupancy::from_bit(distance_mm < limit)
    }

    /// The occupancy that a reading tells, given the one before it. The sensor's own word outweighs its distance; a
    /// reading with neither tells nothing.
    pub fn occupancy(&self, previous: Occupancy, reading: &Reading) -> Occupancy {
        match (reading.occupancy, reading.distance_mm) {
            (Occupancy::Unknown, Some(distance_mm)) => self.fold(previous, distance_mm),
            (said, _) => said,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Occupancy::{Occupied, Unknown, Vacant};
    use super::*;

    const BAY: Threshold = Threshold { occupied_below_mm: 1500, hysteresis_mm: 200 };

    #[test]
    fn a_vehicle_comes_at_the_threshold_and_goes_beyond_the_hysteresis() {
        let cases = [
            (Vacant, 1500, Vacant),
            (Vacant, 1499, Occupied),
            (Occupied, 1500, Occupied),
            (Occupied, 1699, Occupied),
            (Occupied, 1700, Vacant),
            (Unknown, 1499, Occupied),
            (Unknown, 1600, Vacant),
        ];
        for (previous, distance, expected) in cases {
            assert_eq!(BAY.fold(previous, distance), expected, "{previous:?}, {distance} mm");
        }
    }

    #[test]
    fn a_distance_that_wavers_within_the_hysteresis_moves_nothing() {
        let folded = [2400, 1450, 1550, 1650, 1490, 1699].map({
            let mut state = Unknown;
            move |distance| {
                state = BAY.fold(state, distance);
                state
            }
        });
        assert_eq!(folded, [Vacant, Occupied, Occupied, Occupied, Occupied, Occupied]);
    }

    #[test]
    fn limits_beyond_all_distances_hold() {
        let always = Threshold { occupied_below_mm: u32::MAX, hysteresis_mm: u32::MAX };
        assert_eq!(always.fold(Occupied, u32::MAX - 1), Occupied);
    }
}

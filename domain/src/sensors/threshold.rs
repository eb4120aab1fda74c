//! Occupancy from a distance: a vehicle is nearer than the ground.

use serde::{Deserialize, Serialize};

use super::{Occupancy, Reading};

/// The distance threshold for a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(expecting = "a threshold: an object with occupied_below_mm and hysteresis_mm")]
pub struct Threshold {
    /// A smaller distance means a vehicle.
    pub occupied_below_mm: u32,
    /// How far beyond that the distance must be before the vehicle counts as gone.
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

    /// The occupancy according to a reading, given the previous one. The sensor's own occupancy takes precedence over
    /// its distance; with neither, the result is unknown.
    pub fn occupancy(&self, previous: Occupancy, reading: &Reading) -> Occupancy {
        match (reading.occupancy, reading.distance_mm) {
            (Occupancy::Unknown, Some(distance_mm)) => self.fold(previous, distance_mm),
            (reported, _) => reported,
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
    fn a_distance_that_varies_within_the_hysteresis_changes_nothing() {
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

//! What a device holds for itself alone: the one place for its category at a space.

use super::definition::Category;
use crate::aggregate::Claim;
use crate::id::SpaceId;

/// The place for a sensor, or for a display, at the space. A device takes it when it is assigned; a space that is
/// deleted takes both, for ever.
pub fn place(category: Category, space_id: SpaceId) -> Claim {
    let scope = match category {
        Category::Sensor => "sensor_of_space",
        Category::Display => "display_of_space",
    };
    Claim { scope: scope.to_owned(), key: space_id.to_string() }
}

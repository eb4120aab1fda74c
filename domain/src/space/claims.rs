//! A space's claims: its code in its site, and its assignments of a sensor and a display.

use super::event::SpaceEvent;
use crate::aggregate::{Claim, ClaimChange};
use crate::device::Category;
use crate::id::{SiteId, SpaceId};

/// A space's code in its site. Held by the space.
pub fn code(site_id: SiteId, code: &str) -> Claim {
    Claim { scope: format!("space_code/{site_id}"), key: code.to_owned() }
}

/// A space's assignment of one device of this category. Held by the assigned device; after the space's deletion by the
/// space itself, so that no device can be assigned any more.
pub fn place(category: Category, space_id: SpaceId) -> Claim {
    let scope = match category {
        Category::Sensor => "sensor_of_space",
        Category::Display => "display_of_space",
    };
    Claim { scope: scope.to_owned(), key: space_id.to_string() }
}

/// The claim changes of a space event.
pub(super) fn of(event: &SpaceEvent) -> Vec<ClaimChange> {
    match event {
        SpaceEvent::SpaceCreated { site_id, code: own, .. } => vec![ClaimChange::Take(code(*site_id, own))],
        SpaceEvent::SpaceCodeChanged { site_id, from, to, .. } => {
            vec![ClaimChange::Release(code(*site_id, from)), ClaimChange::Take(code(*site_id, to))]
        }
        SpaceEvent::SpaceDeleted { space_id, site_id, code: own, .. } => vec![
            ClaimChange::Release(code(*site_id, own)),
            ClaimChange::Take(place(Category::Sensor, *space_id)),
            ClaimChange::Take(place(Category::Display, *space_id)),
        ],
        _ => Vec::new(),
    }
}

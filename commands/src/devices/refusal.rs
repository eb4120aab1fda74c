//! Why a device is not put where somebody wants it.

use cqrs_es::Aggregate;
use parking_domain::aggregate::Claim;
use parking_domain::device::{Category, DeviceRefusal};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::claims::place;
use parking_domain::space::{Space, SpaceRefusal};

use crate::append::AppendError;
use crate::store::LoadError;

/// Why a device was not assigned. Nothing of it happened.
#[derive(Debug, thiserror::Error)]
pub enum AssignmentError {
    /// The space is not there, for this tenant.
    #[error(transparent)]
    Space(#[from] SpaceRefusal),
    /// The device refuses.
    #[error(transparent)]
    Device(#[from] DeviceRefusal),
    /// Nothing was heard of it, so it is no orphan.
    #[error("nothing was ever heard of a device {0}: check its EUI")]
    OrphanNotFound(DevEui),
    /// Another device of this category stands there.
    #[error(
        "the space already has a {}, {}: unassign it first, or choose another space",
        .category.word(),
        .dev_eui.to_uppercase()
    )]
    PlaceTaken {
        /// What both are for.
        category: Category,
        /// The device that stands there.
        dev_eui: String,
    },
    /// A stream could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The events could not be appended.
    #[error(transparent)]
    Append(AppendError),
}

impl From<AppendError> for AssignmentError {
    /// A place that is held says who holds it: a device that stands there, or the space that has ended.
    fn from(error: AppendError) -> Self {
        let AppendError::ClaimHeld { claim, holder } = &error else { return Self::Append(error) };
        match (category_of(claim), holder.split_once(' ')) {
            (Some(_), Some((Space::TYPE, _))) => SpaceRefusal::SpaceNotFound.into(),
            (Some(category), Some((_, dev_eui))) => {
                Self::PlaceTaken { category, dev_eui: dev_eui.to_owned() }
            }
            _ => Self::Append(error),
        }
    }
}

/// True when a space holds its own place: it ended while the device was put there, and deciding again finds that out.
pub(super) fn space_has_ended(claim: &Claim, holder: &str) -> bool {
    category_of(claim).is_some() && holder.split_once(' ').is_some_and(|(holder, _)| holder == Space::TYPE)
}

/// What the claimed place is for; `None` for a claim that is no place.
fn category_of(claim: &Claim) -> Option<Category> {
    let space_id: SpaceId = claim.key.parse().ok()?;
    [Category::Sensor, Category::Display].into_iter().find(|category| place(*category, space_id) == *claim)
}

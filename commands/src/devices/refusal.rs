//! Why a device is not assigned.

use cqrs_es::Aggregate;
use parking_domain::aggregate::Claim;
use parking_domain::device::{Category, DeviceRefusal};
use parking_domain::id::SpaceId;
use parking_domain::lorawan::DevEui;
use parking_domain::space::claims::place;
use parking_domain::space::{Space, SpaceRefusal};

use crate::append::AppendError;
use crate::store::LoadError;

/// Why a device was not assigned. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum AssignmentError {
    /// The tenant has no such space.
    #[error(transparent)]
    Space(#[from] SpaceRefusal),
    /// The device refused.
    #[error(transparent)]
    Device(#[from] DeviceRefusal),
    /// It is no orphan.
    #[error(
        "{0} is no orphan: it was never heard, has an owner, or was not heard since it was retired or dismissed"
    )]
    OrphanNotFound(DevEui),
    /// The space has another device of this category.
    #[error(
        "the space already has a {}, {}: unassign it first, or choose another space",
        .category.word(),
        .dev_eui.to_uppercase()
    )]
    PlaceTaken {
        /// The category of both devices.
        category: Category,
        /// The assigned device.
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
    /// The holder of the claim is either the assigned device or the deleted space.
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

/// True when a space holds its own claim: it was deleted concurrently, which a new decision finds out.
pub(super) fn space_has_ended(claim: &Claim, holder: &str) -> bool {
    category_of(claim).is_some() && holder.split_once(' ').is_some_and(|(holder, _)| holder == Space::TYPE)
}

/// The category of an assignment claim; `None` for other claims.
fn category_of(claim: &Claim) -> Option<Category> {
    let space_id: SpaceId = claim.key.parse().ok()?;
    [Category::Sensor, Category::Display].into_iter().find(|category| place(*category, space_id) == *claim)
}

//! What is asked of a space and concerns more than its own stream: the site it is on, the devices that stand at it.
//!
//! Everything else that can be asked of a space is a plain command of the bus.

mod create;
mod delete;

use parking_domain::device::DeviceRefusal;
use parking_domain::site::SiteRefusal;
use parking_domain::space::SpaceRefusal;

use crate::append::AppendError;
use crate::store::LoadError;

pub use create::MakeSpace;
pub use delete::EndSpace;

/// Why a space is not made or not ended.
#[derive(Debug, thiserror::Error)]
pub enum SpaceError {
    /// The space's own reason.
    #[error(transparent)]
    Space(#[from] SpaceRefusal),
    /// Its site's.
    #[error(transparent)]
    Site(#[from] SiteRefusal),
    /// A device's that stands there.
    #[error(transparent)]
    Device(#[from] DeviceRefusal),
    /// A stream could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

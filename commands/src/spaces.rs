//! Space commands over several streams: the space, its site, and its assigned devices.
//!
//! All other space commands go through the bus.

mod create;
mod delete;

use parking_domain::device::DeviceRefusal;
use parking_domain::site::SiteRefusal;
use parking_domain::space::SpaceRefusal;

use crate::append::AppendError;
use crate::store::LoadError;

pub use create::MakeSpace;
pub use delete::EndSpace;

/// Why a space is not created or deleted.
#[derive(Debug, thiserror::Error)]
pub enum SpaceError {
    /// The space refused.
    #[error(transparent)]
    Space(#[from] SpaceRefusal),
    /// Its site refused.
    #[error(transparent)]
    Site(#[from] SiteRefusal),
    /// An assigned device refused.
    #[error(transparent)]
    Device(#[from] DeviceRefusal),
    /// A stream could not be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The events could not be appended.
    #[error(transparent)]
    Append(#[from] AppendError),
}

//! Why a command with personal data is not executed.

use parking_domain::space::SpaceRefusal;

use super::PersonalDataError;
use crate::append::AppendError;
use crate::bus::ExecuteError;
use crate::store::{FindRequestError, LoadError};

/// Why a command with personal data was not executed on a space. Unless its append is unsettled, nothing was
/// stored but, at most, an unused key.
#[derive(Debug, thiserror::Error)]
pub enum SealedCommandError {
    /// The space refused, or the log could not be reached.
    #[error(transparent)]
    Execute(#[from] ExecuteError<SpaceRefusal>),
    /// Personal data could not be sealed.
    #[error(transparent)]
    PersonalData(#[from] PersonalDataError),
}

impl From<LoadError> for SealedCommandError {
    fn from(error: LoadError) -> Self {
        Self::Execute(error.into())
    }
}

impl From<AppendError> for SealedCommandError {
    fn from(error: AppendError) -> Self {
        Self::Execute(error.into())
    }
}

impl From<FindRequestError> for SealedCommandError {
    fn from(error: FindRequestError) -> Self {
        Self::Execute(error.into())
    }
}

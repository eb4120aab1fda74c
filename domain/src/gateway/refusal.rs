//! Why a gateway's command is refused.

use crate::geo::NotAPosition;
use crate::limits::LimitExceeded;
use crate::naming::LONGEST_NAME;

/// A refused fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayRefusal {
    /// Somebody has it. Whose it is, is not told.
    #[error("the gateway is registered: check its EUI, or let its owner remove it first")]
    GatewayAlreadyRegistered,
    /// It belongs to nobody or to another tenant.
    #[error("the tenant has no such gateway: check its EUI or register it")]
    GatewayNotFound,
    /// It says nothing or too much.
    #[error("a gateway's name is 1 to {LONGEST_NAME} characters and not blank")]
    GatewayNameInvalid,
    /// A text is too long to be kept.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// It is no place on earth.
    #[error(transparent)]
    PositionInvalid(#[from] NotAPosition),
    /// It is no height.
    #[error("an altitude is a finite number of metres")]
    AltitudeInvalid,
}

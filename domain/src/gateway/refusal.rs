//! Why a gateway command is refused.

use crate::geo::NotAPosition;
use crate::limits::LimitExceeded;
use crate::naming::LONGEST_NAME;

/// A refusal of a gateway command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayRefusal {
    /// Already registered; the owner is not disclosed.
    #[error("the gateway is registered: check its EUI, or let its owner remove it first")]
    GatewayAlreadyRegistered,
    /// It has no owner or belongs to another tenant.
    #[error("the tenant has no such gateway: check its EUI or register it")]
    GatewayNotFound,
    /// The name is blank or too long.
    #[error(
        "a gateway's name is 1 to {LONGEST_NAME} characters, not blank, without control or invisible characters"
    )]
    GatewayNameInvalid,
    /// A value exceeds its limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The position is out of range.
    #[error(transparent)]
    PositionInvalid(#[from] NotAPosition),
    /// The altitude is not finite.
    #[error("an altitude is a finite number of metres")]
    AltitudeInvalid,
}

//! The words of resources in requests, in upper or lower case, with those of V5's clients.

use parking_domain::device;
use parking_domain::occupancy::SpaceState;
use parking_domain::space::{StateByHand, Status};
use parking_domain::tenant::Role;
use parking_projections::devices::inventory::read::StatusFilter;
use serde::Deserializer;

use crate::http::kit::lenient;

/// A state of a space that can be set by hand, in upper or lower case.
pub(crate) fn state_by_hand<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<StateByHand>, D::Error> {
    lenient::read(deserializer, STATES, lenient::name)
}

/// A shown state of a space, in upper or lower case.
pub(crate) fn space_state<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SpaceState>, D::Error> {
    lenient::read(deserializer, STATES, lenient::name)
}

/// A role in a tenant, in upper or lower case.
pub(crate) fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Role>, D::Error> {
    lenient::read(deserializer, "viewer, operator, admin or owner", lenient::name)
}

const STATES: &str = "free, occupied, reserved, maintenance or unknown";

/// The status of a device, or whether it is heard. V5's `decommissioned` means `retired`.
pub(crate) fn device_status<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<StatusFilter>, D::Error> {
    let read = |text: &str| match &*text.to_ascii_lowercase() {
        "active" => Some(StatusFilter::Active),
        "inactive" => Some(StatusFilter::Inactive),
        "decommissioned" => Some(StatusFilter::Is(device::Status::Retired)),
        text => lenient::name(text).map(StatusFilter::Is),
    };
    let what = "assigned, unassigned, retired, active or inactive; GET /api/v6/orphan-devices lists orphans";
    lenient::read(deserializer, what, read)
}

/// The first digits of an EUI, in lower case.
pub(crate) fn eui_prefix<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let read = |text: &str| {
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
        let is_prefix = digits.len() <= 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_prefix.then(|| digits.to_ascii_lowercase())
    };
    lenient::read(deserializer, "at most 16 hexadecimal digits", read)
}

/// V5's names of a reservation's status `active`.
pub(crate) const V5_ACTIVE: [&str; 2] = ["pending", "confirmed"];

/// A reservation's status. V5's `pending` and `confirmed` mean `active`.
pub(crate) fn reservation_status<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Status>, D::Error> {
    let read = |text: &str| {
        let is_active = V5_ACTIVE.contains(&&*text.to_ascii_lowercase());
        if is_active { Some(Status::Active) } else { lenient::name(text) }
    };
    let what = "active, completed, cancelled, expired or no_show";
    lenient::read(deserializer, what, read)
}

//! Which status and code each refusal of a command has. Its text is the domain's own.

use axum::http::StatusCode;
use parking_commands::bus::ExecuteError;
use parking_commands::spaces::SpaceError;
use parking_domain::aggregate::Claim;
use parking_domain::device::DeviceRefusal;
use parking_domain::site::SiteRefusal;
use parking_domain::space::SpaceRefusal;
use serde_json::json;

use crate::http::problem::Problem;

const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const INVALID: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

impl From<SpaceRefusal> for Problem {
    fn from(refusal: SpaceRefusal) -> Self {
        use SpaceRefusal as R;
        let (status, code) = match &refusal {
            R::SpaceNotFound => (NOT_FOUND, "space_not_found"),
            R::SpaceAlreadyCreated => (CONFLICT, "space_already_created"),
            R::CodeInvalid => (INVALID, "code_invalid"),
            R::NameInvalid { .. } => (INVALID, "name_invalid"),
            R::AutoReleaseOutOfBounds { .. } => (INVALID, "auto_release_out_of_bounds"),
            R::PositionInvalid(_) => (INVALID, "position_invalid"),
            R::PolicyOutOfBounds(_) => (INVALID, "policy_out_of_bounds"),
            R::SpaceHasReservations { .. } => (CONFLICT, "space_has_reservations"),
            R::OverrideWindowEmpty => (INVALID, "override_window_empty"),
            R::OverrideEndsInThePast => (INVALID, "override_ends_in_the_past"),
            R::OverrideAlreadySet => (CONFLICT, "override_already_set"),
            R::TooManyOverrides => (CONFLICT, "too_many_overrides"),
            R::OverrideNotFound => (NOT_FOUND, "override_not_found"),
            R::WindowEmpty => (INVALID, "window_empty"),
            R::StartsInThePast => (INVALID, "starts_in_the_past"),
            R::EndsInThePast => (INVALID, "ends_in_the_past"),
            R::ReservationTooLong { .. } => (INVALID, "reservation_too_long"),
            R::AmountInvalid { .. } => (INVALID, "amount_invalid"),
            R::SpaceDisabled => (CONFLICT, "space_disabled"),
            R::SpaceNotAvailable { .. } => (CONFLICT, "space_not_available"),
            R::SpaceAlreadyReserved { .. } => (CONFLICT, "reservation_conflict"),
            R::TooManyReservations => (CONFLICT, "too_many_reservations"),
            R::ReservationAlreadyBooked => (CONFLICT, "reservation_already_booked"),
            R::ReservationNotFound => (NOT_FOUND, "reservation_not_found"),
            R::ReservationOver { .. } => (CONFLICT, "reservation_over"),
            R::ReservationUnderWay => (CONFLICT, "reservation_under_way"),
            R::CheckInTooEarly { .. } => (CONFLICT, "check_in_too_early"),
            R::NotCheckedIn => (CONFLICT, "not_checked_in"),
        };
        let problem = Self::new(status, code, refusal.to_string());
        let R::SpaceAlreadyReserved { conflicts } = &refusal else { return problem };
        let conflict = |conflict: &parking_domain::space::Conflict| {
            json!({
                "reservation_id": conflict.reservation_id,
                "start_time": conflict.window.start,
                "end_time": conflict.window.end,
            })
        };
        problem.with("conflicts", conflicts.iter().map(conflict).collect())
    }
}

impl From<SiteRefusal> for Problem {
    fn from(refusal: SiteRefusal) -> Self {
        use SiteRefusal as R;
        let (status, code) = match &refusal {
            R::SiteNotFound => (NOT_FOUND, "site_not_found"),
            R::SiteAlreadyExists => (CONFLICT, "site_already_exists"),
            R::SiteNameInvalid => (INVALID, "site_name_invalid"),
            R::SiteSlugInvalid => (INVALID, "site_slug_invalid"),
            R::TimezoneInvalid => (INVALID, "timezone_invalid"),
            R::PositionInvalid(_) => (INVALID, "position_invalid"),
            R::PolicyOutOfBounds(_) => (INVALID, "policy_out_of_bounds"),
            R::SiteFull => (CONFLICT, "site_full"),
            R::SiteNotEmpty { .. } => (CONFLICT, "site_not_empty"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

impl From<SpaceError> for Problem {
    fn from(error: SpaceError) -> Self {
        match error {
            SpaceError::Space(refusal) => refusal.into(),
            SpaceError::Site(refusal) => refusal.into(),
            SpaceError::Device(refusal) => refusal.into(),
            SpaceError::Load(error) => error.into(),
            SpaceError::Append(error) => error.into(),
        }
    }
}

impl<R: Into<Self>> From<ExecuteError<R>> for Problem {
    fn from(error: ExecuteError<R>) -> Self {
        match error {
            ExecuteError::Refused { refusal, .. } => refusal.into(),
            ExecuteError::Load(error) => error.into(),
            ExecuteError::Append(error) => error.into(),
        }
    }
}

/// A key that another stream has: what it is the caller chose, and what to do.
pub(crate) fn taken(claim: &Claim) -> Problem {
    let (code, detail) = match claim.scope.split('/').next().unwrap_or_default() {
        "space_code" => ("space_code_taken", "another space of the site has this code: choose another"),
        "site_name" => ("site_name_taken", "another site has this name: choose another"),
        "site_slug" => ("site_slug_taken", "another site has this slug: choose another"),
        _ => ("already_taken", "somebody else has this already: choose another"),
    };
    Problem::new(CONFLICT, code, detail)
}

impl From<DeviceRefusal> for Problem {
    fn from(refusal: DeviceRefusal) -> Self {
        use DeviceRefusal as R;
        let (status, code) = match &refusal {
            R::DeviceAlreadyClaimed => (CONFLICT, "device_already_claimed"),
            R::DeviceNotFound => (NOT_FOUND, "device_not_found"),
            R::DeviceAlreadyAssigned { .. } => (CONFLICT, "device_already_assigned"),
            R::DeviceNotAssigned => (CONFLICT, "device_not_assigned"),
            R::DeviceNotOrphan => (CONFLICT, "device_not_orphan"),
            R::DeviceNameInvalid => (INVALID, "device_name_invalid"),
            R::CodecUnknown { .. } => (INVALID, "codec_unknown"),
            R::HeartbeatOutOfBounds => (INVALID, "heartbeat_out_of_bounds"),
            R::DisplayPortInvalid => (INVALID, "display_port_invalid"),
            R::DisplayLayoutInvalid => (INVALID, "display_layout_invalid"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

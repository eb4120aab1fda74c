//! The status and the code of each refusal of a command. The domain supplies the text.

use axum::http::StatusCode;
use parking_commands::bus::ExecuteError;
use parking_commands::devices::AssignmentError;
use parking_commands::personal::{PersonalDataError, SealedCommandError};
use parking_commands::spaces::SpaceError;
use parking_domain::aggregate::Claim;
use parking_domain::device::DeviceRefusal;
use parking_domain::limits::LimitExceeded;
use parking_domain::site::SiteRefusal;
use parking_domain::space::{Conflict, SpaceRefusal};
use parking_domain::tenant::TenantRefusal;
use parking_domain::user::UserRefusal;
use serde_json::{Value, json};
use tracing::error;

use crate::http::kit::documented::{Code, CodeSet, Coded};
use crate::http::kit::problem::Problem;

const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
const INVALID: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// Maps refusals to statuses and codes. Responses and documentation use the same table.
macro_rules! coded {
    ($refusal:ty: $($pattern:pat => $status:ident $code:literal,)+ $(; $($more:tt)+)?) => {
        impl CodeSet for $refusal {
            fn codes() -> Vec<Code> {
                vec![$(($status, $code)),+]
            }
        }

        impl Coded for $refusal {
            fn code(&self) -> Code {
                match self {
                    $($pattern => ($status, $code),)+
                }
            }

            $($($more)+)?
        }
    };
}

/// The maximum number of conflicting reservations in a refusal.
const MAX_CONFLICTS: usize = 100;

coded! { LimitExceeded:
    LimitExceeded { .. } => INVALID "limit_exceeded",
}

coded! { SpaceRefusal:
    SpaceRefusal::LimitExceeded(_) => INVALID "limit_exceeded",
    SpaceRefusal::SpaceNotFound => NOT_FOUND "space_not_found",
    SpaceRefusal::SpaceAlreadyCreated => CONFLICT "space_already_created",
    SpaceRefusal::CodeInvalid => INVALID "code_invalid",
    SpaceRefusal::NameInvalid { .. } => INVALID "name_invalid",
    SpaceRefusal::AutoReleaseOutOfBounds { .. } => INVALID "auto_release_out_of_bounds",
    SpaceRefusal::PositionInvalid(_) => INVALID "position_invalid",
    SpaceRefusal::PolicyOutOfBounds(_) => INVALID "policy_out_of_bounds",
    SpaceRefusal::SpaceHasReservations { .. } => CONFLICT "space_has_reservations",
    SpaceRefusal::OverrideWindowEmpty => INVALID "override_window_empty",
    SpaceRefusal::OverrideEndsInThePast => INVALID "override_ends_in_the_past",
    SpaceRefusal::OverrideAlreadySet => CONFLICT "override_already_set",
    SpaceRefusal::TooManyOverrides => CONFLICT "too_many_overrides",
    SpaceRefusal::OverrideNotFound => NOT_FOUND "override_not_found",
    SpaceRefusal::OverrideOver => CONFLICT "override_over",
    SpaceRefusal::WindowEmpty => INVALID "window_empty",
    SpaceRefusal::StartsInThePast => INVALID "starts_in_the_past",
    SpaceRefusal::EndsInThePast => INVALID "ends_in_the_past",
    SpaceRefusal::ReservationTooLong { .. } => INVALID "reservation_too_long",
    SpaceRefusal::AmountInvalid { .. } => INVALID "amount_invalid",
    SpaceRefusal::SpaceDisabled => CONFLICT "space_disabled",
    SpaceRefusal::SpaceNotAvailable { .. } => CONFLICT "space_not_available",
    SpaceRefusal::SpaceAlreadyReserved { .. } => CONFLICT "reservation_conflict",
    SpaceRefusal::TooManyReservations => CONFLICT "too_many_reservations",
    SpaceRefusal::ReservationAlreadyBooked => CONFLICT "reservation_already_booked",
    SpaceRefusal::ReservationNotFound => NOT_FOUND "reservation_not_found",
    SpaceRefusal::ReservationOver { .. } => CONFLICT "reservation_over",
    SpaceRefusal::ReservationUnderWay => CONFLICT "reservation_under_way",
    SpaceRefusal::CheckInTooEarly { .. } => CONFLICT "check_in_too_early",
    SpaceRefusal::AnotherCheckedIn { .. } => CONFLICT "another_checked_in",
    SpaceRefusal::NotCheckedIn => CONFLICT "not_checked_in",
    ;
    fn conflicts(&self) -> Option<Vec<Value>> {
        let Self::SpaceAlreadyReserved { conflicts } = self else { return None };
        Some(conflicts.iter().take(MAX_CONFLICTS).map(conflict).collect())
    }
}

coded! { SiteRefusal:
    SiteRefusal::LimitExceeded(_) => INVALID "limit_exceeded",
    SiteRefusal::SiteNotFound => NOT_FOUND "site_not_found",
    SiteRefusal::SiteAlreadyExists => CONFLICT "site_already_exists",
    SiteRefusal::SiteNameInvalid => INVALID "site_name_invalid",
    SiteRefusal::SiteSlugInvalid => INVALID "site_slug_invalid",
    SiteRefusal::TimezoneInvalid => INVALID "timezone_invalid",
    SiteRefusal::PositionInvalid(_) => INVALID "position_invalid",
    SiteRefusal::PolicyOutOfBounds(_) => INVALID "policy_out_of_bounds",
    SiteRefusal::SiteFull => CONFLICT "site_full",
    SiteRefusal::LastSite => CONFLICT "last_site",
    SiteRefusal::SiteNotEmpty { .. } => CONFLICT "site_not_empty",
}

coded! { DeviceRefusal:
    DeviceRefusal::LimitExceeded(_) => INVALID "limit_exceeded",
    DeviceRefusal::DeviceAlreadyClaimed => CONFLICT "device_already_claimed",
    DeviceRefusal::DeviceNotFound => NOT_FOUND "device_not_found",
    DeviceRefusal::DeviceRetired => CONFLICT "device_retired",
    DeviceRefusal::DeviceCategoryFixed { .. } => CONFLICT "device_category_fixed",
    DeviceRefusal::DeviceAlreadyAssigned { .. } => CONFLICT "device_already_assigned",
    DeviceRefusal::DeviceNotAssigned => CONFLICT "device_not_assigned",
    DeviceRefusal::DeviceNotOrphan => CONFLICT "device_not_orphan",
    DeviceRefusal::DeviceNameInvalid => INVALID "device_name_invalid",
    DeviceRefusal::CodecUnknown { .. } => INVALID "codec_unknown",
    DeviceRefusal::HeartbeatOutOfBounds => INVALID "heartbeat_out_of_bounds",
    DeviceRefusal::DisplayPortInvalid => INVALID "display_port_invalid",
    DeviceRefusal::DisplayLayoutInvalid => INVALID "display_layout_invalid",
}

coded! { TenantRefusal:
    TenantRefusal::LimitExceeded(_) => INVALID "limit_exceeded",
    TenantRefusal::TenantAlreadyExists => CONFLICT "tenant_already_exists",
    TenantRefusal::TenantNotFound => NOT_FOUND "tenant_not_found",
    TenantRefusal::TenantNameInvalid => INVALID "tenant_name_invalid",
    TenantRefusal::TenantSlugInvalid => INVALID "tenant_slug_invalid",
    TenantRefusal::TenantSlugReserved => INVALID "tenant_slug_invalid",
    TenantRefusal::TenantIsPlatform => CONFLICT "tenant_is_platform",
    TenantRefusal::TenantTypeFixed => CONFLICT "tenant_type_fixed",
    TenantRefusal::SuspensionWithoutReason => INVALID "suspension_without_reason",
    TenantRefusal::TrialDaysInvalid => INVALID "trial_days_invalid",
    TenantRefusal::EntitlementsInvalid => INVALID "entitlements_invalid",
    TenantRefusal::DisplayPolicyNotFound => NOT_FOUND "display_policy_not_found",
    TenantRefusal::DisplayPolicyAlreadyExists => CONFLICT "display_policy_already_exists",
    TenantRefusal::DisplayPolicyNameInvalid => INVALID "display_policy_name_invalid",
    TenantRefusal::TooManyDisplayPolicies => CONFLICT "too_many_display_policies",
    TenantRefusal::PolicyOutOfBounds(_) => INVALID "policy_out_of_bounds",
    TenantRefusal::UserAlreadyMember { .. } => CONFLICT "user_already_member",
    TenantRefusal::UserNotMember => NOT_FOUND "user_not_member",
    TenantRefusal::RoleTooLow { .. } => FORBIDDEN "role_too_low",
    TenantRefusal::LastOwner => CONFLICT "last_owner",
    TenantRefusal::MemberLimitReached { .. } => CONFLICT "member_limit_reached",
    TenantRefusal::TooManyMembers => CONFLICT "too_many_members",
}

coded! { UserRefusal:
    UserRefusal::UserAlreadyExists => CONFLICT "user_already_exists",
    UserRefusal::UserNotFound => NOT_FOUND "user_not_found",
    UserRefusal::TooManyMemberships => CONFLICT "too_many_memberships",
    UserRefusal::UserStillMember => CONFLICT "user_still_member",
    UserRefusal::PasswordReplaced => CONFLICT "password_replaced",
}

fn conflict(conflict: &Conflict) -> Value {
    json!({
        "reservation_id": conflict.reservation_id,
        "start_time": conflict.window.start,
        "end_time": conflict.window.end,
    })
}

impl<R: Coded> From<R> for Problem {
    fn from(refusal: R) -> Self {
        let (status, code) = refusal.code();
        let problem = Self::new(status, code, refusal.to_string());
        match refusal.conflicts() {
            Some(conflicts) => problem.with("conflicts", conflicts),
            None => problem,
        }
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

impl From<AssignmentError> for Problem {
    fn from(error: AssignmentError) -> Self {
        match error {
            AssignmentError::Space(refusal) => refusal.into(),
            AssignmentError::Device(refusal) => refusal.into(),
            AssignmentError::OrphanNotFound(_) => Self::new(NOT_FOUND, "orphan_not_found", error.to_string()),
            AssignmentError::PlaceTaken { .. } => Self::new(CONFLICT, "place_taken", error.to_string()),
            AssignmentError::Load(error) => error.into(),
            AssignmentError::Append(error) => error.into(),
        }
    }
}

impl From<SealedCommandError> for Problem {
    fn from(error: SealedCommandError) -> Self {
        match error {
            SealedCommandError::Execute(error) => error.into(),
            SealedCommandError::PersonalData(error) => error.into(),
        }
    }
}

impl From<PersonalDataError> for Problem {
    /// The key's id is only logged, not disclosed to the caller.
    fn from(error: PersonalDataError) -> Self {
        let log = |error: &PersonalDataError| error!(%error, "personal data was not sealed or opened");
        match error {
            PersonalDataError::LimitExceeded(exceeded) => exceeded.into(),
            PersonalDataError::Unavailable(error) => error.into(),
            PersonalDataError::DeletedMeanwhile(_) => {
                log(&error);
                let detail = "a person's data is being erased at this moment: send the request again";
                Self::unavailable("busy", detail).logged()
            }
            PersonalDataError::BrokenKey(_) => {
                log(&error);
                Self::of(StatusCode::INTERNAL_SERVER_ERROR).logged()
            }
        }
    }
}

/// Unique values by the scope of their claim, with code and detail.
const TAKEN: [(&str, &str, &str); 4] = [
    ("space_code", "space_code_taken", "another space of the site has this code: choose another"),
    ("site_name", "site_name_taken", "another site has this name: choose another"),
    ("site_slug", "site_slug_taken", "another site has this slug: choose another"),
    ("", "already_taken", "this value is already taken: choose another"),
];

/// The refusals of commands that choose a unique value.
pub(crate) enum TakenRefusals {}

impl CodeSet for TakenRefusals {
    fn codes() -> Vec<Code> {
        TAKEN.map(|(_, code, _)| (CONFLICT, code)).to_vec()
    }
}

/// Refuses a unique value that another stream has claimed.
pub(crate) fn taken(claim: &Claim) -> Problem {
    let scope = claim.scope.split('/').next().unwrap_or_default();
    let (_, code, detail) = TAKEN.into_iter().find(|(of, ..)| *of == scope).unwrap_or(TAKEN[TAKEN.len() - 1]);
    Problem::new(CONFLICT, code, detail)
}

/// The refusals of an assignment that concern neither the device nor the space alone.
pub(crate) enum AssignmentRefusals {}

impl CodeSet for AssignmentRefusals {
    fn codes() -> Vec<Code> {
        vec![(CONFLICT, "place_taken")]
    }
}

/// The refusal for an unknown orphan.
pub(crate) enum OrphanRefusals {}

impl CodeSet for OrphanRefusals {
    fn codes() -> Vec<Code> {
        vec![(NOT_FOUND, "orphan_not_found")]
    }
}

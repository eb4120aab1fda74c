//! Path parameters.

use parking_domain::id::{OverrideId, PolicyId, ReservationId, SiteId, SpaceId, UserId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::kit::query::AnyEui;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SitePath {
    #[param(value_type = Uuid)]
    pub(crate) site_id: SiteId,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SpacePath {
    #[param(value_type = Uuid)]
    pub(crate) space_id: SpaceId,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ReservationPath {
    #[param(value_type = Uuid)]
    pub(crate) reservation_id: ReservationId,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OverridePath {
    #[param(value_type = Uuid)]
    pub(crate) override_id: OverrideId,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SpaceOverridePath {
    #[param(value_type = Uuid)]
    pub(crate) space_id: SpaceId,
    #[param(value_type = Uuid)]
    pub(crate) override_id: OverrideId,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct PolicyPath {
    #[param(value_type = Uuid)]
    pub(crate) policy_id: PolicyId,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct DevicePath {
    /// The device's id or its EUI.
    #[param(value_type = String)]
    pub(crate) device_id: AnyEui,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OrphanPath {
    /// The device's EUI or its id.
    #[param(value_type = String)]
    pub(crate) dev_eui: AnyEui,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct JobPath {
    /// The job's name.
    pub(crate) job: String,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserPath {
    #[param(value_type = Uuid)]
    pub(crate) user_id: UserId,
}

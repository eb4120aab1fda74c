//! `deviceInfo`: ChirpStack's data about the device besides its EUI.

use serde::{Deserialize, Serialize};

use super::fields::Fields;

/// The part of `deviceInfo` that later interpretation may need. Empty texts are absent, names are cut after 255
/// characters, ids of more than 64 characters are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceInfo {
    /// The name that an operator gave the device in ChirpStack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of the device profile; it usually indicates the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<String>,
    /// The application's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<String>,
}

impl DeviceInfo {
    pub(super) fn read(fields: &Fields<'_>) -> Self {
        Self {
            name: fields.name("deviceName"),
            profile_name: fields.name("deviceProfileName"),
            application_id: fields.id("applicationId"),
        }
    }
}

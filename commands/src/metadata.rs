//! Who caused an event, and in which context: stored beside the payload as a flat map of strings.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The metadata of the events of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The actor: a user, an API key, `chirpstack`, a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The correlation id of the interaction it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event or request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// The HTTP request that carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The session of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The tenant for which an admin of the platform acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acting_for: Option<String>,
}

impl Metadata {
    /// The stored form.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a map of texts always serialises")
    }
}

/// Converts the metadata form of cqrs-es.
impl From<HashMap<String, String>> for Metadata {
    fn from(mut map: HashMap<String, String>) -> Self {
        Self {
            actor: map.remove("actor"),
            correlation_id: map.remove("correlation_id"),
            causation_id: map.remove("causation_id"),
            request_id: map.remove("request_id"),
            session_id: map.remove("session_id"),
            acting_for: map.remove("acting_for"),
        }
    }
}

//! Who caused an event, and in which conversation: kept beside the payload as a flat map of texts.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// The metadata of the events of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who acted: a user, an API key, `chirpstack`, a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The event or request that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<String>,
    /// The HTTP request that carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Metadata {
    /// As stored.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a map of texts always serialises")
    }
}

/// The form cqrs-es gives metadata in.
impl From<HashMap<String, String>> for Metadata {
    fn from(mut map: HashMap<String, String>) -> Self {
        Self {
            actor: map.remove("actor"),
            correlation_id: map.remove("correlation_id"),
            causation_id: map.remove("causation_id"),
            request_id: map.remove("request_id"),
        }
    }
}

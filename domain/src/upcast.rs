//! Upcasting: old forms of events are converted step by step to the current form before they are parsed.
//!
//! A cqrs-es upcaster turns version k of one event type into version k+1, on the raw JSON. Each accepts exactly one
//! version of one type, so the steps chain in any listed order. (cqrs-es's own `SemanticVersionEventUpcaster` accepts
//! every version below its own, so it would skip the versions between.)

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde_json::Value;

/// The upcasters. An event of the current version needs none and is parsed directly.
#[derive(Default)]
pub struct Upcasters {
    steps: Vec<Box<dyn EventUpcaster>>,
}

impl Upcasters {
    /// Upcasters in any order.
    pub fn new(steps: Vec<Box<dyn EventUpcaster>>) -> Self {
        Self { steps }
    }

    /// True when a stored event has an old form.
    pub fn applies_to(&self, event_type: &str, event_version: &str) -> bool {
        self.step(event_type, event_version).is_some()
    }

    /// The event in the newest form that the steps lead to. Ends after as many steps as there are upcasters.
    pub fn upcast(&self, event_type: &str, event_version: &str, payload: Value) -> SerializedEvent {
        // Upcasters use only type, version and payload, so the other fields stay empty.
        let (event_type, event_version) = (event_type.to_owned(), event_version.to_owned());
        let event = SerializedEvent::new(
            String::new(),
            0,
            String::new(),
            event_type,
            event_version,
            payload,
            Value::Null,
        );
        self.steps.iter().fold(event, |event, _| match self.step(&event.event_type, &event.event_version) {
            Some(step) => step.upcast(event),
            None => event,
        })
    }

    fn step(&self, event_type: &str, event_version: &str) -> Option<&dyn EventUpcaster> {
        self.steps.iter().map(AsRef::as_ref).find(|step| step.can_upcast(event_type, event_version))
    }
}

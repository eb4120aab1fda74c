//! Old forms of events, raised step by step to today's before they are read.
//!
//! An upcaster of cqrs-es turns version k of one event type into version k+1, on the raw JSON. Each accepts one version
//! of one type and nothing else, so the steps chain by themselves in whatever order they are listed. (cqrs-es's own
//! `SemanticVersionEventUpcaster` accepts every version below its own: it would jump over what lies between.)

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde_json::Value;

/// The steps there are. Today's version of each type needs none, and is parsed straight.
#[derive(Default)]
pub struct Upcasters {
    steps: Vec<Box<dyn EventUpcaster>>,
}

impl Upcasters {
    /// Steps in any order.
    pub fn new(steps: Vec<Box<dyn EventUpcaster>>) -> Self {
        Self { steps }
    }

    /// True when a stored event is of an old form.
    pub fn apply_to(&self, event_type: &str, event_version: &str) -> bool {
        self.step(event_type, event_version).is_some()
    }

    /// The event in the newest form the steps lead to. Ends after as many steps as there are, whatever they do.
    pub fn raise(&self, event_type: &str, event_version: &str, payload: Value) -> SerializedEvent {
        // Upcasters see type, version and payload; where the event stands is none of their business.
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

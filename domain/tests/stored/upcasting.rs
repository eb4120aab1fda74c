//! Upcasting: old forms of events are converted step by step to the current form.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use parking_domain::stored;
use parking_domain::upcast::Upcasters;
use serde_json::{Value, json};

/// A test upcaster from exactly one version of one type to another.
struct Step {
    from: (&'static str, &'static str),
    to: (&'static str, &'static str),
    /// The mark that it adds to the trace.
    mark: &'static str,
}

impl EventUpcaster for Step {
    fn can_upcast(&self, event_type: &str, event_version: &str) -> bool {
        (event_type, event_version) == self.from
    }

    fn upcast(&self, mut event: SerializedEvent) -> SerializedEvent {
        self.to.0.clone_into(&mut event.event_type);
        self.to.1.clone_into(&mut event.event_version);
        event.payload = marked(event.payload, self.mark);
        event
    }
}

/// The payload with a mark added to its trace, so that a skipped, repeated or misplaced step is visible.
fn marked(mut payload: Value, mark: &str) -> Value {
    let trace = payload["trace"].as_str().unwrap_or_default();
    payload["trace"] = json!(format!("{trace}{mark}"));
    payload
}

fn step(from: (&'static str, &'static str), to: (&'static str, &'static str), mark: &'static str) -> Step {
    Step { from, to, mark }
}

/// All permutations of this many items.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let insert_last = |order: Vec<usize>| {
        (0..count).map(move |place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    };
    orders(count - 1).into_iter().flat_map(insert_last).collect()
}

/// Type, version and trace of the upcast event.
fn raise(upcasters: &Upcasters, event_type: &str, version: &str) -> (String, String, String) {
    let raised = upcasters.upcast(event_type, version, json!({"kept": [1, {"a": null}]}));
    assert_eq!(raised.payload["kept"], json!([1, {"a": null}]), "untouched fields stay");
    let trace = raised.payload["trace"].as_str().unwrap_or_default().to_owned();
    (raised.event_type, raised.event_version, trace)
}

fn is(event_type: &str, version: &str, trace: &str) -> (String, String, String) {
    (event_type.into(), version.into(), trace.into())
}

#[test]
fn conformance_31_a_chain_of_steps_upcasts_every_version_in_any_listed_order() {
    for order in orders(4) {
        let steps = order.iter().map(|n| -> Box<dyn EventUpcaster> {
            Box::new(match n {
                0 => step(("Opened", "1"), ("Opened", "2"), "a"),
                1 => step(("Opened", "2"), ("Opened", "3"), "b"),
                // A type that was renamed on the way.
                2 => step(("Begun", "7"), ("Opened", "1"), "c"),
                _ => step(("Closed", "1"), ("Closed", "2"), "d"),
            })
        });
        let upcasters = Upcasters::new(steps.collect());
        for (from, raised) in [
            (("Begun", "7"), is("Opened", "3", "cab")),
            (("Opened", "1"), is("Opened", "3", "ab")),
            (("Opened", "2"), is("Opened", "3", "b")),
            (("Opened", "3"), is("Opened", "3", "")),
            (("Closed", "1"), is("Closed", "2", "d")),
            (("Moved", "1"), is("Moved", "1", "")),
        ] {
            assert_eq!(raise(&upcasters, from.0, from.1), raised, "{order:?}");
            assert_eq!(upcasters.applies_to(from.0, from.1), !raised.2.is_empty(), "{from:?}");
        }
    }
}

#[test]
fn cyclic_steps_terminate() {
    let circle: [Box<dyn EventUpcaster>; 2] =
        [Box::new(step(("A", "1"), ("B", "1"), "a")), Box::new(step(("B", "1"), ("A", "1"), "b"))];
    assert_eq!(raise(&Upcasters::new(circle.into()), "A", "1"), is("A", "1", "ab"));
}

#[test]
fn current_events_need_no_step() {
    assert!(!stored::upcasters().applies_to("UplinkReceived", "1"));
}

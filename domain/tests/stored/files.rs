//! The stored form of an aggregate's events: one file per type and version, which never changes.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use cqrs_es::DomainEvent;
use parking_domain::aggregate::Decider;
use parking_domain::stored::{Event, decode};
use serde_json::Value;

/// The current program parses each file as the event of its type.
pub(crate) fn assert_read<A: Decider>(events: &[A::Event], of_any_stream: fn(A::Event) -> Event) {
    for (event, stored) in with_files::<A>(events) {
        let read = decode(A::TYPE, &event.event_type(), &event.event_version(), &stored);
        assert_eq!(read.expect("the file is readable"), of_any_stream(event.clone()));
    }
}

/// The current program serialises each event as in its file, and there are no other files.
pub(crate) fn assert_written<A: Decider>(events: &[A::Event]) {
    for (event, stored) in with_files::<A>(events) {
        let stored: Value = serde_json::from_str(&stored).expect("the file is JSON");
        let written = serde_json::to_value(event).expect("events serialise");
        assert_eq!(written, stored, "{}: a changed form needs a new version", event.event_type());
    }
    let known: BTreeSet<String> =
        A::EVENTS.iter().map(|(name, version)| format!("{name}.{version}.json")).collect();
    let files = fs::read_dir(folder::<A>())
        .expect("the folder exists")
        .map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    assert_eq!(files.collect::<BTreeSet<_>>(), known);
}

/// Every event type of the aggregate with its event here and the text of its file.
fn with_files<A: Decider>(events: &[A::Event]) -> Vec<(&A::Event, String)> {
    let of_type = |name: &str| events.iter().find(|event| event.event_type() == name);
    let named = A::EVENTS.iter().map(|(name, version)| {
        let event = of_type(name).unwrap_or_else(|| panic!("no event of type {name} here"));
        let file = folder::<A>().join(format!("{name}.{version}.json"));
        (event, fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
    });
    named.collect()
}

fn folder<A: Decider>() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(A::TYPE)
}

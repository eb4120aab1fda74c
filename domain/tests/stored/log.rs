//! The stored form of every event of a `log` stream ever released. These files never change.

use parking_domain::actor::Actor;
use parking_domain::id::LogId;
use parking_domain::instant::Instant;
use parking_domain::log::{Log, LogEvent};
use parking_domain::stored::Event;
use uuid::Uuid;

use crate::files;

fn log_id(n: u128) -> LogId {
    Uuid::from_u128(0x018f_3a54_6c1e_7000_8000_0000_0000_0000 + n).into()
}

/// One event of each type, with every optional field set.
fn events() -> Vec<LogEvent> {
    let at: Instant = "2026-11-23T10:34:37.566168Z".parse().expect("a time");
    let sha256 = format!("c0ffee{}", "0".repeat(58));
    let reason = Some("restored for a trial".to_owned());
    vec![
        LogEvent::LogStarted { log_id: log_id(1), format: 5, dictionary: sha256.clone(), at },
        LogEvent::DictionaryAdded { number: 2, sha256, at, by: Actor::System },
        LogEvent::LogForked { from: log_id(1), to: log_id(2), position: 4711, reason, at, by: Actor::System },
        LogEvent::EventSkipped {
            position: 4712,
            projection: "registry".to_owned(),
            reason: "written by hand".to_owned(),
            undecodable: true,
            at,
            by: Actor::System,
        },
    ]
}

#[test]
fn conformance_76_every_stored_form_parses_as_the_current_event() {
    files::assert_read::<Log>(&events(), Event::Log);
}

#[test]
fn conformance_76_the_current_event_serialises_to_the_stored_form() {
    files::assert_written::<Log>(&events());
}

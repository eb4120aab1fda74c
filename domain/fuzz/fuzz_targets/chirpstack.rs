//! Any webhook body, as any event type, is a report or is refused, and a report can be recorded, stored, read back and
//! recognised when it is repeated.

#![no_main]

use chrono::DateTime;
use libfuzzer_sys::fuzz_target;
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind, Report};
use parking_domain::sensors::{Frame, choose, interpret};
use parking_domain::uplinks::{LookUp, RecordReport, UplinkEvent, UplinkRefusal, Uplinks};

const KINDS: [EventKind; 7] = [
    EventKind::Up,
    EventKind::Join,
    EventKind::Status,
    EventKind::Ack,
    EventKind::TxAck,
    EventKind::Log,
    EventKind::Location,
];

fuzz_target!(|body: &[u8]| {
    for kind in KINDS {
        let parsed = chirpstack::parse(kind, body);
        assert_eq!(parsed, chirpstack::parse(kind, body), "the parser is pure");
        if let Ok(report) = parsed {
            record(report);
        }
    }
});

fn record(report: Report) {
    let mut stream = Uplinks::default();
    let command = RecordReport { report, at: DateTime::UNIX_EPOCH, look_up: LookUp::NotDone };
    let events = stream.decide(&command).expect("an empty stream holds nothing");
    for event in &events {
        let stored = serde_json::to_string(event).expect("events serialise");
        let read: UplinkEvent = serde_json::from_str(&stored).expect("and are read back");
        assert_eq!(&read, event);
        stream.evolve(event);
        if let UplinkEvent::UplinkReceived(uplink) = event {
            let _choice = choose(None, None, &Frame::from(&**uplink));
            let _reading = interpret(uplink, None);
        }
    }
    assert_eq!(stream.decide(&command), Err(UplinkRefusal::ReportAlreadyRecorded));
}

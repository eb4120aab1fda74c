//! The `uplinks` stream as a specification: given recorded events, when a report arrives, then this is recorded.

use chrono::TimeDelta;
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind, Report};
use parking_domain::instant::Instant;
use parking_domain::uplinks::{LookUp, RecordReport, Standing, UplinkEvent, UplinkRefusal, Uplinks};
use serde_json::json;

/// A device's stream, and a clock that advances with its reports.
#[derive(Default)]
pub(crate) struct Stream {
    state: Uplinks,
    ids: u32,
}

#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) addr: &'static str,
    pub(crate) f_cnt: u32,
    pub(crate) second: i64,
    pub(crate) data: &'static str,
}

pub(crate) fn frame(addr: &'static str, f_cnt: u32, second: i64) -> Frame {
    Frame { addr, f_cnt, second, data: "AQ==" }
}

pub(crate) fn time(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

pub(crate) fn report(kind: EventKind, mut body: serde_json::Value) -> Report {
    body["deviceInfo"] = json!({"devEui": "58a0cb0000100001"});
    chirpstack::parse(kind, body.to_string().as_bytes()).expect("a report")
}

pub(crate) fn up(frame: &Frame, id: &str) -> Report {
    report(
        EventKind::Up,
        json!({"deduplicationId": id, "time": time(frame.second).to_string(), "devAddr": frame.addr,
               "fCnt": frame.f_cnt, "fPort": 102, "data": frame.data}),
    )
}

pub(crate) fn join(addr: &str, second: i64) -> Report {
    report(
        EventKind::Join,
        json!({"deduplicationId": format!("join {second}"), "time": time(second).to_string(), "devAddr": addr}),
    )
}

impl Stream {
    pub(crate) fn record_at(
        &mut self,
        report: Report,
        second: i64,
        look_up: LookUp,
    ) -> Result<UplinkEvent, UplinkRefusal> {
        let mut events = self.state.decide(&RecordReport { report, at: time(second), look_up })?;
        assert_eq!(events.len(), 1, "one report, one event");
        let event = events.remove(0);
        self.state.evolve(&event);
        Ok(event)
    }

    /// Records a frame with its own id, received when it was heard.
    pub(crate) fn up(&mut self, frame: &Frame) -> (u32, Standing) {
        self.up_received(frame, frame.second)
    }

    pub(crate) fn up_received(&mut self, frame: &Frame, second: i64) -> (u32, Standing) {
        self.ids += 1;
        let report = up(frame, &self.ids.to_string());
        match self.record_at(report, second, LookUp::Absent) {
            Ok(UplinkEvent::UplinkReceived(uplink)) => (uplink.session, uplink.standing),
            other => panic!("expected an uplink, got {other:?}"),
        }
    }

    pub(crate) fn join(&mut self, addr: &str, second: i64) -> (u32, Standing) {
        match self.record_at(join(addr, second), second, LookUp::Absent) {
            Ok(UplinkEvent::DeviceJoined(join)) => (join.session, join.standing),
            other => panic!("expected a join, got {other:?}"),
        }
    }
}

use Standing::{InOrder, Late, Repeated, Uncounted};

#[test]
fn an_uplink_whose_session_is_unknown_opens_one() {
    assert_eq!(Stream::default().up(&frame("0100a001", 97_208, 0)), (1, InOrder));
}

#[test]
fn an_increasing_counter_is_in_order_and_gaps_are_lost_frames() {
    let mut stream = Stream::default();
    for f_cnt in [0, 1, 2, 7, 500] {
        assert_eq!(stream.up(&frame("0100a001", f_cnt, i64::from(f_cnt))), (1, InOrder));
    }
}

#[test]
fn a_repeated_report_is_always_refused() {
    let mut stream = Stream::default();
    let report = up(&frame("0100a001", 1, 0), "581fe517");
    stream.record_at(report.clone(), 0, LookUp::NotDone).expect("the first time");
    for second in [0, 5, 86_400] {
        let refusal = stream.record_at(report.clone(), second, LookUp::NotDone);
        assert_eq!(refusal, Err(UplinkRefusal::ReportAlreadyRecorded));
    }
}

#[test]
fn a_lower_counter_within_the_clock_tolerance_is_late() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 10, 100));
    assert_eq!(stream.up_received(&frame("0100a001", 9, 40), 101), (1, Late));
    assert_eq!(stream.up_received(&frame("0100a001", 8, 130), 102), (1, Late), "within the clock tolerance");
    assert_eq!(stream.up(&frame("0100a001", 11, 160)), (1, InOrder));
}

#[test]
fn after_a_join_the_counter_starts_again() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 5000, 0));
    assert_eq!(stream.join("0200b002", 100), (2, InOrder));
    assert_eq!(stream.up(&frame("0200b002", 0, 110)), (2, InOrder));
}

#[test]
fn a_lost_join_is_detected_by_the_address() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 5000, 0));
    assert_eq!(stream.up(&frame("0200b002", 0, 5)), (2, InOrder));
}

#[test]
fn a_join_overtaken_by_its_first_uplink_opens_no_new_session() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 5000, 0));
    assert_eq!(stream.up(&frame("0200b002", 0, 110)), (2, InOrder));
    assert_eq!(stream.join("0200b002", 100), (2, InOrder));
    assert_eq!(stream.up(&frame("0200b002", 1, 120)), (2, InOrder));
}

#[test]
fn the_old_address_after_a_join_is_late_and_reopens_no_session() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 5000, 0));
    stream.join("0200b002", 100);
    assert_eq!(stream.up_received(&frame("0100a001", 5001, 90), 101), (1, Late));
    assert_eq!(stream.up(&frame("0200b002", 0, 110)), (2, InOrder));
}

#[test]
fn an_address_that_returns_later_is_a_new_session() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 10, 0));
    stream.up(&frame("0200b002", 0, 1000));
    assert_eq!(stream.up(&frame("0100a001", 0, 2000)), (3, InOrder));
}

#[test]
fn a_frame_of_an_unknown_former_session_is_late() {
    let mut stream = Stream::default();
    stream.join("0200b002", 100);
    assert_eq!(stream.up_received(&frame("0100a001", 5000, 50), 101), (2, Late));
    assert_eq!(stream.up(&frame("0200b002", 0, 110)), (1, InOrder), "the current session does not change");
}

#[test]
fn a_reactivation_without_join_restarts_the_counter_under_the_same_address() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 500, 0));
    assert_eq!(stream.up(&frame("0100a001", 0, 300)), (2, InOrder));
    assert_eq!(stream.up(&frame("0100a001", 1, 600)), (2, InOrder));
    assert_eq!(stream.up_received(&frame("0100a001", 501, 30), 601), (1, Late), "of the previous session");
}

#[test]
fn one_wrong_clock_does_not_make_a_late_frame_a_restart() {
    let mut stream = Stream::default();
    stream.up_received(&frame("0100a001", 10, -3600), 100);
    assert_eq!(stream.up_received(&frame("0100a001", 9, 98), 101), (1, Late));
}

#[test]
fn copies_from_a_device_without_counter_check_are_repetitions() {
    // With `skip_fcnt_check`, ChirpStack reports every copy with its own id.
    let mut stream = Stream::default();
    let standings: Vec<Standing> = [0, 1, 2, 2, 2, 0, 0, 7, 1]
        .iter()
        .map(|&f_cnt| stream.up(&frame("0100a001", f_cnt, i64::from(f_cnt))).1)
        .collect();
    assert_eq!(
        standings,
        [InOrder, InOrder, InOrder, Repeated, Repeated, Repeated, Repeated, InOrder, Repeated]
    );
}

#[test]
fn a_confirmed_frame_repeated_minutes_later_is_not_a_restart() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 7, 0));
    assert_eq!(stream.up(&frame("0100a001", 7, 200)), (1, Repeated));
    let other = Frame { data: "Ag==", ..frame("0100a001", 7, 400) };
    assert_eq!(stream.up(&other), (2, InOrder), "the same counter with other content, long after, is");
}

#[test]
fn a_report_without_an_id_is_identified_by_its_content_and_not_by_its_counter() {
    let mut stream = Stream::default();
    let anonymous = |data, second| up(&Frame { data, ..frame("0100a001", 0, second) }, "");
    stream.record_at(anonymous("AQ==", 0), 0, LookUp::NotDone).expect("the first time");
    let again = stream.record_at(anonymous("AQ==", 0), 3, LookUp::NotDone);
    assert_eq!(again, Err(UplinkRefusal::ReportAlreadyRecorded));
    for other in [anonymous("Ag==", 0), anonymous("AQ==", 1)] {
        stream.record_at(other, 4, LookUp::NotDone).expect("another report, regardless of its counter");
    }
}

#[test]
fn a_constant_counter_loses_the_order_but_not_the_content() {
    let mut stream = Stream::default();
    let with_data = |data, second| Frame { data, ..frame("0100a001", 0, second) };
    assert_eq!(stream.up(&with_data("AQ==", 0)), (1, InOrder));
    assert_eq!(stream.up(&with_data("Ag==", 30)), (1, Uncounted));
    assert_eq!(stream.up(&with_data("AQ==", 45)), (1, Uncounted), "the first content again");
    assert_eq!(stream.up(&with_data("AQ==", 50)), (1, Repeated));
}

#[test]
fn a_clock_in_the_future_does_not_freeze_the_device() {
    let week = 7 * 86_400;
    let mut stream = Stream::default();
    let join = stream.record_at(join("0100a001", week), 0, LookUp::NotDone).expect("recorded");
    assert!(matches!(join, UplinkEvent::DeviceJoined(join) if join.heard_at == time(0)));
    assert_eq!(stream.up(&frame("0100a001", 0, 10)), (1, InOrder));
    assert_eq!(stream.join("0200b002", 86_400), (2, InOrder));
    assert_eq!(stream.up(&frame("0200b002", 0, 86_410)), (2, InOrder));
    assert_eq!(stream.up_received(&frame("0200b002", 50, 2 * week), 90_000), (2, InOrder));
    assert_eq!(stream.up(&frame("0200b002", 0, 90_300)), (3, InOrder), "a re-activation is detected at once");
}

#[test]
fn joins_seconds_apart_are_ordered_by_arrival() {
    let mut stream = Stream::default();
    assert_eq!(stream.join("0100a001", 106), (1, InOrder));
    assert_eq!(stream.record_at(join("0200b002", 100), 112, LookUp::NotDone).map(session), Ok((2, InOrder)));
    assert_eq!(stream.up(&frame("0200b002", 0, 115)), (2, InOrder));
    assert_eq!(stream.record_at(join("0300c003", 20), 116, LookUp::NotDone).map(session), Ok((3, Late)));
}

pub(crate) fn session(event: UplinkEvent) -> (u32, Standing) {
    match event {
        UplinkEvent::DeviceJoined(join) => (join.session, join.standing),
        other => panic!("expected a join, got {other:?}"),
    }
}

#[test]
fn an_unreadable_counter_loses_the_order_but_not_the_uplink() {
    let mut stream = Stream::default();
    stream.up(&frame("0100a001", 500, 0));
    let odd = report(EventKind::Up, json!({"deduplicationId": "odd", "devAddr": "0100a001", "fCnt": "many"}));
    match stream.record_at(odd, 300, LookUp::NotDone) {
        Ok(UplinkEvent::UplinkReceived(uplink)) => {
            assert_eq!((uplink.session, uplink.standing, uplink.f_cnt), (1, Uncounted, None));
        }
        other => panic!("expected an uplink, got {other:?}"),
    }
    assert_eq!(stream.up(&frame("0100a001", 501, 310)), (1, InOrder));
}

#[test]
fn status_and_ack_share_an_uplinks_id_and_are_recorded_too() {
    let mut stream = Stream::default();
    let id = json!({"deduplicationId": "b080c0d8", "queueItemId": "4fb9d05c"});
    for kind in [EventKind::Status, EventKind::Up, EventKind::Ack, EventKind::TxAck, EventKind::Log] {
        stream.record_at(report(kind, id.clone()), 0, LookUp::NotDone).expect("each type once");
        let again = stream.record_at(report(kind, id.clone()), 0, LookUp::NotDone);
        assert_eq!(again, Err(UplinkRefusal::ReportAlreadyRecorded), "{kind:?}");
    }
}

#[test]
fn a_report_older_than_the_window_is_looked_up_in_the_stream() {
    let mut stream = Stream::default();
    (0..200).for_each(|n| {
        stream.up(&frame("0100a001", n, i64::from(n)));
    });
    let first = up(&frame("0100a001", 0, 0), "1");
    let mut record = |look_up| stream.record_at(first.clone(), 300, look_up);
    assert_eq!(record(LookUp::NotDone), Err(UplinkRefusal::ReportOlderThanWindow));
    assert_eq!(record(LookUp::Present), Err(UplinkRefusal::ReportAlreadyRecorded));
    assert!(record(LookUp::Absent).is_ok());
}

#[test]
fn received_at_never_runs_backwards_within_a_stream() {
    let mut stream = Stream::default();
    stream.up_received(&frame("0100a001", 1, 0), 100);
    let event = stream.record_at(up(&frame("0100a001", 2, 1), "x"), 50, LookUp::NotDone).expect("an event");
    assert_eq!(event.report().received_at, time(100));
}

//! The limits of the session rules: exactly at the clock tolerance, at the edge of the remembered window, and with one
//! of two signs missing.

use parking_domain::chirpstack::EventKind;
use parking_domain::uplinks::Standing::{self, InOrder, Late, Repeated, Uncounted};
use parking_domain::uplinks::{CLOCK_DOUBT, LookUp, UplinkEvent};
use serde_json::json;

use crate::uplinks::{Frame, Stream, frame, join, report, session};

/// The clock tolerance in seconds: times this far apart have no known order; one second more defines it.
const DOUBT: i64 = 60;

const A: &str = "0100a001";
const B: &str = "0200b002";
const C: &str = "0300c003";

/// The address of the n-th session.
const ADDRESSES: [&str; 9] = [
    "00000001", "00000002", "00000003", "00000004", "00000005", "00000006", "00000007", "00000008",
    "00000009",
];

fn with_data(data: &'static str, frame: &Frame) -> Frame {
    Frame { data, ..frame.clone() }
}

fn joined(stream: &mut Stream, addr: &str, heard: i64, received: i64) -> (u32, Standing) {
    stream.record_at(join(addr, heard), received, LookUp::Absent).map(session).expect("recorded")
}

#[test]
fn the_clock_tolerance_covers_gateways_30_s_off_in_both_directions() {
    assert_eq!(CLOCK_DOUBT.num_seconds(), DOUBT);
}

#[test]
fn a_former_address_returns_only_if_heard_and_received_later_than_the_tolerance() {
    let cases = [
        (900, 3000, (1, Late)),
        (1000 + DOUBT, 2000 + DOUBT + 1, (1, Late)),
        (1000 + DOUBT + 1, 2000 + DOUBT, (1, Late)),
        (1000 + DOUBT + 1, 2000 + DOUBT + 1, (3, InOrder)),
    ];
    for (heard, received, expected) in cases {
        let mut stream = Stream::default();
        stream.up(&frame(A, 10, 0));
        stream.up_received(&frame(B, 0, 1000), 2000);
        let place = stream.up_received(&frame(A, 11, heard), received);
        assert_eq!(place, expected, "heard {heard}, received {received}");
    }
}

#[test]
fn an_unknown_address_heard_before_the_current_session_is_former() {
    for (heard, expected) in [(99, (2, Late)), (100, (2, InOrder)), (101, (2, InOrder))] {
        let mut stream = Stream::default();
        stream.join(B, 100);
        assert_eq!(stream.up_received(&frame(A, 7, heard), 102), expected, "{heard}");
    }
}

#[test]
fn a_join_after_the_first_frame_moves_the_sessions_start_back() {
    let mut stream = Stream::default();
    stream.up(&frame(B, 0, 110));
    assert_eq!(joined(&mut stream, B, 100, 111), (1, InOrder));
    assert_eq!(stream.up_received(&frame(A, 7, 105), 112), (2, InOrder), "not before the session");
}

#[test]
fn a_lower_counter_is_a_restart_only_if_heard_and_received_later_than_the_tolerance() {
    let cases = [
        (DOUBT, 1000 + DOUBT + 1, (1, Late)),
        (DOUBT + 1, 1000 + DOUBT, (1, Late)),
        (DOUBT + 1, 1000 + DOUBT + 1, (2, InOrder)),
    ];
    for (heard, received, expected) in cases {
        let mut stream = Stream::default();
        stream.up_received(&frame(A, 10, 0), 1000);
        let place = stream.up_received(&frame(A, 9, heard), received);
        assert_eq!(place, expected, "heard {heard}, received {received}");
    }
}

#[test]
fn an_equal_counter_later_is_a_repetition_or_with_other_content_a_restart() {
    let newest = || {
        let mut stream = Stream::default();
        stream.up(&frame(A, 10, 0));
        stream
    };
    assert_eq!(newest().up(&frame(A, 10, DOUBT + 1)), (1, Repeated));
    assert_eq!(newest().up(&with_data("AA==", &frame(A, 10, DOUBT))), (1, Uncounted));
    assert_eq!(newest().up(&with_data("AA==", &frame(A, 10, DOUBT + 1))), (2, InOrder));
    let other_port =
        json!({"deduplicationId": "other port", "devAddr": A, "fCnt": 10, "fPort": 103, "data": "AQ=="});
    let place = newest().record_at(report(EventKind::Up, other_port), 1, LookUp::Absent);
    assert!(
        matches!(&place, Ok(UplinkEvent::UplinkReceived(up)) if up.standing == Uncounted),
        "the same bytes on another port are other content"
    );
}

#[test]
fn after_a_restart_older_frames_belong_to_the_previous_session() {
    for (heard, expected) in [(300 - DOUBT - 1, (1, Late)), (300 - DOUBT, (2, InOrder))] {
        let mut stream = Stream::default();
        stream.up(&frame(A, 500, 0));
        assert_eq!(stream.up(&frame(A, 0, 300)), (2, InOrder));
        assert_eq!(stream.up_received(&frame(A, 501, heard), 301), expected, "{heard}");
    }
}

#[test]
fn a_late_or_repeated_frame_does_not_update_the_newest() {
    for (f_cnt, standing) in [(9, Late), (10, Repeated)] {
        let mut stream = Stream::default();
        stream.up(&frame(A, 10, 0));
        assert_eq!(stream.up(&frame(A, f_cnt, 50)), (1, standing));
        assert_eq!(stream.up(&frame(A, 8, DOUBT + 1)), (2, InOrder), "{standing:?}");
    }
}

#[test]
fn a_frame_of_a_former_session_is_late_or_repeated_but_never_in_order() {
    let mut stream = Stream::default();
    stream.up(&frame(A, 10, 0));
    stream.up(&frame(A, 12, 1));
    stream.up(&frame(B, 0, 100));
    assert_eq!(stream.up_received(&frame(A, 13, 2), 101), (1, Late));
    assert_eq!(stream.up_received(&frame(A, 13, 2), 102), (1, Repeated));
    assert_eq!(stream.up_received(&frame(A, 10, 0), 103), (1, Repeated));
    assert_eq!(stream.up_received(&frame(A, 11, 1), 104), (1, Late));
    assert_eq!(stream.up(&frame(B, 1, 110)), (2, InOrder));
}

#[test]
fn a_rejoin_under_the_same_address_must_exceed_the_tolerance() {
    for (heard, expected) in [(100 + DOUBT, (1, InOrder)), (100 + DOUBT + 1, (2, InOrder))] {
        let mut stream = Stream::default();
        stream.join(A, 100);
        assert_eq!(stream.join(A, heard), expected, "{heard}");
    }
    let mut stream = Stream::default();
    stream.up(&frame(A, 5, 0));
    assert_eq!(
        stream.join(A, 1000),
        (1, InOrder),
        "the first join of a known address belongs to its session"
    );
}

#[test]
fn a_join_of_a_former_address_is_late() {
    let mut stream = Stream::default();
    stream.up(&frame(A, 5, 0));
    stream.up(&frame(B, 0, 100));
    assert_eq!(joined(&mut stream, A, 10, 101), (1, Late));
}

#[test]
fn a_join_of_an_unknown_address_before_the_current_session_is_former() {
    for (heard, expected) in [(100 - DOUBT - 1, (2, Late)), (100 - DOUBT, (2, InOrder))] {
        let mut stream = Stream::default();
        stream.join(B, 100);
        assert_eq!(joined(&mut stream, C, heard, 101), expected, "{heard}");
    }
}

#[test]
fn seven_former_sessions_are_kept_and_older_ones_are_unknown() {
    let mut stream = Stream::default();
    for (n, addr) in (0..).zip(ADDRESSES) {
        stream.up(&frame(addr, 5, n * 100));
    }
    assert_eq!(stream.up_received(&frame(ADDRESSES[1], 4, 90), 900), (2, Late));
    assert_eq!(stream.up_received(&frame(ADDRESSES[0], 4, 0), 901), (10, Late));
    assert_eq!(stream.up(&frame(ADDRESSES[8], 6, 910)), (9, InOrder), "the current session does not change");
}

#[test]
fn sixty_three_counters_below_the_highest_are_tracked() {
    let mut stream = Stream::default();
    for (second, f_cnt) in [(0, 36), (1, 37), (2, 99), (3, 100)] {
        stream.up(&frame(A, f_cnt, second));
    }
    assert_eq!(stream.up(&frame(A, 99, 4)), (1, Repeated));
    assert_eq!(stream.up(&frame(A, 37, 5)), (1, Repeated), "63 below");
    assert_eq!(stream.up(&frame(A, 36, 6)), (1, Late), "64 below: no longer tracked");
    assert_eq!(stream.up(&frame(A, 38, 7)), (1, Late), "never seen");
    assert_eq!(stream.up(&frame(A, 38, 8)), (1, Repeated), "seen now");
    assert_eq!(stream.up(&frame(A, 38, 9)), (1, Repeated), "and again");
    stream.up(&frame(A, 164, 10));
    assert_eq!(stream.up(&frame(A, 100, 11)), (1, Late), "64 below");
    assert_eq!(stream.up(&frame(A, 164, 12)), (1, Repeated));
    stream.up(&frame(A, 165, 13));
    assert_eq!(stream.up(&frame(A, 164, 14)), (1, Repeated));
    assert_eq!(stream.up(&frame(A, 163, 15)), (1, Late));
}

#[test]
fn a_frame_without_an_address_belongs_to_the_current_session_which_takes_the_next_address() {
    let anonymous =
        |id: &str, f_cnt: u32| report(EventKind::Up, json!({"deduplicationId": id, "fCnt": f_cnt}));
    let up = |stream: &mut Stream, report, second| match stream.record_at(report, second, LookUp::Absent) {
        Ok(UplinkEvent::UplinkReceived(uplink)) => (uplink.session, uplink.standing),
        other => panic!("expected an uplink, got {other:?}"),
    };
    let mut stream = Stream::default();
    assert_eq!(up(&mut stream, anonymous("first", 1), 0), (1, InOrder));
    assert_eq!(stream.up(&frame(A, 2, 1)), (1, InOrder));
    assert_eq!(up(&mut stream, anonymous("third", 3), 2), (1, InOrder));
    assert_eq!(stream.up(&frame(B, 0, 3)), (2, InOrder));
    assert_eq!(stream.up_received(&frame(A, 4, 2), 4), (1, Late));
}

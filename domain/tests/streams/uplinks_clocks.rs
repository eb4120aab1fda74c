//! Clocks that cannot be right do not order a device's reports, and counters show a restart that a clock denies.

use parking_domain::chirpstack::{EventKind, Report};
use parking_domain::uplinks::Standing::{self, InOrder, Late, Repeated, Uncounted};
use parking_domain::uplinks::{LookUp, UplinkEvent, UplinkReceived, UplinkRefusal};
use serde_json::{Value, json};

use crate::uplinks::{Frame, Stream, frame, join, report, session, time, up};

const A: &str = "0100a001";
const B: &str = "0200b002";

const DAY: i64 = 86_400;

/// The seconds from the start of 1980, and to the start of 2080.
const IN_1980: i64 = -16_348 * DAY;
const IN_2080: i64 = 20_177 * DAY;

/// An uplink whose clocks are given.
fn clocked(f_cnt: u32, clocks: [Option<i64>; 2]) -> Report {
    let [ns_time, reported] = clocks.map(|second| second.map(|second| time(second).to_string()));
    let mut body = json!({"deduplicationId": format!("{f_cnt} {clocks:?}"), "devAddr": A, "fCnt": f_cnt,
                          "rxInfo": [{"nsTime": ns_time}]});
    body["time"] = reported.map_or(Value::Null, Value::from);
    report(EventKind::Up, body)
}

fn record(stream: &mut Stream, report: Report, second: i64) -> UplinkReceived {
    match stream.record_at(report, second, LookUp::Absent) {
        Ok(UplinkEvent::UplinkReceived(uplink)) => *uplink,
        other => panic!("expected an uplink, got {other:?}"),
    }
}

/// A stream that begins with counter 50 at second 0.
fn begun() -> Stream {
    let mut stream = Stream::default();
    stream.up(&frame(A, 50, 0));
    stream
}

#[test]
fn a_restart_with_a_clock_in_1980_or_2080_is_in_order() {
    for clock in [IN_1980, IN_2080] {
        for addr in [A, B] {
            let mut stream = begun();
            for f_cnt in 0..5 {
                let received = 70 + 5 * i64::from(f_cnt);
                let place = stream.up_received(&frame(addr, f_cnt, clock), received);
                assert_eq!(place, (2, InOrder), "{addr}, counter {f_cnt}");
            }
        }
    }
}

#[test]
fn a_join_with_a_clock_in_1980_begins_a_session() {
    let mut stream = begun();
    let joined = stream.record_at(join(B, IN_1980), 10, LookUp::NotDone).expect("recorded");
    assert!(matches!(&joined, UplinkEvent::DeviceJoined(join) if join.heard_at == time(10)));
    assert_eq!(session(joined), (2, InOrder));
    assert_eq!(stream.up_received(&frame(B, 0, IN_1980), 12), (2, InOrder));
}

/// It cannot be told from a join that was delivered an hour late (decision 0044).
#[test]
fn a_join_with_a_clock_an_hour_slow_delays_its_session_by_a_minute_at_most() {
    let mut stream = begun();
    let joined = stream.record_at(join(B, 10 - 3600), 10, LookUp::NotDone).expect("recorded");
    assert_eq!(session(joined), (2, Late));
    for (f_cnt, second, place) in
        [(0, 12, (2, Late)), (1, 60, (2, Late)), (2, 61, (3, InOrder)), (3, 62, (3, InOrder))]
    {
        assert_eq!(stream.up_received(&frame(B, f_cnt, second), second), place, "second {second}");
    }
    // What the old session sent before is late, and undoes nothing.
    assert_eq!(stream.up_received(&frame(A, 51, 5), 63), (1, Late));
}

#[test]
fn a_clock_is_ignored_if_it_is_later_than_a_minute_after_the_arrival() {
    for (ns_time, heard) in [(100, 100), (160, 100), (161, 95)] {
        let uplink = record(&mut begun(), clocked(51, [Some(ns_time), Some(95)]), 100);
        assert_eq!(uplink.heard_at, time(heard), "nsTime {ns_time}");
    }
}

#[test]
fn a_clock_is_ignored_if_it_is_more_than_a_day_slow_and_before_the_first_arrival() {
    let cases = [
        (DAY, 0, 0),
        (DAY + 1, 0, 0),
        (DAY + 1, -1, DAY + 1),
        (DAY - 1, -1, -1),
        (DAY - 1, -2, DAY - 1),
        (100 * DAY, 97 * DAY, 97 * DAY),
    ];
    for (received, clock, heard) in cases {
        let uplink = record(&mut begun(), clocked(51, [Some(clock), None]), received);
        assert_eq!(uplink.heard_at, time(heard), "nsTime {clock}, received {received}");
    }
}

#[test]
fn the_first_clock_that_can_be_right_counts() {
    let cases = [
        ([Some(IN_1980), Some(90)], 90),
        ([Some(80), Some(IN_2080)], 80),
        ([Some(80), Some(90)], 80),
        ([None, Some(90)], 90),
        ([Some(IN_2080), Some(IN_1980)], 100),
        ([None, None], 100),
    ];
    for (clocks, heard) in cases {
        assert_eq!(record(&mut begun(), clocked(51, clocks), 100).heard_at, time(heard), "{clocks:?}");
    }
}

#[test]
fn a_report_that_is_recorded_late_is_measured_by_its_own_arrival() {
    // It arrived before the report with which the stream begins, three days ago.
    for clocks in [[Some(-3 * DAY), None], [None, None], [None, Some(IN_1980)]] {
        let uplink = record(&mut begun(), clocked(49, clocks), -3 * DAY);
        assert_eq!((uplink.heard_at, uplink.standing), (time(-3 * DAY), Late), "{clocks:?}");
        assert_eq!(uplink.report.received_at, time(0), "received_at never runs backwards");
    }
}

#[test]
fn a_lower_counter_with_a_time_that_can_be_right_stays_late() {
    let weekend = 3 * DAY;
    let mut stream = begun();
    stream.up(&frame(A, 100, 100 * DAY));
    // A gateway delivers within seconds what it has kept.
    for f_cnt in 51..100 {
        let heard = 100 * DAY - weekend + i64::from(f_cnt) * 1800;
        let place = stream.up_received(&frame(A, f_cnt, heard), 100 * DAY + 1000 + i64::from(f_cnt));
        assert_eq!(place, (1, Late), "{f_cnt}");
    }
    assert_eq!(stream.up(&frame(A, 101, 101 * DAY)), (1, InOrder));
}

#[test]
fn a_time_that_is_ignored_is_kept_as_sent_and_recognises_the_report() {
    let mut stream = begun();
    for (id, clock) in [("a", IN_1980), ("b", IN_2080)] {
        let report = up(&frame(A, 60, clock), id);
        let event = stream.record_at(report.clone(), 100, LookUp::NotDone).expect("recorded");
        assert_eq!(event.report().time, Some(time(clock)));
        let again = stream.record_at(report, 200, LookUp::NotDone);
        assert_eq!(again, Err(UplinkRefusal::ReportAlreadyRecorded));
    }
}

/// The standings of frames with the address and a clock that is two hours slow, received at these minutes.
fn standings(stream: &mut Stream, addr: &'static str, frames: &[(u32, i64)]) -> Vec<Standing> {
    let slow = |&(f_cnt, minute): &(u32, i64)| {
        stream.up_received(&frame(addr, f_cnt, minute * 60 - 7200), minute * 60).1
    };
    frames.iter().map(slow).collect()
}

#[test]
fn three_rising_lower_counters_ten_minutes_apart_are_a_restart() {
    for addr in [A, B] {
        let mut stream = begun();
        let frames = [(0, 11), (1, 21), (3, 31), (4, 32), (9, 33)];
        let expected = [Late, Late, InOrder, InOrder, InOrder];
        assert_eq!(standings(&mut stream, addr, &frames), expected, "{addr}");
    }
}

#[test]
fn lower_counters_that_were_seen_before_are_a_restart_too() {
    let mut stream = Stream::default();
    (0..6).for_each(|f_cnt| {
        stream.up(&frame(A, f_cnt, i64::from(f_cnt)));
    });
    let expected = [Repeated, Repeated, InOrder, InOrder];
    assert_eq!(standings(&mut stream, A, &[(0, 11), (1, 21), (2, 31), (3, 41)]), expected);
}

#[test]
fn a_former_session_comes_back_by_rising_counters() {
    let mut stream = begun();
    stream.join(B, 60);
    assert_eq!(
        standings(&mut stream, A, &[(51, 11), (52, 21), (53, 31), (54, 32)]),
        [Late, Late, InOrder, InOrder]
    );
}

#[test]
fn a_sensor_that_reports_in_pairs_or_often_shows_its_restart() {
    let cases: [&[(u32, i64)]; 4] = [
        &[(0, 60), (1, 90), (2, 91), (3, 120)],
        &[(0, 60), (1, 61), (2, 90), (3, 91), (4, 120)],
        &[(0, 11), (1, 16), (2, 21), (3, 26), (4, 31)],
        &[(0, 11), (1, 20), (2, 29), (3, 38), (4, 47)],
    ];
    for frames in cases {
        let standings = standings(&mut begun(), A, frames);
        let (last, before) = standings.split_last().expect("frames");
        assert!(*last == InOrder && before.iter().all(|it| *it == Late), "{frames:?}: {standings:?}");
    }
}

#[test]
fn lower_counters_that_do_not_rise_in_a_row_or_come_within_minutes_are_no_restart() {
    let cases: [&[(u32, i64)]; 4] = [
        &[(0, 11), (1, 13), (2, 15), (3, 17), (4, 20), (5, 21)],
        &[(4, 11), (3, 21), (2, 31), (1, 41), (0, 51)],
        &[(0, 11), (1, 21), (0, 31), (1, 41)],
        &[(0, 11), (5, 12), (1, 21), (2, 22), (3, 31)],
    ];
    for frames in cases {
        let standings = standings(&mut begun(), A, frames);
        assert!(
            standings.iter().all(|standing| matches!(standing, Late | Repeated)),
            "{frames:?}: {standings:?}"
        );
    }
    let mut stream = begun();
    let expected = [Late, Late, InOrder, Late, Late];
    assert_eq!(standings(&mut stream, A, &[(0, 11), (1, 21), (51, 30), (2, 31), (3, 41)]), expected);
}

#[test]
fn a_copy_neither_counts_as_a_lower_counter_nor_ends_the_row() {
    let mut stream = begun();
    let frames = [(0, 11), (0, 21), (1, 31), (50, 35), (1, 41), (2, 42)];
    let expected = [Late, Repeated, Late, Repeated, Repeated, InOrder];
    assert_eq!(standings(&mut stream, A, &frames), expected);
}

#[test]
fn a_frame_of_the_current_session_ends_the_row_even_if_it_is_uncounted() {
    let mut stream = begun();
    assert_eq!(standings(&mut stream, A, &[(0, 11), (1, 21)]), [Late, Late]);
    let other = Frame { data: "Ag==", ..frame(A, 50, 25 * 60 - 7200) };
    assert_eq!(stream.up_received(&other, 25 * 60), (1, Uncounted));
    assert_eq!(standings(&mut stream, A, &[(2, 31), (3, 41)]), [Late, Late]);
    assert_eq!(standings(&mut stream, A, &[(4, 51)]), [InOrder]);
}

/// A frame with a right clock, heard and received at these minutes.
fn right(stream: &mut Stream, f_cnt: u32, heard: i64, received: i64) -> (u32, Standing) {
    stream.up_received(&frame(A, f_cnt, heard * 60), received * 60)
}

#[test]
fn an_old_frame_does_not_enter_a_session_that_counters_opened() {
    let mut stream = begun();
    assert_eq!(standings(&mut stream, A, &[(0, 60), (1, 75), (2, 90)]), [Late, Late, InOrder]);
    assert_eq!(right(&mut stream, 51, 30, 100), (1, Late), "a gateway delivers what it kept");
    assert_eq!(right(&mut stream, 49, -1, 101), (1, Late));
    let own = |stream: &mut Stream, f_cnt, minute: i64| {
        stream.up_received(&frame(A, f_cnt, minute * 60 - 7200), minute * 60)
    };
    assert_eq!(own(&mut stream, 3, 105), (2, InOrder));
    assert_eq!(own(&mut stream, 4, 106), (2, InOrder));
    assert_eq!(right(&mut stream, 5, 107, 107), (2, InOrder), "through another gateway");
    assert_eq!(own(&mut stream, 6, 400), (2, InOrder));
    // It restarts again, and its clock is as slow as before.
    assert_eq!(own(&mut stream, 0, 430), (3, InOrder));
    assert_eq!(own(&mut stream, 1, 431), (3, InOrder));
    assert_eq!(right(&mut stream, 7, 401, 432), (2, Late));
}

#[test]
fn a_device_with_a_slow_clock_joins_again() {
    let mut stream = begun();
    assert_eq!(standings(&mut stream, A, &[(0, 60), (1, 75), (2, 90)]), [Late, Late, InOrder]);
    let joined = stream.record_at(join(B, 100 * 60 - 7200), 100 * 60, LookUp::NotDone).expect("recorded");
    assert_eq!(session(joined), (3, InOrder));
    assert_eq!(standings(&mut stream, B, &[(0, 101), (1, 131)]), [InOrder, InOrder]);
}

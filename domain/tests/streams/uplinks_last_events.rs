//! A decision from a stream's last events equals the one from the whole stream.

use chrono::TimeDelta;
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, Content, EventKind, Report};
use parking_domain::instant::Instant;
use parking_domain::uplinks::{LookUp, RecordReport, UplinkEvent, UplinkRefusal, Uplinks};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

/// What a device does next, and how far the clock of its gateway is off.
#[derive(Clone, Debug)]
struct Step {
    kind: EventKind,
    pause: i64,
    clock: i64,
    counter: Counter,
    /// `None` for a report without an address.
    address: Option<u32>,
    data: &'static str,
    /// How many reports ago this one was sent before; 0 for a new one.
    repeats: usize,
}

/// Seconds by which a clock may be wrong: a day and more, or decades.
const WRONG: [i64; 5] = [-86_400, -90_000, -200_000, -1_400_000_000, 1_700_000_000];

#[derive(Clone, Debug)]
enum Counter {
    Next(u32),
    Earlier(u32),
    From(u32),
    Unreadable,
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        20 => Just(EventKind::Up),
        1 => Just(EventKind::Join),
        1 => prop::sample::select(vec![EventKind::Status, EventKind::Log, EventKind::Location]),
    ];
    let counter = prop_oneof![
        12 => (1..3_u32).prop_map(Counter::Next),
        2 => Just(Counter::Earlier(0)),
        2 => (1..70_u32).prop_map(Counter::Earlier),
        1 => (0..3_u32).prop_map(Counter::From),
        1 => Just(Counter::Unreadable),
    ];
    let pause = prop_oneof![4 => 0..5_i64, 4 => 60..600_i64, 1 => 600..5000_i64];
    let clock = prop_oneof![8 => -30..30_i64, 2 => -4000..100_i64, 1 => prop::sample::select(WRONG.to_vec())];
    let address = prop_oneof![12 => Just(Some(0)), 1 => (1..3_u32).prop_map(Some), 1 => Just(None)];
    let data = prop::sample::select(vec!["AQ==", "Ag=="]);
    let repeats = prop_oneof![9 => Just(0), 1 => 1..100_usize];
    (kind, pause, clock, counter, address, data, repeats).prop_map(
        |(kind, pause, clock, counter, address, data, repeats)| Step {
            kind,
            pause,
            clock,
            counter,
            address,
            data,
            repeats,
        },
    )
}

/// An uplink ten minutes later.
fn uplink(address: u32, counter: Counter, clock: i64) -> Step {
    let (kind, address) = (EventKind::Up, Some(address));
    Step { kind, pause: 600, clock, counter, address, data: "AQ==", repeats: 0 }
}

/// A device, as far as its next report depends on the earlier ones.
#[derive(Clone, Default)]
struct Device {
    second: i64,
    f_cnt: u32,
    sent: Vec<Report>,
}

impl Device {
    fn command(&mut self, step: &Step, log: &[UplinkEvent]) -> RecordReport {
        self.second += step.pause;
        self.f_cnt = match step.counter {
            Counter::Next(by) => self.f_cnt + by,
            Counter::Earlier(by) => self.f_cnt.saturating_sub(by),
            Counter::From(first) => first,
            Counter::Unreadable => self.f_cnt,
        };
        let earlier = self.sent.len().checked_sub(step.repeats).and_then(|index| self.sent.get(index));
        let report = earlier.cloned().unwrap_or_else(|| self.report(step));
        self.sent.push(report.clone());
        let look_up = if is_recorded(log, &report) { LookUp::Present } else { LookUp::Absent };
        RecordReport { report, at: at(self.second), look_up }
    }

    fn report(&self, step: &Step) -> Report {
        let f_cnt = if matches!(step.counter, Counter::Unreadable) { json!("?") } else { json!(self.f_cnt) };
        let mut body = json!({
            "deviceInfo": {"devEui": "58a0cb0000100001"},
            "deduplicationId": self.sent.len().to_string(),
            "fCnt": f_cnt,
            "data": step.data,
            "time": at(self.second + step.clock).to_string(),
        });
        if let Some(address) = step.address {
            body["devAddr"] = json!(format!("0000000{address}"));
        }
        chirpstack::parse(step.kind, body.to_string().as_bytes()).expect("a report")
    }
}

fn at(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

fn is_recorded(log: &[UplinkEvent], report: &Report) -> bool {
    log.iter().any(|event| event.report().key == report.key)
}

/// An event as streams are loaded.
fn bare(event: &UplinkEvent) -> UplinkEvent {
    Uplinks::read_bare(&serde_json::to_string(event).expect("serialises")).expect("deserialises")
}

/// The stream of a device that takes these steps, with its state.
fn stream(steps: &[Step]) -> (Uplinks, Vec<UplinkEvent>, Device) {
    let (mut state, mut log, mut device) = (Uplinks::default(), Vec::new(), Device::default());
    for step in steps {
        let command = device.command(step, &log);
        for event in state.decide(&command).into_iter().flatten() {
            state.evolve(&event);
            log.push(event);
        }
    }
    (state, log, device)
}

type Decision = Result<Vec<UplinkEvent>, UplinkRefusal>;

fn from_last(command: &RecordReport, log: &[UplinkEvent], known: usize) -> Option<Decision> {
    let last: Vec<_> = log[log.len().saturating_sub(known)..].iter().map(bare).collect();
    Uplinks::decide_from_last_events(command, &last, command.look_up == LookUp::Present)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn a_decision_from_the_last_events_equals_the_one_from_the_whole_stream(
        steps in vec(step(), 1..120),
        next in vec(step(), 20),
        known in 0..40_usize,
    ) {
        let (state, log, device) = stream(&steps);
        for step in &next {
            let command = device.clone().command(step, &log);
            if let Some(decision) = from_last(&command, &log, known) {
                prop_assert_eq!(decision, state.decide(&command));
            }
        }
    }

    #[test]
    fn the_next_frame_of_a_backlog_is_decided(steps in 2..100_usize, known in 2..40_usize) {
        // A gateway sends within a second each what it heard ten minutes apart, hours ago. Two frames show that its clock is
        // not slow.
        let frames = |n: usize| Step { pause: 1, ..uplink(0, Counter::Next(1), 600 * i64::try_from(n).unwrap() - 80_000) };
        let (state, log, mut device) = stream(&(0..steps).map(frames).collect::<Vec<_>>());
        let command = device.command(&frames(steps), &log);
        prop_assert_eq!(from_last(&command, &log, known), Some(state.decide(&command)));
    }

    #[test]
    fn the_next_frame_of_a_working_device_is_decided(steps in 1..100_usize, known in 1..40_usize) {
        let next = uplink(0, Counter::Next(1), -1);
        let (state, log, mut device) = stream(&vec![next.clone(); steps]);
        let command = device.command(&next, &log);
        prop_assert_eq!(from_last(&command, &log, known), Some(state.decide(&command)));
    }
}

#[test]
fn late_and_repeated_frames_before_the_last_one_in_order_do_not_hide_the_current_session() {
    let next = uplink(1, Counter::Next(1), 0);
    let steps = [
        uplink(0, Counter::Next(1), 0),
        next.clone(),
        uplink(0, Counter::Earlier(0), -1200),
        uplink(1, Counter::Earlier(0), 0),
        next.clone(),
    ];
    let (state, log, mut device) = stream(&steps);
    let command = device.command(&next, &log);
    assert_eq!(from_last(&command, &log, 3), Some(state.decide(&command)));
}

#[test]
fn a_clock_more_than_a_day_slow_needs_the_whole_stream_if_it_is_before_the_last_events() {
    let pauses = Step { pause: 4 * 86_400, ..uplink(0, Counter::Next(1), 0) };
    let (state, log, device) = stream(&[pauses.clone(), pauses.clone(), pauses]);
    for (days, is_decided) in [(3, true), (5, false), (13, false)] {
        let slow = uplink(0, Counter::Next(1), -days * 86_400);
        let command = device.clone().command(&slow, &log);
        let expected = is_decided.then(|| state.decide(&command));
        assert_eq!(from_last(&command, &log, 2), expected, "{days} days");
    }
}

#[test]
fn an_equal_counter_with_other_content_needs_the_whole_stream() {
    // The frame before the last event was heard 30 s before the new one, the last event itself 80 s before.
    let first = uplink(0, Counter::Next(1), 0);
    let last = Step { pause: 1, ..uplink(0, Counter::Next(1), -51) };
    let next = Step { pause: 62, data: "Ag==", ..uplink(0, Counter::Earlier(0), -33) };
    let (_, log, mut device) = stream(&[first, last]);
    let command = device.command(&next, &log);
    assert_eq!(from_last(&command, &log, 1), None);
}

#[test]
fn a_join_and_the_first_report_of_a_stream_need_the_whole_stream() {
    let (_, log, mut device) = stream(&[]);
    let uplink = uplink(0, Counter::Next(1), 0);
    assert!(from_last(&device.command(&uplink, &log), &log, 32).is_none());
    let (_, log, mut device) = stream(std::slice::from_ref(&uplink));
    let join = Step { kind: EventKind::Join, ..uplink };
    let command = device.command(&join, &log);
    assert!(matches!(command.report.content, Content::Join(_)));
    assert!(from_last(&command, &log, 32).is_none());
}

#[test]
fn an_old_frame_in_a_session_with_a_slow_clock_is_decided_as_by_the_whole_stream() {
    let slow = |counter| uplink(0, counter, -7200);
    let right = vec![uplink(0, Counter::Next(1), 0); 60];
    let restarted =
        [Counter::From(0), Counter::Next(1), Counter::Next(1), Counter::Next(1), Counter::Next(1)];
    let steps: Vec<_> = right.into_iter().chain(restarted.map(slow)).collect();
    let (state, log, device) = stream(&steps);
    for clock in [-7200, -7000, -5000, -3600, -60, 0] {
        let command = device.clone().command(&uplink(0, Counter::From(70), clock), &log);
        let decided = Some(state.decide(&command));
        for known in 0..=log.len() {
            let from_last = from_last(&command, &log, known);
            assert!(from_last.is_none() || from_last == decided, "{clock}, {known} known: {from_last:?}");
        }
    }
    let command = device.clone().command(&slow(Counter::Next(1)), &log);
    let decided = state.decide(&command).expect("recorded");
    assert!(matches!(&decided[..], [UplinkEvent::UplinkReceived(uplink)] if uplink.session == 2));
}

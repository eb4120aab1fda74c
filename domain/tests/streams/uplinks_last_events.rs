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
    address: u32,
    /// How many reports ago this one was sent before; 0 for a new one.
    repeats: usize,
}

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
        1 => Just(EventKind::Status),
    ];
    let counter = prop_oneof![
        12 => (1..3_u32).prop_map(Counter::Next),
        2 => (0..70_u32).prop_map(Counter::Earlier),
        1 => (0..3_u32).prop_map(Counter::From),
        1 => Just(Counter::Unreadable),
    ];
    let pause = prop_oneof![0..5_i64, 60..600_i64];
    let clock = prop_oneof![4 => -30..30_i64, 1 => -4000..100_i64];
    let address = prop_oneof![12 => Just(0), 1 => 1..3_u32];
    let repeats = prop_oneof![9 => Just(0), 1 => 1..100_usize];
    (kind, pause, clock, counter, address, repeats).prop_map(
        |(kind, pause, clock, counter, address, repeats)| Step {
            kind,
            pause,
            clock,
            counter,
            address,
            repeats,
        },
    )
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
        let body = json!({
            "deviceInfo": {"devEui": "58a0cb0000100001"},
            "deduplicationId": self.sent.len().to_string(),
            "devAddr": format!("0000000{}", step.address),
            "fCnt": f_cnt,
            "time": at(self.second + step.clock).to_string(),
        });
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
    Uplinks::decide_from_last_events(command, &last)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
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
    fn the_next_frame_of_a_working_device_is_decided(steps in 1..100_usize, known in 1..40_usize) {
        let next = Step { kind: EventKind::Up, pause: 60, clock: -1, counter: Counter::Next(1), address: 0, repeats: 0 };
        let (state, log, mut device) = stream(&vec![next.clone(); steps]);
        let command = device.command(&next, &log);
        prop_assert_eq!(from_last(&command, &log, known), Some(state.decide(&command)));
    }
}

#[test]
fn late_and_repeated_frames_before_the_last_one_in_order_do_not_hide_the_current_session() {
    let uplink = |address, counter, clock| Step {
        kind: EventKind::Up,
        pause: 600,
        clock,
        counter,
        address,
        repeats: 0,
    };
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
fn a_join_and_the_first_report_of_a_stream_need_the_whole_stream() {
    let (_, log, mut device) = stream(&[]);
    let uplink =
        Step { kind: EventKind::Up, pause: 60, clock: 0, counter: Counter::Next(1), address: 0, repeats: 0 };
    assert!(from_last(&device.command(&uplink, &log), &log, 32).is_none());
    let (_, log, mut device) = stream(&[uplink.clone()]);
    let join = Step { kind: EventKind::Join, ..uplink };
    let command = device.command(&join, &log);
    assert!(matches!(command.report.content, Content::Join(_)));
    assert!(from_last(&command, &log, 32).is_none());
}

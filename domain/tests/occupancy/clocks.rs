//! Neither the order of delivery nor a wrong clock changes what a space shows in the end: the last thing that its sensor
//! said.

use parking_domain::chirpstack::{EventKind, Report};
use parking_domain::occupancy::SpaceState;
use parking_domain::payload::Payload;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::deliveries::{Receiver, address, parsed};
use crate::steps::{eui, t};

const DAY: i64 = 86_400;

/// The seconds from the start of 1980, and to the start of 2080.
const IN_1980: i64 = -16_348 * DAY;
const IN_2080: i64 = 20_177 * DAY;

const VACANT: u8 = 0;
const OCCUPIED: u8 = 1;

/// A report of device 1 before it is dated.
#[derive(Clone, Debug)]
struct Sent {
    kind: EventKind,
    second: i64,
    body: Value,
}

impl Sent {
    fn uplink(session: u32, f_cnt: u32, status: u8, second: i64) -> Self {
        let body = json!({
            "deviceInfo": {"devEui": eui(1).to_string(), "deviceProfileName": "TBMS100"},
            "deduplicationId": format!("{second}"), "devAddr": address(1, session), "fCnt": f_cnt, "fPort": 102,
            "data": Payload::from(vec![status, 0xfb, 0x38, 0, 0, 0x31, 0x11, 0]),
        });
        Self { kind: EventKind::Up, second, body }
    }

    fn join(session: u32, second: i64) -> Self {
        let body = json!({"deviceInfo": {"devEui": eui(1).to_string()}, "deduplicationId": format!("join {second}"),
                          "devAddr": address(1, session)});
        Self { kind: EventKind::Join, second, body }
    }

    fn report(&self, clock: Clock) -> Report {
        let mut body = self.body.clone();
        let right = || t(self.second).to_string();
        let stuck = |second| t(second).to_string();
        match clock {
            Clock::Right => body["time"] = json!(right()),
            Clock::Stuck(second) => body["time"] = json!(stuck(second)),
            Clock::StuckServer(second) => body["rxInfo"] = json!([{"nsTime": stuck(second)}]),
            Clock::RightServer(second) => {
                body["rxInfo"] = json!([{"nsTime": right()}]);
                body["time"] = json!(stuck(second));
            }
        }
        parsed(self.kind, &body)
    }
}

/// The clocks of a report, and the second at which one of them stands.
#[derive(Clone, Copy, Debug)]
enum Clock {
    Right,
    Stuck(i64),
    StuckServer(i64),
    RightServer(i64),
}

fn any_clock() -> impl Strategy<Value = Clock> {
    let stuck = prop::sample::select(vec![IN_1980, IN_2080]);
    prop_oneof![
        1 => Just(Clock::Right),
        2 => stuck.clone().prop_map(Clock::Stuck),
        1 => stuck.clone().prop_map(Clock::StuckServer),
        1 => stuck.prop_map(Clock::RightServer),
    ]
}

/// How a session begins.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begin {
    Join,
    /// With another address; the join is not reported.
    Address,
    /// With the same address.
    Counter,
}

/// One frame of a device, `after` seconds after the one before, and perhaps of a new session.
#[derive(Clone, Debug)]
struct Frame {
    after: i64,
    status: u8,
    begins: Option<Begin>,
}

fn any_frames(begin: &[Begin], after: std::ops::Range<i64>) -> impl Strategy<Value = Vec<Frame>> {
    let begins = prop_oneof![4 => Just(None), 1 => prop::sample::select(begin.to_vec()).prop_map(Some)];
    let frame = (after, VACANT..=OCCUPIED, begins);
    vec(frame.prop_map(|(after, status, begins)| Frame { after, status, begins }), 1..30)
}

/// The reports of these frames, in the order in which they were sent, each with what the sensor said last.
fn sent(frames: &[Frame]) -> Vec<(Sent, u8)> {
    let (mut session, mut f_cnt, mut second, mut last) = (0, 0, 0, VACANT);
    let mut all = vec![(Sent::uplink(0, 0, VACANT, 0), VACANT)];
    for frame in frames {
        second += frame.after;
        f_cnt += 1;
        if let Some(begin) = frame.begins {
            f_cnt = 0;
            session += u32::from(begin != Begin::Counter);
            if begin == Begin::Join {
                all.push((Sent::join(session, second - 2), last));
            }
        }
        last = frame.status;
        all.push((Sent::uplink(session, f_cnt, last, second), last));
    }
    all
}

fn state(receiver: &Receiver) -> SpaceState {
    receiver.world.shown(1).0
}

fn said(status: u8) -> SpaceState {
    if status == OCCUPIED { SpaceState::Occupied } else { SpaceState::Free }
}

#[test]
fn a_sensor_that_restarts_with_a_clock_in_1980_is_not_occupied_for_ever() {
    for session in [0, 1] {
        let mut receiver = Receiver::new();
        receiver.receive(1, Sent::uplink(0, 50, OCCUPIED, 0).report(Clock::Right), 0);
        for f_cnt in 0..3 {
            let second = 70 + i64::from(f_cnt);
            let vacant = Sent::uplink(session, f_cnt, VACANT, second);
            receiver.receive(1, vacant.report(Clock::Stuck(IN_1980)), second);
            assert_eq!(state(&receiver), SpaceState::Free, "session {session}, counter {f_cnt}");
        }
    }
}

#[test]
fn a_sensor_that_restarts_with_a_slow_clock_is_believed_from_its_third_frame_on() {
    let mut receiver = Receiver::new();
    receiver.receive(1, Sent::uplink(0, 50, OCCUPIED, 0).report(Clock::Right), 0);
    for (f_cnt, expected) in [(0, SpaceState::Occupied), (1, SpaceState::Occupied), (2, SpaceState::Free)] {
        let second = 600 * (i64::from(f_cnt) + 1);
        let vacant = Sent::uplink(0, f_cnt, VACANT, second);
        receiver.receive(1, vacant.report(Clock::Stuck(-3600)), second);
        assert_eq!(state(&receiver), expected, "counter {f_cnt}");
    }
}

proptest! {
    /// Three lower counters ten minutes apart are a restart, so everything comes within twenty minutes here.
    #[test]
    fn no_order_of_delivery_changes_the_final_state(
        (reports, word, pauses) in any_frames(&[Begin::Join, Begin::Address], 63..8000)
            .prop_map(|frames| sent(&frames))
            .prop_flat_map(|all| {
                let last = all.last().expect("the first one").1;
                let reports: Vec<Sent> = all.into_iter().map(|(sent, _)| sent).collect();
                let count = reports.len();
                (Just(reports).prop_shuffle(), Just(last), vec(0..20_i64, count))
            }),
    ) {
        let mut receiver = Receiver::new();
        receiver.receive(1, Sent::uplink(0, 0, VACANT, 0).report(Clock::Right), 0);
        let mut second = reports.iter().map(|sent| sent.second).max().expect("the first one");
        for (sent, pause) in reports.iter().zip(pauses) {
            second += pause;
            receiver.receive(1, sent.report(Clock::Right), second);
        }
        prop_assert_eq!(state(&receiver), said(word));
    }

    #[test]
    fn a_sensor_with_a_clock_that_stands_still_shows_what_it_said_last(
        frames in any_frames(&[Begin::Join, Begin::Address, Begin::Counter], 63..8000),
        clocks in vec(any_clock(), 60),
    ) {
        let mut receiver = Receiver::new();
        for ((sent, word), clock) in sent(&frames).into_iter().zip(clocks) {
            receiver.receive(1, sent.report(clock), sent.second);
            prop_assert_eq!(state(&receiver), said(word), "after {:?} with {:?}", sent, clock);
        }
    }
}

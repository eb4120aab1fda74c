//! Invariants of an `uplinks` stream for any reports in any order.

use std::collections::HashSet;

use chrono::TimeDelta;
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind, Report};
use parking_domain::instant::Instant;
use parking_domain::uplinks::{LookUp, RecordReport, Standing, UplinkEvent, UplinkRefusal, Uplinks};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

fn time(second: i64) -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::seconds(second)
}

/// A report in a small world, so that ids, counters, addresses and times collide often.
fn any_report() -> impl Strategy<Value = Report> {
    let kinds =
        [EventKind::Up, EventKind::Up, EventKind::Up, EventKind::Join, EventKind::Status, EventKind::Log];
    (0..200_u32, prop::sample::select(kinds.to_vec())).prop_map(|(n, kind)| {
        let mut body = json!({
            "deviceInfo": {"devEui": "58a0cb0000100001"},
            "deduplicationId": format!("id {n}"),
            "devAddr": format!("0000000{}", n % 3),
            "fCnt": (n * 7) % 90,
            "code": n.to_string(),
        });
        if n % 10 != 0 {
            body["time"] = json!(time(i64::from(n) * 31 % 4000).to_string());
        }
        chirpstack::parse(kind, body.to_string().as_bytes()).expect("a report")
    })
}

/// Records as the write side does: searches the stream if the window cannot decide.
fn record(state: &mut Uplinks, log: &mut Vec<UplinkEvent>, report: &Report, second: i64) {
    let decide = |state: &Uplinks, look_up| {
        state.decide(&RecordReport { report: report.clone(), at: time(second), look_up })
    };
    let mut decision = decide(state, LookUp::NotDone);
    if decision == Err(UplinkRefusal::ReportOlderThanWindow) {
        let known = log.iter().any(|event| event.report().key == report.key);
        decision = decide(state, if known { LookUp::Present } else { LookUp::Absent });
    }
    for event in decision.into_iter().flatten() {
        state.evolve(&event);
        log.push(event);
    }
}

proptest! {
    #[test]
    fn every_report_is_recorded_exactly_once(reports in vec((any_report(), 0..5000_i64), 1..400)) {
        let (mut state, mut log) = (Uplinks::default(), Vec::new());
        for (report, second) in &reports {
            record(&mut state, &mut log, report, *second);
        }
        let sent: HashSet<_> = reports.iter().map(|(report, _)| report.key).collect();
        let stored: Vec<_> = log.iter().map(|event| event.report().key).collect();
        prop_assert_eq!(stored.len(), stored.iter().collect::<HashSet<_>>().len(), "no duplicates");
        prop_assert_eq!(sent, stored.into_iter().collect::<HashSet<_>>(), "no losses");
    }

    #[test]
    fn the_state_is_a_fold_of_the_log_and_survives_its_snapshot(reports in vec((any_report(), 0..5000_i64), 1..150)) {
        let (mut state, mut log) = (Uplinks::default(), Vec::new());
        for (report, second) in &reports {
            record(&mut state, &mut log, report, *second);
            let snapshot = serde_json::to_string(&state).expect("serialises");
            state = serde_json::from_str(&snapshot).expect("deserialises");
        }
        let (mut replayed, mut bare) = (Uplinks::default(), Uplinks::default());
        for event in &log {
            let stored = serde_json::to_string(event).expect("serialises");
            replayed.evolve(&serde_json::from_str(&stored).expect("deserialises"));
            bare.evolve(&Uplinks::read_bare(&stored).expect("deserialises"));
        }
        prop_assert_eq!(&replayed, &state);
        prop_assert_eq!(bare, state, "omitted fields do not affect the fold");
    }

    #[test]
    fn within_a_session_the_frames_in_order_have_growing_counters(
        reports in vec((any_report(), 0..5000_i64), 1..300),
    ) {
        let (mut state, mut log) = (Uplinks::default(), Vec::new());
        for (report, second) in &reports {
            record(&mut state, &mut log, report, *second);
        }
        let mut last = std::collections::HashMap::new();
        for event in &log {
            if let UplinkEvent::UplinkReceived(uplink) = event
                && uplink.standing == Standing::InOrder
            {
                let before = last.insert(uplink.session, uplink.f_cnt);
                prop_assert!(before.is_none_or(|before| before < uplink.f_cnt));
            }
        }
    }

    #[test]
    fn evolve_accepts_events_in_any_order(
        reports in vec((any_report(), 0..5000_i64), 1..100),
        seed in any::<prop::sample::Index>(),
    ) {
        let (mut state, mut log) = (Uplinks::default(), Vec::new());
        for (report, second) in &reports {
            record(&mut state, &mut log, report, *second);
        }
        let middle = seed.index(log.len());
        log.rotate_left(middle);
        let mut shuffled = Uplinks::default();
        log.iter().rev().for_each(|event| shuffled.evolve(event));
        for (report, second) in &reports {
            let _total = shuffled.decide(&RecordReport { report: report.clone(), at: time(*second), look_up: LookUp::Absent });
        }
    }

    #[test]
    fn no_body_causes_a_panic_of_the_parser(bytes in vec(any::<u8>(), 0..200), json in "[\\{\\}\\[\\]\",:a-fx0-9]{0,80}") {
        let _either = chirpstack::parse(EventKind::Up, &bytes);
        let _either = chirpstack::parse(EventKind::Log, json.as_bytes());
    }
}

//! The simulation is repeatable, its reports are accepted, and they decode to the truth.

use parking_domain::instant::Instant;
use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use parking_domain::aggregate::Decider;
use parking_domain::chirpstack::{self, EventKind};
use parking_domain::sensors::{self, Occupancy};
use parking_domain::uplinks::{LookUp, RecordReport, Standing, UplinkEvent, Uplinks};
use parking_simulator::{Act, Faults, Plan, Simulation, Step};

fn plan(seed: u64, days: i64, faults: Faults) -> Plan {
    let start: DateTime<Utc> = "2026-11-02T00:00:00Z".parse().expect("a time");
    Plan { seed, spaces: 30, first_session: 1, start, end: start + TimeDelta::days(days), faults }
}

fn run(plan: Plan) -> (Simulation, Vec<Step>) {
    let mut simulation = Simulation::new(plan);
    let steps: Vec<Step> = simulation.by_ref().collect();
    (simulation, steps)
}

#[test]
fn the_same_seed_gives_the_same_history_and_another_one_another() {
    let [first, again, other] = [1, 1, 2].map(|seed| run(plan(seed, 2, Faults::USUAL)).1);
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[test]
fn the_platform_receives_steps_in_order() {
    let (_, steps) = run(plan(3, 5, Faults::USUAL));
    assert!(steps.is_sorted_by_key(|step| step.at));
    assert!(steps.iter().any(|step| matches!(step.act, Act::Book { .. })));
}

#[test]
fn every_report_reads_and_the_last_of_each_sensor_tells_the_truth() {
    let (simulation, steps) = run(plan(4, 7, Faults::USUAL));
    let mut streams: HashMap<String, (Uplinks, Occupancy, u64)> = HashMap::new();
    for step in steps {
        let Act::Report { event, body } = step.act else { continue };
        let kind = EventKind::from_name(event).expect("a known event");
        let report = chirpstack::parse(kind, body.to_string().as_bytes()).expect("a report");
        let (stream, occupancy, uplinks) = streams.entry(report.dev_eui.to_string()).or_default();
        let command = RecordReport { report, at: Instant::at_or_before(step.at), look_up: LookUp::Absent };
        for event in stream.decide(&command).unwrap_or_default() {
            stream.evolve(&event);
            let UplinkEvent::UplinkReceived(uplink) = event else { continue };
            *uplinks += u64::from(uplink.standing != Standing::Repeated);
            if uplink.standing == Standing::InOrder {
                *occupancy = sensors::interpret(&uplink, None).expect("a reading").occupancy;
            }
        }
    }
    for truth in simulation.truth() {
        let (_, occupancy, uplinks) = &streams[&format!("{:016x}", truth.dev_eui)];
        let expected = if truth.occupied { Occupancy::Occupied } else { Occupancy::Vacant };
        assert_eq!((*occupancy, *uplinks), (expected, truth.uplinks), "{truth:?}");
    }
    assert!(simulation.truth().iter().any(|truth| truth.uplinks > 20));
}

#[test]
fn without_mischief_every_report_arrives_once() {
    let (simulation, steps) = run(plan(5, 3, Faults::default()));
    let reports = steps.iter().filter(|step| matches!(step.act, Act::Report { .. })).count();
    assert_eq!(reports as u64, simulation.truth().iter().map(|truth| truth.uplinks).sum::<u64>());
    assert!(!steps.iter().any(|step| matches!(step.act, Act::Report { event: "join", .. })));
}

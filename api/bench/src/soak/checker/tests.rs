//! The checker finds every violation: each test corrupts a correct log in one way.

use chrono::{TimeDelta, Utc};
use uuid::Uuid;

use super::{Checker, Stored, Tables};
use crate::soak::answer::{Acknowledged, Answer, Outcome, Refusal};
use crate::soak::plan::{Expectation, Part, Plan, Request};
use crate::soak::readers::Sightings;
use crate::soak::violation::Violation;

fn part(stream: &str, expected: Expectation, events: u32) -> Part {
    Part { stream: stream.into(), expected, events, takes: Vec::new(), releases: Vec::new() }
}

fn plan(number: u128, parts: Vec<Part>) -> Plan {
    Plan { append_id: Uuid::from_u128(number << 16), request: None, parts }
}

fn request(meaning: u128) -> Request {
    Request { key: "key".into(), fingerprint: Uuid::from_u128(meaning) }
}

/// Three appends, six events: one over two streams, one with a request and a claim.
fn plans() -> Vec<Plan> {
    let mut last = plan(3, vec![part("a", Expectation::Exists, 1)]);
    last.request = Some(request(1));
    last.parts[0].takes.push("claim".into());
    let second = vec![part("a", Expectation::Version(2), 1), part("b", Expectation::Version(0), 2)];
    vec![plan(1, vec![part("a", Expectation::Any, 2)]), plan(2, second), last]
}

/// The log that a correct store makes of them.
fn log(plans: &[Plan]) -> Vec<Stored> {
    let mut sequences = std::collections::HashMap::<String, i64>::new();
    let mut log: Vec<Stored> = Vec::new();
    for plan in plans {
        let append = plan.append(false);
        for stream in append.streams {
            for event in stream.events {
                let sequence = sequences.entry(stream.aggregate_id.clone()).or_default();
                *sequence += 1;
                let position = i64::try_from(log.len()).unwrap() + 1;
                log.push(Stored {
                    position,
                    aggregate_id: stream.aggregate_id.clone(),
                    sequence: *sequence,
                    event_id: event.event_id,
                    append_id: append.append_id,
                    recorded_at: chrono::DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(position),
                    payload: event.payload,
                });
            }
        }
    }
    log
}

fn tables() -> Tables {
    Tables {
        head: 6,
        streams: [("a".into(), 4), ("b".into(), 2)].into(),
        claims: [("claim".into(), "a".into())].into(),
        requests: [("key".into(), (6, 6))].into(),
    }
}

fn answer(plan: &Plan, outcome: Outcome) -> Answer {
    Answer { append_id: plan.append_id, request: plan.request.clone(), outcome }
}

fn acknowledged(first: i64, last: i64, versions: &[i64]) -> Outcome {
    Outcome::Acknowledged(Acknowledged { first, last, versions: versions.into(), repeated: false })
}

fn check(log: &[Stored], tables: &Tables, answers: &[Answer]) -> Vec<Violation> {
    let mut checker = Checker::default();
    for event in log {
        checker.take(event);
    }
    checker.compare(tables);
    for answer in answers {
        checker.check_answer(answer);
    }
    checker.into_violations()
}

/// The violations in a correct log after a corruption.
fn spoiled(spoil: impl FnOnce(&mut Vec<Stored>)) -> Vec<Violation> {
    let mut log = log(&plans());
    spoil(&mut log);
    check(&log, &tables(), &[])
}

fn answered(answers: &[Answer]) -> Vec<Violation> {
    check(&log(&plans()), &tables(), answers)
}

#[test]
fn a_correct_log_has_no_violation() {
    let plans = plans();
    let mut again =
        Answer { append_id: Uuid::from_u128(9 << 16), ..answer(&plans[2], acknowledged(6, 6, &[4])) };
    let Outcome::Acknowledged(repetition) = &mut again.outcome else { unreachable!() };
    repetition.repeated = true;
    let answers = [
        answer(&plans[0], acknowledged(1, 2, &[2])),
        answer(&plans[1], acknowledged(3, 5, &[3, 2])),
        answer(&plans[2], Outcome::Unsettled),
        again,
        answer(&plan(8, Vec::new()), Outcome::Refused(Refusal::Conflict)),
    ];
    assert_eq!(answered(&answers), []);
}

#[test]
fn a_hole_is_found() {
    assert!(spoiled(|log| drop(log.remove(2))).contains(&Violation::Hole { missing: 3, found: 4 }));
}

#[test]
fn a_duplicate_is_found() {
    let violations = spoiled(|log| {
        let twice = Stored { position: 7, ..log[5].clone() };
        log.push(twice);
    });
    let event_id = log(&plans())[5].event_id;
    assert!(violations.contains(&Violation::Duplicate { event_id, first: 6, second: 7 }));
}

#[test]
fn an_inversion_is_found_in_the_log_and_by_a_reader() {
    assert!(spoiled(|log| log.swap(0, 1)).contains(&Violation::Inversion { after: 2, found: 1 }));
    let mut sightings = Sightings::of(1);
    assert_eq!(sightings.see(1, Uuid::nil()), Ok(()));
    let skipped = Violation::ReaderSkipped { reader: 1, after: 1, found: 3 };
    assert_eq!(sightings.see(3, Uuid::nil()), Err(skipped));
}

#[test]
fn an_acknowledged_event_that_is_lost_is_found() {
    let lost = plan(4, vec![part("c", Expectation::Any, 1)]);
    let expected = Violation::AcknowledgedAndLost { append_id: lost.append_id, position: 7 };
    assert_eq!(answered(&[answer(&lost, acknowledged(7, 7, &[1]))]), [expected]);
}

#[test]
fn an_acknowledgement_of_another_place_is_found() {
    let plans = plans();
    for outcome in [acknowledged(1, 3, &[2]), acknowledged(2, 2, &[2]), acknowledged(1, 2, &[3])] {
        let violations = answered(&[answer(&plans[0], outcome)]);
        assert!(matches!(&violations[..], [Violation::AcknowledgedElsewhere { .. }]), "{violations:?}");
    }
}

#[test]
fn a_refused_append_in_the_log_is_found() {
    let plans = plans();
    let expected =
        Violation::StoredAgainstTheAnswer { append_id: plans[0].append_id, outcome: "conflicts".into() };
    assert_eq!(answered(&[answer(&plans[0], Outcome::Refused(Refusal::Conflict))]), [expected]);
}

#[test]
fn a_request_key_wrongly_called_reused_is_found() {
    let same = Plan { request: Some(request(1)), ..plan(4, Vec::new()) };
    let other = Plan { request: Some(request(2)), ..plan(5, Vec::new()) };
    let refused = |plan| answer(plan, Outcome::Refused(Refusal::KeyReused));
    assert_eq!(answered(&[refused(&other)]), []);
    let expected = Violation::WronglyReused { key: "key".into(), append_id: same.append_id };
    assert_eq!(answered(&[refused(&same)]), [expected]);
}

#[test]
fn a_wrong_sequence_is_found() {
    let violations = spoiled(|log| log[3].sequence = 2);
    let wrong = Violation::WrongSequence { position: 4, stream: "b".into(), version: 0, found: 2 };
    assert!(violations.contains(&wrong));
}

#[test]
fn a_time_that_is_not_later_is_found() {
    let violations = spoiled(|log| log[4].recorded_at = log[3].recorded_at);
    assert_eq!(violations, [Violation::TimeDidNotAdvance { position: 5 }]);
}

#[test]
fn half_an_append_is_found() {
    let violations = spoiled(|log| log.truncate(4));
    let append_id = plans()[1].append_id;
    assert!(violations.contains(&Violation::Torn { append_id, position: 4 }));
}

#[test]
fn a_payload_in_the_wrong_row_is_found() {
    let violations = spoiled(|log| log[4].payload = log[3].payload.clone());
    let what = "another event's payload";
    assert!(violations.contains(&Violation::NotAsSent { position: 5, what }));
}

#[test]
fn a_broken_expectation_is_found() {
    let log = log(&[plan(1, vec![part("a", Expectation::Version(1), 1)])]);
    let broken = Violation::BrokenExpectation { append_id: log[0].append_id, stream: "a".into(), version: 0 };
    assert!(check(&log, &Tables::default(), &[]).contains(&broken));
}

#[test]
fn a_claim_and_a_request_key_that_two_have_are_found() {
    let mut twice = plans();
    twice.push(Plan {
        parts: vec![part("b", Expectation::Any, 1)],
        append_id: Uuid::from_u128(4 << 16),
        ..twice[2].clone()
    });
    twice[3].parts[0].takes.push("claim".into());
    let append_id = twice[3].append_id;
    let violations = check(&log(&twice), &tables(), &[]);
    let held = Violation::ClaimHeldTwice { append_id, key: "claim".into(), holder: "a".into() };
    assert!(violations.contains(&held));
    let (key, first) = ("key".into(), twice[2].append_id);
    assert!(violations.contains(&Violation::RequestStoredTwice { key, first, second: append_id }));
}

#[test]
fn a_reader_that_saw_something_else_or_less_is_found() {
    let mut checker = Checker::default();
    let log = log(&plans());
    for event in &log {
        checker.take(event);
    }
    let mut seen: Vec<Uuid> = log.iter().map(|event| event.event_id).collect();
    checker.check_reader(0, &seen);
    seen[1] = Uuid::nil();
    checker.check_reader(1, &seen);
    checker.check_reader(2, &seen[..1]);
    let expected = [
        Violation::ReaderSawAnother { reader: 1, position: 2 },
        Violation::ReaderMissed { reader: 2, seen: 1, stored: 6 },
    ];
    assert_eq!(checker.into_violations(), expected);
    let behind = Violation::ReaderBehind { reader: 3, seen: 0, acknowledged: 5 };
    assert_eq!(Sightings::of(3).see_end(5), Err(behind));
}

#[test]
fn tables_that_disagree_with_the_events_are_found() {
    let spoil: [fn(&mut Tables); 4] = [
        |tables| tables.head = 7,
        |tables| tables.streams.retain(|stream, _| stream != "b"),
        |tables| tables.claims.extend([("claim".into(), "b".into())]),
        |tables| tables.requests.extend([("other".into(), (1, 1))]),
    ];
    for spoil in spoil {
        let mut tables = tables();
        spoil(&mut tables);
        let violations = check(&log(&plans()), &tables, &[]);
        assert!(matches!(&violations[..], [Violation::TableDisagrees { .. }]), "{violations:?}");
    }
}

//! The log's own stream: it starts once, and a restored copy gets a new id.

use parking_domain::actor::Actor;
use parking_domain::id::LogId;
use parking_domain::instant::Instant;
use parking_domain::log::{FORMAT, Log, LogCommand, LogEvent, LogRefusal};
use uuid::Uuid;

use crate::scenario::{fold, given};

fn log_id(n: u128) -> LogId {
    Uuid::from_u128(n).into()
}

fn at() -> Instant {
    "2026-11-23T10:00:00Z".parse().expect("a time")
}

fn started() -> LogEvent {
    LogEvent::LogStarted { log_id: log_id(1), format: FORMAT, dictionary: "d1".into(), at: at() }
}

fn fork(to: u128) -> LogCommand {
    LogCommand::ForkLog { to: log_id(to), position: 7, reason: None, at: at(), by: Actor::System }
}

fn forked(from: u128, to: u128) -> LogEvent {
    let (from, to) = (log_id(from), log_id(to));
    LogEvent::LogForked { from, to, position: 7, reason: None, at: at(), by: Actor::System }
}

#[test]
fn a_log_starts_once() {
    let start = LogCommand::StartLog { log_id: log_id(1), dictionary: "d1".into(), at: at() };
    given::<Log>([]).when(start.clone()).then([started()]);
    given::<Log>([started()]).when(start).then_refused(LogRefusal::LogAlreadyStarted);
}

#[test]
fn a_copy_continues_under_a_new_id() {
    given::<Log>([started()]).when(fork(2)).then([forked(1, 2)]);
    given::<Log>([started(), forked(1, 2)]).when(fork(3)).then([forked(2, 3)]);
    assert_eq!(fold::<Log>([started(), forked(1, 2)]).log_id(), Some(log_id(2)));
}

#[test]
fn a_fork_needs_a_log_and_a_new_id() {
    given::<Log>([]).when(fork(2)).then_refused(LogRefusal::LogNotStarted);
    given::<Log>([started()]).when(fork(1)).then_refused(LogRefusal::LogIdTaken);
}

#[test]
fn dictionaries_are_numbered_from_the_first_one() {
    let add = |number| LogCommand::AddDictionary { number, sha256: "d".into(), at: at(), by: Actor::System };
    let added =
        |number| LogEvent::DictionaryAdded { number, sha256: "d".into(), at: at(), by: Actor::System };
    given::<Log>([]).when(add(1)).then_refused(LogRefusal::LogNotStarted);
    given::<Log>([started()]).when(add(2)).then([added(2)]);
    for number in [1, 3] {
        let refusal = LogRefusal::DictionaryNotNext { number, newest: 1 };
        given::<Log>([started()]).when(add(number)).then_refused(refusal);
    }
    assert_eq!(fold::<Log>([started(), added(2), forked(1, 2)]).dictionary(), 2);
}

fn skip(projection: &str, position: i64, undecodable: bool, reason: &str) -> LogCommand {
    let (projection, reason) = (projection.to_owned(), reason.to_owned());
    LogCommand::SkipEvent { position, projection, reason, undecodable, at: at(), by: Actor::System }
}

fn skipped(projection: &str, position: i64, undecodable: bool) -> LogEvent {
    let (projection, reason) = (projection.to_owned(), "written by hand".to_owned());
    LogEvent::EventSkipped { position, projection, reason, undecodable, at: at(), by: Actor::System }
}

#[test]
fn a_projection_skips_an_event_once() {
    let why = "written by hand";
    given::<Log>([started()]).when(skip("registry", 7, false, why)).then([skipped("registry", 7, false)]);
    let before = || [started(), skipped("registry", 7, false)];
    given::<Log>(before())
        .when(skip("registry", 7, false, why))
        .then_refused(LogRefusal::EventAlreadySkipped);
    given::<Log>(before()).when(skip("fleet", 7, false, why)).then([skipped("fleet", 7, false)]);
    given::<Log>(before()).when(skip("registry", 8, false, why)).then([skipped("registry", 8, false)]);
}

#[test]
fn a_skipped_event_can_become_undecodable_but_not_the_reverse() {
    let why = "written by hand";
    given::<Log>([started(), skipped("registry", 7, false)])
        .when(skip("registry", 7, true, why))
        .then([skipped("registry", 7, true)]);
    for undecodable in [true, false] {
        given::<Log>([started(), skipped("registry", 7, true)])
            .when(skip("registry", 7, undecodable, why))
            .then_refused(LogRefusal::EventAlreadySkipped);
    }
}

#[test]
fn a_skip_needs_a_log_and_a_reason() {
    given::<Log>([]).when(skip("registry", 7, false, "x")).then_refused(LogRefusal::LogNotStarted);
    for reason in ["", " ", "two\nlines", &"x".repeat(501)] {
        given::<Log>([started()])
            .when(skip("registry", 7, false, reason))
            .then_refused(LogRefusal::SkipReasonInvalid);
    }
}

//! Invariants of a space for any commands in any order, however late time passes.

mod events;
mod history;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use parking_domain::aggregate::Decider;
use parking_domain::id::ReservationId;
use parking_domain::instant::Instant;
use parking_domain::space::{PassTime, Space, SpaceCommand, SpaceEvent, Status, Window};
use proptest::collection::vec;
use proptest::prelude::*;

use events::any_event;
use history::{History, Request, SOON, any_requests, command, time};

/// A reservation's state according to the log, derived independently of the aggregate.
#[derive(Clone, Debug)]
struct LoggedReservation {
    window: Window,
    confirmed: bool,
    ends: Vec<Status>,
}

/// The states of all reservations according to the log, after each of its events.
fn logged(log: &[SpaceEvent]) -> Vec<BTreeMap<ReservationId, LoggedReservation>> {
    let mut known = BTreeMap::new();
    log.iter()
        .map(|event| {
            match event {
                SpaceEvent::ReservationBooked { reservation_id, window, .. } => {
                    let logged = LoggedReservation { window: *window, confirmed: false, ends: Vec::new() };
                    assert!(known.insert(*reservation_id, logged).is_none(), "booked twice");
                }
                SpaceEvent::ReservationRescheduled { reservation_id, to, .. } => {
                    change(&mut known, *reservation_id).window = *to;
                }
                SpaceEvent::ReservationConfirmed { reservation_id, .. } => {
                    change(&mut known, *reservation_id).confirmed = true;
                }
                SpaceEvent::ReservationCancelled { reservation_id, .. } => {
                    change(&mut known, *reservation_id).ends.push(Status::Cancelled);
                }
                SpaceEvent::ReservationCheckedOut { reservation_id, .. }
                | SpaceEvent::ReservationCompleted { reservation_id, .. } => {
                    change(&mut known, *reservation_id).ends.push(Status::Completed);
                }
                SpaceEvent::ReservationExpired { reservation_id, .. } => {
                    change(&mut known, *reservation_id).ends.push(Status::Expired);
                }
                SpaceEvent::ReservationNotTakenUp { reservation_id, .. } => {
                    change(&mut known, *reservation_id).ends.push(Status::NoShow);
                }
                _ => {}
            }
            known.clone()
        })
        .collect()
}

fn change(
    known: &mut BTreeMap<ReservationId, LoggedReservation>,
    id: ReservationId,
) -> &mut LoggedReservation {
    known.get_mut(&id).expect("nothing happens to what was not booked")
}

/// The event without the time at which it was recorded.
fn without_record_time(event: &SpaceEvent) -> serde_json::Value {
    let mut value = serde_json::to_value(event).expect("serialises");
    for content in value.as_object_mut().expect("an object").values_mut() {
        if content.get("due").is_some() {
            content["at"] = serde_json::Value::Null;
        }
    }
    value
}

fn all_without_record_time(events: &[SpaceEvent]) -> Vec<serde_json::Value> {
    events.iter().map(without_record_time).collect()
}

fn is_due(event: &SpaceEvent) -> bool {
    without_record_time(event)
        .as_object()
        .is_some_and(|event| event.values().any(|content| content.get("due").is_some()))
}

fn any_auto_release() -> impl Strategy<Value = Option<u16>> {
    proptest::option::of(1..30_u16)
}

proptest! {
    #[test]
    fn no_two_reservations_overlap(auto_release in any_auto_release(), requests in any_requests(100)) {
        let history = History::after(auto_release, &requests);
        for (known, minute) in logged(&history.log).into_iter().zip(&history.minutes) {
            let holds = |logged: &&LoggedReservation| logged.ends.is_empty() && time(*minute) < logged.window.end;
            let held: Vec<_> = known.values().filter(holds).collect();
            for (n, one) in held.iter().enumerate() {
                prop_assert!(one.window.start < one.window.end);
                for other in &held[n + 1..] {
                    prop_assert!(!one.window.overlaps(&other.window), "{one:?} and {other:?}");
                }
            }
        }
    }

    #[test]
    fn the_state_is_a_fold_of_the_log_and_survives_its_snapshot(
        auto_release in any_auto_release(),
        requests in any_requests(50),
    ) {
        let mut history = History::new(auto_release);
        for (later, request) in &requests {
            let _refused_or_not = history.request(*later, request);
            let snapshot = serde_json::to_string(&history.space).expect("serialises");
            history.space = serde_json::from_str(&snapshot).expect("deserialises");
        }
        let mut replayed = Space::default();
        for event in &history.log {
            let stored = serde_json::to_string(event).expect("serialises");
            replayed.evolve(&serde_json::from_str(&stored).expect("deserialises"));
        }
        prop_assert_eq!(replayed, history.space);
    }

    #[test]
    fn the_state_agrees_with_the_log_on_each_reservation(
        auto_release in any_auto_release(),
        requests in any_requests(100),
    ) {
        let history = History::after(auto_release, &requests);
        let known = logged(&history.log).pop().unwrap_or_default();
        let held: Vec<_> = history.space.holding().map(|(id, held)| (id, held.window(), held.is_confirmed())).collect();
        let logged: Vec<_> = known.iter().filter(|(_, logged)| logged.ends.is_empty())
            .map(|(id, logged)| (*id, logged.window, logged.confirmed))
            .collect();
        prop_assert_eq!(held, logged);
    }

    #[test]
    fn passing_time_at_once_equals_passing_it_in_steps(
        auto_release in any_auto_release(),
        requests in any_requests(60),
        mut steps in vec(0..400_i64, 1..20),
    ) {
        let history = || History::after(auto_release, &requests);
        let (mut at_once, mut in_steps) = (history(), history());
        steps.sort_unstable();
        let now = at_once.minute;
        let together = at_once.pass(now + steps.last().copied().unwrap_or(0), SOON);
        let apart: Vec<_> = steps.iter().flat_map(|step| in_steps.pass(now + step, SOON)).collect();
        prop_assert_eq!(all_without_record_time(&together), all_without_record_time(&apart));
        prop_assert_eq!(at_once.space, in_steps.space);
    }

    #[test]
    fn next_due_is_the_next_change_of_passing_time(
        auto_release in any_auto_release(),
        requests in any_requests(60),
        later in 0..200_i64,
    ) {
        let mut history = History::after(auto_release, &requests);
        let minute = history.minute + later;
        let due = history.space.next_due(SOON).filter(|due| due.at <= time(minute));
        let passed = history.pass(minute, SOON);
        prop_assert_eq!(due.is_some(), !passed.is_empty());
        if let (Some(due), Some(first)) = (due, passed.first()) {
            let first = serde_json::to_string(first).expect("serialises");
            prop_assert!(first.contains(&serde_json::to_string(&due.at).expect("serialises")), "{first}");
        }
        prop_assert!(history.space.next_due(SOON).is_none_or(|due| due.at > time(minute)));
        prop_assert_eq!(history.pass(minute, SOON), []);
    }

    #[test]
    fn a_delayed_scheduler_changes_no_decision_where_nothing_is_released(requests in any_requests(100)) {
        let (mut prompt, mut lagging) = (History::new(None), History::new(None));
        for (later, request) in &requests {
            let waits = matches!(request, Request::Update { auto_release_minutes: Some(1..), .. } | Request::Delete);
            if waits || matches!(request, Request::See { ago: 1.. } | Request::Pass) {
                continue;
            }
            let minute = prompt.minute + later;
            let command = command(request, minute, &prompt.space);
            prompt.pass(minute, TimeDelta::zero());
            (prompt.minute, lagging.minute) = (minute, minute);
            let (promptly, lately) = (prompt.ask(&command), lagging.ask(&command));
            match (promptly, lately) {
                (Ok(promptly), Ok(lately)) => {
                    let own = |events: Vec<SpaceEvent>| events.into_iter().filter(|event| !is_due(event)).collect::<Vec<_>>();
                    prop_assert_eq!(own(promptly), own(lately));
                }
                (promptly, lately) => prop_assert_eq!(promptly, lately),
            }
        }
        let (late, soon) = (prompt.minute + 500, TimeDelta::zero());
        prompt.pass(late, soon);
        lagging.pass(late, soon);
        // Only the order differs in which the ends of unconfirmed reservations are recorded.
        let sorted = |log: &[SpaceEvent]| {
            let mut events: Vec<String> = all_without_record_time(log).iter().map(ToString::to_string).collect();
            events.sort_unstable();
            events
        };
        prop_assert_eq!(sorted(&prompt.log), sorted(&lagging.log));
        for space in [&mut prompt.space, &mut lagging.space] {
            space.forget_what_is_over();
        }
        prop_assert_eq!(prompt.space, lagging.space);
    }

    #[test]
    fn no_command_ends_an_unconfirmed_reservation_that_nobody_cancels(
        auto_release in any_auto_release(),
        requests in any_requests(100),
    ) {
        let mut history = History::new(auto_release);
        for (later, request) in requests.iter().filter(|(_, request)| !matches!(request, Request::Pass)) {
            let events = history.request(*later, request).unwrap_or_default();
            let ends = events.iter().any(|event| {
                matches!(event, SpaceEvent::ReservationNotTakenUp { .. } | SpaceEvent::ReservationExpired { .. })
            });
            prop_assert!(!ends, "{request:?} gave {events:?}");
        }
    }

    #[test]
    fn every_reservation_ends_once_with_the_right_status(auto_release in any_auto_release(), requests in any_requests(100)) {
        let mut history = History::after(auto_release, &requests);
        history.pass(history.minute + 1000, SOON);
        prop_assert_eq!(history.space.holding().len(), 0);
        for logged in logged(&history.log).pop().unwrap_or_default().values() {
            prop_assert_eq!(logged.ends.len(), 1, "{:?}", logged);
            match logged.ends[0] {
                Status::Completed => prop_assert!(logged.confirmed),
                Status::Expired | Status::NoShow => prop_assert!(!logged.confirmed),
                Status::Cancelled => {}
                Status::Active => prop_assert!(false, "not an end"),
            }
        }
    }

    #[test]
    fn evolve_accepts_events_in_any_order_and_decide_does_not_panic(
        created in any::<bool>(),
        events in vec(any_event(), 0..80),
        requests in any_requests(20),
    ) {
        let mut space = Space::default();
        if created {
            space = History::new(Some(15)).space;
        }
        for event in &events {
            space.evolve(event);
        }
        for (minute, request) in &requests {
            let _refused_or_not = space.decide(&command(request, *minute, &space));
        }
        for at in [Instant::MIN, time(60), Instant::MAX] {
            for reserved_soon in [TimeDelta::zero(), SOON, TimeDelta::MAX, TimeDelta::MIN] {
                let passed = space.decide(&SpaceCommand::PassTime(PassTime { at, reserved_soon, arrivals_known: true })).expect("time passes");
                let mut after = space.clone();
                for event in &passed {
                    after.evolve(event);
                }
                prop_assert!(after.next_due(reserved_soon).is_none_or(|due| due.at > at));
            }
        }
    }
}

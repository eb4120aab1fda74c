//! Due changes: approach, start, release, end; each once and in order, however late they are recorded.

use chrono::TimeDelta;
use parking_domain::space::{Definition, Due, DueTime, PassTime, SpaceCommand, SpaceEvent};

use crate::fixture::*;

fn history(more: impl IntoIterator<Item = SpaceEvent>) -> Vec<SpaceEvent> {
    [created(), booked(1, "10:00", "12:00")].into_iter().chain(more).collect()
}

fn due(at: &str, what: Due) -> DueTime {
    DueTime { at: t(at), what }
}

#[test]
fn a_reservation_approaches_before_its_start() {
    given(history([])).when(pass("09:44:59")).then_nothing();
    given(history([])).when(pass("09:45")).then([approached(1, "09:45", "09:45")]);
    given(history([])).when(pass("09:50")).then([approached(1, "09:45", "09:50")]);
    given(history([approached(1, "09:45", "09:45")])).when(pass("09:59:59")).then_nothing();
}

#[test]
fn a_late_booking_approaches_when_it_is_booked() {
    given([created(), booked_at(1, "10:00", "12:00", "09:55")])
        .when(pass("09:56"))
        .then([approached(1, "09:55", "09:56")]);
    given([created(), booked_at(1, "10:00", "12:00", "10:00"), started(1, "10:00", "10:00")])
        .when(pass("10:01"))
        .then_nothing();
}

#[test]
fn a_reservation_approaches_again_after_the_threshold_was_lowered() {
    let pass = |at, minutes| {
        SpaceCommand::PassTime(PassTime {
            at: t(at),
            reserved_soon: TimeDelta::minutes(minutes),
            arrivals_known: true,
        })
    };
    let near = || history([approached(1, "09:00", "09:00")]);
    given(near()).when(pass("09:59", 60)).then_nothing();
    given(near()).when(pass("09:44:59", 15)).then_nothing();
    given(near()).when(pass("09:45", 15)).then([approached(1, "09:45", "09:45")]);
    let again = || near().into_iter().chain([approached(1, "09:45", "09:45")]);
    given(again()).when(pass("09:59", 15)).then_nothing();
    given(again()).when(pass("09:59", 60)).then_nothing();
}

#[test]
fn with_a_zero_threshold_no_reservation_approaches() {
    let pass = |at| {
        SpaceCommand::PassTime(PassTime { at: t(at), reserved_soon: TimeDelta::zero(), arrivals_known: true })
    };
    given(history([])).when(pass("09:59:59")).then_nothing();
    given(history([])).when(pass("10:00")).then([started(1, "10:00", "10:00")]);
}

#[test]
fn a_reservation_starts() {
    let near = || history([approached(1, "09:45", "09:45")]);
    given(near()).when(pass("10:00")).then([started(1, "10:00", "10:00")]);
    given(near().into_iter().chain([started(1, "10:00", "10:00")])).when(pass("11:59:59")).then_nothing();
}

#[test]
fn an_unconfirmed_reservation_expires_at_its_end_without_auto_release() {
    given(history([started(1, "10:00", "10:00")]))
        .when(pass("12:00:01"))
        .then([expired(1, "12:00", "12:00:01")]);
}

#[test]
fn an_unconfirmed_reservation_is_released_with_auto_release() {
    let waiting = || [created_waiting(15), booked(1, "10:00", "12:00"), started(1, "10:00", "10:00")];
    given(waiting()).when(pass("10:14:59")).then_nothing();
    given(waiting()).when(pass("10:15")).then([not_taken_up(1, "10:15", "10:15")]);
}

#[test]
fn a_release_at_or_after_the_end_is_an_expiry() {
    let waiting =
        |minutes, end| [created_waiting(minutes), booked(1, "10:00", end), started(1, "10:00", "10:00")];
    given(waiting(15, "10:15")).when(pass("13:00")).then([expired(1, "10:15", "13:00")]);
    given(waiting(16, "10:15")).when(pass("13:00")).then([expired(1, "10:15", "13:00")]);
    given(waiting(15, "10:15:01")).when(pass("13:00")).then([not_taken_up(1, "10:15", "13:00")]);
}

#[test]
fn a_confirmed_reservation_is_not_released_and_completes() {
    for confirmed in [checked_in(1, "10:05"), seen(1, "10:05")] {
        let history =
            [created_waiting(15), booked(1, "10:00", "12:00"), started(1, "10:00", "10:00"), confirmed];
        given(history.clone()).when(pass("11:59:59")).then_nothing();
        given(history).when(pass("12:00")).then([completed(1, "12:00", "12:00")]);
    }
}

#[test]
fn an_auto_release_time_set_later_releases_nothing_before_it_was_set() {
    let waiting = |minutes| Definition { auto_release_minutes: Some(minutes), ..definition() };
    let late = || history([started(1, "10:00", "10:00"), updated(waiting(15), "10:30")]);
    given(late()).when(pass("10:31")).then([not_taken_up(1, "10:30", "10:31")]);
    let other = Definition { enabled: false, ..waiting(15) };
    given(late().into_iter().chain([updated(other, "10:40")]))
        .when(pass("10:41"))
        .then([not_taken_up(1, "10:30", "10:41")]);
    let early = || history([updated(waiting(15), "09:00"), updated(waiting(20), "09:30")]);
    given(early().into_iter().chain([started(1, "10:00", "10:00")]))
        .when(pass("11:00"))
        .then([not_taken_up(1, "10:20", "11:00")]);
}

#[test]
fn a_past_reservation_has_no_due_changes() {
    for end in [cancelled(1, "09:00"), checked_out(1, "09:00"), expired(1, "09:00", "09:00")] {
        let history = history([end]);
        given(history.clone()).when(pass("+20:00")).then_nothing();
        assert_eq!(space(history).next_due(SOON), None);
    }
}

#[test]
fn after_a_long_outage_due_changes_apply_in_order() {
    let history = [
        created_waiting(30),
        booked(1, "10:00", "12:00"),
        booked(2, "12:00", "13:00"),
        override_set(1, "13:00", Some("14:00"), BEFORE),
        seen(1, "09:50"),
    ];
    given(history).when(pass("15:00")).then([
        approached(1, "09:45", "15:00"),
        started(1, "10:00", "15:00"),
        approached(2, "11:45", "15:00"),
        completed(1, "12:00", "15:00"),
        started(2, "12:00", "15:00"),
        not_taken_up(2, "12:30", "15:00"),
        override_started(1, "13:00", "15:00"),
        override_ended(1, "14:00", "15:00"),
    ]);
}

#[test]
fn at_equal_times_ends_precede_starts() {
    let history = [
        created(),
        booked(5, "10:00", "12:00"),
        booked(3, "12:00", "13:00"),
        booked(4, "13:00", "14:00"),
        override_set(9, "08:00", Some("12:00"), BEFORE),
        override_set(1, "12:00", None, BEFORE),
        override_started(9, "08:00", BEFORE),
        started(5, "10:00", "10:00"),
    ];
    let hour = TimeDelta::hours(1);
    given(history)
        .when(SpaceCommand::PassTime(PassTime { at: t("12:00"), reserved_soon: hour, arrivals_known: true }))
        .then([
            approached(3, "11:00", "12:00"),
            expired(5, "12:00", "12:00"),
            override_ended(9, "12:00", "12:00"),
            override_started(1, "12:00", "12:00"),
            approached(4, "12:00", "12:00"),
            started(3, "12:00", "12:00"),
        ]);
}

#[test]
fn next_due_is_the_next_change() {
    let id = reservation(1);
    let mut space = space([created_waiting(15), booked(1, "10:00", "12:00")]);
    assert_eq!(space.next_due(SOON), Some(due("09:45", Due::ReservationApproach(id))));
    assert_eq!(space.next_due(TimeDelta::zero()), Some(due("10:00", Due::ReservationStart(id))));
    let mut then = |event: &SpaceEvent| {
        parking_domain::aggregate::Decider::evolve(&mut space, event);
        space.next_due(SOON)
    };
    assert_eq!(then(&approached(1, "09:45", "09:45")), Some(due("10:00", Due::ReservationStart(id))));
    assert_eq!(then(&started(1, "10:00", "10:00")), Some(due("10:15", Due::ReservationRelease(id))));
    assert_eq!(then(&seen(1, "10:05")), Some(due("12:00", Due::ReservationEnd(id))));
    let (set, id) = (override_set(1, "11:00", Some("11:30"), "10:10"), override_id(1));
    assert_eq!(then(&set), Some(due("11:00", Due::OverrideStart(id))));
    assert_eq!(then(&override_started(1, "11:00", "11:00")), Some(due("11:30", Due::OverrideEnd(id))));
    assert_eq!(then(&override_cleared(1, "11:10")), Some(due("12:00", Due::ReservationEnd(reservation(1)))));
    assert_eq!(then(&completed(1, "12:00", "12:00")), None);
}

#[test]
fn a_refused_or_redundant_command_leaves_due_changes_to_the_scheduler() {
    given(history([checked_in(1, "09:50")])).when(check_in(1, "10:30")).then_nothing();
    let due = [started(1, "10:00", "12:00"), cancelled(2, "12:00")];
    given(history([booked(2, "12:30", "13:00")])).when(cancel(2, "12:00")).then(due);
}

#[test]
fn an_unconfirmed_reservation_ends_only_when_it_is_known_whether_its_vehicle_has_arrived() {
    let pass = |at| PassTime { at: t(at), reserved_soon: SOON, arrivals_known: false };
    let waiting = || vec![created_waiting(15), booked(1, "10:00", "12:00"), booked(2, "12:00", "13:00")];
    given(waiting()).when(SpaceCommand::PassTime(pass("13:00"))).then([
        approached(1, "09:45", "13:00"),
        started(1, "10:00", "13:00"),
        approached(2, "11:45", "13:00"),
        started(2, "12:00", "13:00"),
    ]);
    let running =
        || waiting().into_iter().chain([approached(1, "09:45", "10:00"), started(1, "10:00", "10:00")]);
    given(running()).when(SpaceCommand::PassMoment(pass("11:44"))).then_nothing();
    let seen = running().chain([seen(1, "10:05")]);
    given(seen).when(SpaceCommand::PassTime(pass("12:00"))).then([
        approached(2, "11:45", "12:00"),
        completed(1, "12:00", "12:00"),
        started(2, "12:00", "12:00"),
    ]);
}

#[test]
fn time_can_pass_one_moment_at_a_time_because_sensors_may_report_in_between() {
    let pass =
        |at| SpaceCommand::PassMoment(PassTime { at: t(at), reserved_soon: SOON, arrivals_known: true });
    let waiting = || vec![created_waiting(15), booked(1, "10:00", "12:00")];
    given(waiting()).when(pass("09:44")).then_nothing();
    given(waiting()).when(pass("13:00")).then([approached(1, "09:45", "13:00")]);
    let near = || waiting().into_iter().chain([approached(1, "09:45", "13:00")]);
    given(near()).when(pass("13:00")).then([started(1, "10:00", "13:00")]);
    let running = || near().chain([started(1, "10:00", "13:00")]);
    given(running()).when(pass("13:00")).then([not_taken_up(1, "10:15", "13:00")]);
    given(running().chain([seen(1, "10:05")])).when(pass("13:00")).then([completed(1, "12:00", "13:00")]);
}

#[test]
fn past_reservations_are_dropped_and_due_changes_stay() {
    let mut space = space(history([expired(1, "12:00", "12:00"), booked(2, "13:00", "14:00")]));
    let next = space.next_due(SOON);
    space.forget_what_is_over();
    assert_eq!(space.next_due(SOON), next);
    assert_eq!((space.reservation(reservation(1)), space.holding().len()), (None, 1));
}

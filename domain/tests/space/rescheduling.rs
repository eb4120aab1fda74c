//! Rescheduling: another window for a reservation, with the rules of a booking except for the window it already holds.

use chrono::TimeDelta;
use parking_domain::space::{
    MAX_DURATION, RescheduleReservation, SpaceCommand, SpaceEvent, SpaceRefusal, Status,
};

use crate::fixture::*;

fn history(more: impl IntoIterator<Item = SpaceEvent>) -> Vec<SpaceEvent> {
    [created(), booked(1, "10:00", "12:00")].into_iter().chain(more).collect()
}

fn moved(start: &str, end: &str, at: &str) -> SpaceEvent {
    rescheduled(1, window("10:00", "12:00"), window(start, end), at)
}

#[test]
fn a_reservation_can_move_to_a_free_window() {
    for (start, end) in [("14:00", "16:00"), ("10:00", "13:00"), ("11:00", "13:00"), ("09:00", "11:00")] {
        given(history([])).when(reschedule(1, start, end, "08:30")).then([moved(start, end, "08:30")]);
    }
}

#[test]
fn an_absent_end_of_the_window_is_unchanged() {
    let command = |start: Option<&str>, end: Option<&str>| {
        SpaceCommand::RescheduleReservation(RescheduleReservation {
            reservation_id: reservation(1),
            start: start.map(t),
            end: end.map(t),
            max_duration: MAX_DURATION,
            asked: asked("08:30"),
        })
    };
    given(history([])).when(command(Some("11:00"), None)).then([moved("11:00", "12:00", "08:30")]);
    given(history([])).when(command(None, Some("13:00"))).then([moved("10:00", "13:00", "08:30")]);
    given(history([])).when(command(None, None)).then_nothing();
}

#[test]
fn the_same_window_gives_no_event() {
    given(history([])).when(reschedule(1, "10:00", "12:00", "09:00")).then_nothing();
}

#[test]
fn only_an_open_reservation_can_move() {
    given([created()])
        .when(reschedule(1, "14:00", "16:00", "09:00"))
        .then_refused(SpaceRefusal::ReservationNotFound);
    given(history([cancelled(1, "08:30")]))
        .when(reschedule(1, "10:00", "12:00", "09:00"))
        .then_refused(SpaceRefusal::ReservationOver { status: Status::Cancelled });
    given(history([]))
        .when(reschedule(1, "10:00", "13:00", "12:00"))
        .then_refused(SpaceRefusal::ReservationOver { status: Status::Expired });
}

#[test]
fn the_new_window_must_be_one_that_could_be_booked() {
    let refused = |command, refusal| given(history([])).when(command).then_refused(refusal);
    refused(reschedule(1, "14:00", "14:00", "09:00"), SpaceRefusal::WindowEmpty);
    refused(reschedule(1, "08:58:59", "11:00", "09:00"), SpaceRefusal::StartsInThePast);
    refused(reschedule(1, "08:59:30", "09:00", "09:00"), SpaceRefusal::EndsInThePast);
    let limit = TimeDelta::hours(24);
    refused(reschedule(1, "10:00", "+10:00:01", "09:00"), SpaceRefusal::ReservationTooLong { limit });
    let limit = TimeDelta::hours(3);
    let longer = RescheduleReservation {
        reservation_id: reservation(1),
        start: None,
        end: Some(t("13:01")),
        max_duration: limit,
        asked: asked("09:00"),
    };
    refused(SpaceCommand::RescheduleReservation(longer), SpaceRefusal::ReservationTooLong { limit });
    given(history([]))
        .when(reschedule(1, "10:00", "+10:00", "09:00"))
        .then([moved("10:00", "+10:00", "09:00")]);
}

#[test]
fn it_conflicts_with_others_but_not_with_itself() {
    let other = || history([booked(2, "13:00", "14:00")]);
    let conflicts = vec![conflict(2, "13:00", "14:00")];
    given(other())
        .when(reschedule(1, "11:00", "13:00:01", "09:00"))
        .then_refused(SpaceRefusal::SpaceAlreadyReserved { conflicts });
    given(other()).when(reschedule(1, "11:00", "13:00", "09:00")).then([moved("11:00", "13:00", "09:00")]);
}

#[test]
fn an_extension_requires_an_available_space() {
    given(history([disabled()]))
        .when(reschedule(1, "10:00", "12:01", "09:00"))
        .then_refused(SpaceRefusal::SpaceDisabled);
    let overrides = vec![override_id(1)];
    given(history([override_set(1, "11:00", None, BEFORE)]))
        .when(reschedule(1, "10:00", "12:01", "09:00"))
        .then_refused(SpaceRefusal::SpaceNotAvailable { overrides });
}

#[test]
fn a_reduction_is_always_possible() {
    for trouble in [disabled(), override_set(1, "10:30", None, BEFORE)] {
        for (start, end) in [("10:00", "11:59"), ("10:01", "12:00"), ("10:30", "11:30")] {
            given(history([trouble.clone()]))
                .when(reschedule(1, start, end, "09:00"))
                .then([moved(start, end, "09:00")]);
        }
    }
}

#[test]
fn a_start_that_has_passed_starts_it_at_once() {
    given(history([]))
        .when(reschedule(1, "09:00", "11:00", "09:00"))
        .then([moved("09:00", "11:00", "09:00"), started(1, "09:00", "09:00")]);
    given(history([]))
        .when(reschedule(1, "08:59", "11:00", "09:00"))
        .then([moved("08:59", "11:00", "09:00"), started(1, "08:59", "09:00")]);
    given(history([]))
        .when(reschedule(1, "09:00:01", "11:00", "09:00"))
        .then([moved("09:00:01", "11:00", "09:00")]);
}

#[test]
fn once_running_or_confirmed_only_its_end_can_change() {
    let running = || history([started(1, "10:00", "10:00")]);
    let early = || history([checked_in(1, "09:50")]);
    given(running())
        .when(reschedule(1, "10:30", "12:00", "10:10"))
        .then_refused(SpaceRefusal::ReservationUnderWay);
    given(early())
        .when(reschedule(1, "10:30", "12:00", "09:55"))
        .then_refused(SpaceRefusal::ReservationUnderWay);
    given(history([]))
        .when(reschedule(1, "10:30", "12:00", "10:00"))
        .then_refused(SpaceRefusal::ReservationUnderWay);
    given(running()).when(reschedule(1, "10:00", "13:00", "11:59")).then([moved("10:00", "13:00", "11:59")]);
    given(early()).when(reschedule(1, "10:00", "11:00", "09:55")).then([moved("10:00", "11:00", "09:55")]);
    given(running()).when(reschedule(1, "10:00", "11:00", "11:00")).then_refused(SpaceRefusal::EndsInThePast);
    given(running())
        .when(reschedule(1, "10:00", "11:00:01", "11:00"))
        .then([moved("10:00", "11:00:01", "11:00")]);
}

#[test]
fn an_approached_reservation_approaches_again_with_another_start() {
    let near = || history([approached(1, "09:45", "09:45")]);
    given(near().into_iter().chain([moved("14:00", "16:00", "09:50")]))
        .when(pass("13:45"))
        .then([approached(1, "13:45", "13:45")]);
    given(near().into_iter().chain([moved("10:01", "12:00", "09:50")]))
        .when(pass("09:55"))
        .then([approached(1, "09:50", "09:55")]);
    given(near().into_iter().chain([moved("10:00", "13:00", "09:50")])).when(pass("09:55")).then_nothing();
}

#[test]
fn the_old_window_is_free_and_the_new_one_is_reserved() {
    let after = || history([moved("14:00", "16:00", "09:00")]);
    given(after()).when(book(2, "10:00", "12:00", "09:00")).then([booked_at(2, "10:00", "12:00", "09:00")]);
    let conflicts = vec![conflict(1, "14:00", "16:00")];
    given(after())
        .when(book(2, "15:00", "17:00", "09:00"))
        .then_refused(SpaceRefusal::SpaceAlreadyReserved { conflicts });
}

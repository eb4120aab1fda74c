//! Running: check-in, sensor confirmation, check-out.

use parking_domain::space::{ConfirmBySensor, SpaceCommand, SpaceEvent, SpaceRefusal, Status};

use crate::fixture::*;

fn history(more: impl IntoIterator<Item = SpaceEvent>) -> Vec<SpaceEvent> {
    [created(), booked(1, "10:00", "12:00")].into_iter().chain(more).collect()
}

fn running(more: impl IntoIterator<Item = SpaceEvent>) -> Vec<SpaceEvent> {
    history([started(1, "10:00", "10:00")].into_iter().chain(more))
}

#[test]
fn check_in_opens_15_minutes_before_the_start() {
    given(history([])).when(check_in(1, "09:45")).then([checked_in(1, "09:45")]);
    given(history([]))
        .when(check_in(1, "09:44:59"))
        .then_refused(SpaceRefusal::CheckInTooEarly { opens: t("09:45") });
}

#[test]
fn an_early_check_in_does_not_start_the_window_early() {
    let early = history([checked_in(1, "09:45")]);
    assert!(!space(early.clone()).reservation(reservation(1)).expect("booked").has_started());
    given(early).when(pass("10:00")).then([approached(1, "09:45", "10:00"), started(1, "10:00", "10:00")]);
}

#[test]
fn check_in_is_possible_until_the_end() {
    given(running([])).when(check_in(1, "11:59:59")).then([checked_in(1, "11:59:59")]);
    given(running([]))
        .when(check_in(1, "12:00"))
        .then_refused(SpaceRefusal::ReservationOver { status: Status::Expired });
}

#[test]
fn check_in_applies_a_due_start_first() {
    given(history([]))
        .when(check_in(1, "10:00"))
        .then([started(1, "10:00", "10:00"), checked_in(1, "10:00")]);
}

#[test]
fn until_its_release_is_recorded_a_reservation_can_be_confirmed() {
    let waiting = || vec![created_waiting(15), booked(1, "10:00", "12:00"), started(1, "10:00", "10:00")];
    given(waiting()).when(check_in(1, "10:15")).then([checked_in(1, "10:15")]);
    given(waiting()).when(see("10:14:59")).then([seen(1, "10:14:59")]);
    given(waiting()).when(see("10:15")).then_nothing();
    given(waiting())
        .when(check_in(1, "12:00"))
        .then_refused(SpaceRefusal::ReservationOver { status: Status::Expired });
    let over = || waiting().into_iter().chain([not_taken_up(1, "10:15", "10:15")]);
    given(over())
        .when(check_in(1, "10:16"))
        .then_refused(SpaceRefusal::ReservationOver { status: Status::NoShow });
    given(over()).when(see("10:14:59")).then_nothing();
}

#[test]
fn a_repeated_check_in_gives_no_event() {
    given(running([checked_in(1, "10:05")])).when(check_in(1, "10:06")).then_nothing();
    given(history([checked_in(1, "09:50")])).when(check_in(1, "10:06")).then_nothing();
}

#[test]
fn while_one_reservation_is_checked_in_another_is_refused() {
    let next = || running([checked_in(1, "10:05"), booked(2, "12:00", "13:00")]);
    let refused = SpaceRefusal::AnotherCheckedIn { reservation_id: reservation(1) };
    given(next()).when(check_in(2, "11:50")).then_refused(refused);
    given(next()).when(check_in(2, "12:00")).then([
        completed(1, "12:00", "12:00"),
        started(2, "12:00", "12:00"),
        checked_in(2, "12:00"),
    ]);
    given(next().into_iter().chain([checked_out(1, "11:45")]))
        .when(check_in(2, "11:50"))
        .then([checked_in(2, "11:50")]);
    let seen_only = running([seen(1, "10:05"), booked(2, "12:00", "13:00")]);
    given(seen_only).when(check_in(2, "11:50")).then([checked_in(2, "11:50")]);
    given(running([checked_in(1, "10:05"), booked(2, "12:00", "13:00")]))
        .when(check_in(2, "11:44"))
        .then_refused(SpaceRefusal::CheckInTooEarly { opens: t("11:45") });
}

#[test]
fn a_check_in_is_recorded_even_after_the_sensor_saw_the_vehicle() {
    given(running([seen(1, "10:05")])).when(check_in(1, "10:06")).then([checked_in(1, "10:06")]);
    let both = space(running([seen(1, "10:05"), checked_in(1, "10:06")]));
    assert!(both.reservation(reservation(1)).expect("booked").is_checked_in());
    let seen_only = space(running([seen(1, "10:05")]));
    let seen_only = seen_only.reservation(reservation(1)).expect("booked");
    assert!(seen_only.is_confirmed() && !seen_only.is_checked_in());
}

#[test]
fn only_an_open_reservation_can_be_checked_in_or_out() {
    for command in [check_in(1, "10:30"), check_out(1, "10:30")] {
        given([created()]).when(command.clone()).then_refused(SpaceRefusal::ReservationNotFound);
        given(history([cancelled(1, "09:00")]))
            .when(command)
            .then_refused(SpaceRefusal::ReservationOver { status: Status::Cancelled });
    }
}

#[test]
fn the_sensor_confirms_the_reservation_running_at_the_readings_time() {
    given(running([])).when(see("10:00")).then([seen(1, "10:00")]);
    given(running([])).when(see("11:59:59")).then([seen(1, "11:59:59")]);
    given(running([])).when(see("09:59:59")).then_nothing();
    given(running([])).when(see("12:00")).then_nothing();
    given(history([])).when(see("10:07")).then([started(1, "10:00", "10:07"), seen(1, "10:07")]);
}

#[test]
fn the_sensor_confirms_once_and_not_after_a_check_in() {
    given(running([seen(1, "10:05")])).when(see("10:06")).then_nothing();
    given(running([checked_in(1, "10:05")])).when(see("10:06")).then_nothing();
}

#[test]
fn the_sensor_does_not_confirm_past_reservations() {
    given(running([cancelled(1, "10:10")])).when(see("10:05")).then_nothing();
    given([created()]).when(see("10:05")).then_nothing();
}

#[test]
fn the_sensor_confirms_only_the_named_reservation() {
    let next = || running([booked(2, "12:00", "13:00")]);
    let meant = |id, at| {
        let reservation_id = reservation(id);
        SpaceCommand::ConfirmBySensor(ConfirmBySensor { reservation_id, at: t(at), by: sensor() })
    };
    given(next()).when(meant(1, "11:00")).then([seen(1, "11:00")]);
    given(next()).when(meant(2, "11:00")).then_nothing();
}

#[test]
fn check_out_completes_a_confirmed_reservation_and_frees_its_window() {
    for confirmed in [checked_in(1, "10:05"), seen(1, "10:05")] {
        given(running([confirmed.clone()])).when(check_out(1, "11:00")).then([checked_out(1, "11:00")]);
        given(running([confirmed, checked_out(1, "11:00")]))
            .when(book(2, "11:00", "12:00", "11:00"))
            .then([booked_at(2, "11:00", "12:00", "11:00"), started(2, "11:00", "11:00")]);
    }
    given(history([checked_in(1, "09:50")])).when(check_out(1, "09:55")).then([checked_out(1, "09:55")]);
}

#[test]
fn check_out_requires_a_confirmation() {
    given(running([])).when(check_out(1, "11:00")).then_refused(SpaceRefusal::NotCheckedIn);
}

#[test]
fn check_out_after_the_end_is_refused_as_completed() {
    given(running([checked_in(1, "10:05")]))
        .when(check_out(1, "12:00"))
        .then_refused(SpaceRefusal::ReservationOver { status: Status::Completed });
}

//! Booking: windows, conflicts, and obstacles.

use chrono::TimeDelta;
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use parking_domain::space::{BookReservation, Details, MAX_HOLDING, SpaceEvent, SpaceRefusal};

use crate::fixture::*;

#[test]
fn a_window_includes_its_start_and_excludes_its_end() {
    let own = window("10:00", "12:00");
    for (at, within) in [("09:59:59", false), ("10:00", true), ("11:59:59", true), ("12:00", false)] {
        assert_eq!(own.contains(t(at)), within, "{at}");
    }
    for (start, end, overlaps, enclosed) in [
        ("08:00", "10:00", false, false),
        ("08:00", "10:01", true, false),
        ("10:00", "12:00", true, true),
        ("10:01", "11:59", true, true),
        ("11:59", "12:01", true, false),
        ("12:00", "13:00", false, false),
    ] {
        let other = window(start, end);
        assert_eq!(own.overlaps(&other), overlaps, "{start} to {end}");
        assert_eq!(own.encloses(&other), enclosed, "{start} to {end}");
    }
}

#[test]
fn a_future_window_is_booked_without_a_start() {
    given([created()])
        .when(book(1, "10:00", "12:00", "09:59:59"))
        .then([booked_at(1, "10:00", "12:00", "09:59:59")]);
}

#[test]
fn a_window_that_has_started_starts_at_once() {
    given([created()])
        .when(book(1, "10:00", "12:00", "10:00"))
        .then([booked_at(1, "10:00", "12:00", "10:00"), started(1, "10:00", "10:00")]);
    given([created()])
        .when(book(1, "10:00", "12:00", "10:01"))
        .then([booked_at(1, "10:00", "12:00", "10:01"), started(1, "10:00", "10:01")]);
}

#[test]
fn a_start_may_be_at_most_a_minute_in_the_past() {
    given([created()])
        .when(book(1, "10:00", "12:00", "10:01:01"))
        .then_refused(SpaceRefusal::StartsInThePast);
}

#[test]
fn a_window_is_not_empty_and_ends_in_the_future() {
    for end in ["10:00", "09:00"] {
        given([created()]).when(book(1, "10:00", end, "08:00")).then_refused(SpaceRefusal::WindowEmpty);
    }
    given([created()])
        .when(book(1, "10:00", "10:00:30", "10:00:30"))
        .then_refused(SpaceRefusal::EndsInThePast);
    given([created()])
        .when(book(1, "10:00", "10:00:31", "10:00:30"))
        .then([booked_at(1, "10:00", "10:00:31", "10:00:30"), started(1, "10:00", "10:00:30")]);
}

#[test]
fn a_reservation_lasts_at_most_as_long_as_the_limit() {
    let limit = TimeDelta::hours(24);
    given([created()])
        .when(book(1, "10:00", "+10:00", "09:00"))
        .then([booked_at(1, "10:00", "+10:00", "09:00")]);
    given([created()])
        .when(book(1, "10:00", "+10:00:01", "09:00"))
        .then_refused(SpaceRefusal::ReservationTooLong { limit });
    let limit = TimeDelta::hours(1);
    let short = BookReservation { max_duration: limit, ..booking(1, "10:00", "11:01", "09:00") };
    given([created()]).when(book_with(short)).then_refused(SpaceRefusal::ReservationTooLong { limit });
}

#[test]
fn a_reservation_is_stored_with_its_details() {
    let details = Details {
        user_email: Some(sealed("e-mail", 1)),
        request_id: Some("key".to_owned()),
        rate: Some("2.50".to_owned()),
        ..Details::default()
    };
    let command =
        BookReservation { details: Box::new(details.clone()), ..booking(1, "10:00", "11:00", BEFORE) };
    given([created()]).when(book_with(command)).then([booked_with(1, details.clone())]);
    let space = space([created(), booked_with(1, details.clone())]);
    assert_eq!(space.reservation(reservation(1)).expect("booked").details(), &details);
}

#[test]
fn reservations_may_adjoin_but_not_overlap() {
    let history = || [created(), booked(1, "10:00", "12:00")];
    for (start, end) in [("09:00", "10:00"), ("12:00", "13:00")] {
        given(history()).when(book(2, start, end, "08:30")).then([booked_at(2, start, end, "08:30")]);
    }
    for (start, end) in [
        ("09:00", "10:00:01"),
        ("11:59:59", "13:00"),
        ("10:30", "11:00"),
        ("09:00", "13:00"),
        ("10:00", "12:00"),
    ] {
        let conflicts = vec![conflict(1, "10:00", "12:00")];
        given(history())
            .when(book(2, start, end, "08:30"))
            .then_refused(SpaceRefusal::SpaceAlreadyReserved { conflicts });
    }
}

#[test]
fn all_conflicts_are_named_in_order_of_their_start() {
    let history = [
        created(),
        booked(9, "10:00", "11:00"),
        booked(1, "12:00", "13:00"),
        booked(5, "11:00", "12:00"),
        booked(3, "14:00", "15:00"),
    ];
    let conflicts =
        vec![conflict(9, "10:00", "11:00"), conflict(5, "11:00", "12:00"), conflict(1, "12:00", "13:00")];
    given(history)
        .when(book(2, "10:30", "13:30", "09:00"))
        .then_refused(SpaceRefusal::SpaceAlreadyReserved { conflicts });
}

#[test]
fn a_running_or_confirmed_reservation_holds_its_window() {
    for progress in
        [vec![started(1, "10:00", "10:00")], vec![started(1, "10:00", "10:00"), checked_in(1, "10:05")]]
    {
        let history = [created(), booked(1, "10:00", "12:00")].into_iter().chain(progress);
        let conflicts = vec![conflict(1, "10:00", "12:00")];
        given(history)
            .when(book(2, "11:00", "12:00", "10:30"))
            .then_refused(SpaceRefusal::SpaceAlreadyReserved { conflicts });
    }
}

#[test]
fn the_window_of_a_past_or_cancelled_reservation_is_free() {
    for end in [
        cancelled(1, "09:00"),
        checked_out(1, "09:00"),
        completed(1, "09:00", "09:00"),
        expired(1, "09:00", "09:00"),
        not_taken_up(1, "09:00", "09:00"),
    ] {
        given([created(), booked(1, "10:00", "12:00"), end])
            .when(book(2, "10:00", "12:00", "09:30"))
            .then([booked_at(2, "10:00", "12:00", "09:30")]);
    }
}

#[test]
fn a_booking_leaves_the_end_of_an_unconfirmed_reservation_to_the_scheduler() {
    let waiting = || [created_waiting(15), booked(1, "10:00", "12:00")];
    given(waiting())
        .when(book(2, "13:00", "14:00", "10:15"))
        .then([started(1, "10:00", "10:15"), booked_at(2, "13:00", "14:00", "10:15")]);
    let conflicts = vec![conflict(1, "10:00", "12:00")];
    given(waiting())
        .when(book(2, "11:00", "12:00", "10:15"))
        .then_refused(SpaceRefusal::SpaceAlreadyReserved { conflicts });
    given(waiting()).when(book(2, "11:59:30", "13:00", "12:00")).then([
        started(1, "10:00", "12:00"),
        booked_at(2, "11:59:30", "13:00", "12:00"),
        started(2, "11:59:30", "12:00"),
    ]);
}

#[test]
fn a_disabled_space_is_not_booked() {
    given([created(), disabled()])
        .when(book(1, "10:00", "11:00", "09:00"))
        .then_refused(SpaceRefusal::SpaceDisabled);
    given([created(), disabled(), updated(definition(), BEFORE)])
        .when(book(1, "10:00", "11:00", "09:00"))
        .then([booked_at(1, "10:00", "11:00", "09:00")]);
}

#[test]
fn a_space_cannot_be_booked_during_an_override() {
    let history = || {
        [created(), override_set(1, "10:00", Some("12:00"), BEFORE), override_set(2, "20:00", None, BEFORE)]
    };
    let refusal_by = |id| SpaceRefusal::SpaceNotAvailable { overrides: vec![override_id(id)] };
    given(history()).when(book(1, "09:00", "10:00:01", "08:30")).then_refused(refusal_by(1));
    given(history()).when(book(1, "11:59:59", "13:00", "08:30")).then_refused(refusal_by(1));
    given(history()).when(book(1, "+09:00", "+10:00", "08:30")).then_refused(refusal_by(2));
    for (start, end) in [("09:00", "10:00"), ("12:00", "20:00")] {
        given(history()).when(book(1, start, end, "08:30")).then([booked_at(1, start, end, "08:30")]);
    }
    for over in [override_cleared(2, "08:10"), override_ended(2, "08:10", "08:10")] {
        given(history().into_iter().chain([over]))
            .when(book(1, "21:00", "22:00", "08:30"))
            .then([booked_at(1, "21:00", "22:00", "08:30")]);
    }
}

#[test]
fn an_id_is_booked_once() {
    for end in [None, Some(cancelled(1, "09:00"))] {
        given([created(), booked(1, "10:00", "11:00")].into_iter().chain(end))
            .when(book(1, "15:00", "16:00", "09:30"))
            .then_refused(SpaceRefusal::ReservationAlreadyBooked);
    }
}

#[test]
fn for_another_tenant_the_space_does_not_exist() {
    let foreign = Asked { tenant_id: TenantId::PLATFORM, ..asked("09:00") };
    let foreign = BookReservation { asked: foreign, ..booking(1, "10:00", "11:00", "09:00") };
    given([created()]).when(book_with(foreign)).then_refused(SpaceRefusal::SpaceNotFound);
}

#[test]
fn the_number_of_open_reservations_is_limited() {
    let books = |count: usize| {
        [created()].into_iter().chain((0..count as u128).map(|id| booked(id, "10:00", "11:00")))
    };
    given(books(MAX_HOLDING))
        .when(book(100_000, "12:00", "13:00", "09:00"))
        .then_refused(SpaceRefusal::TooManyReservations);
    given(books(MAX_HOLDING - 1))
        .when(book(100_000, "12:00", "13:00", "09:00"))
        .then([booked_at(100_000, "12:00", "13:00", "09:00")]);
}

#[test]
fn a_window_is_available_without_conflicts() {
    let free = [created(), booked(1, "10:00", "11:00"), override_set(1, "12:00", Some("13:00"), BEFORE)];
    let space_of = |events: &[SpaceEvent]| space(events.iter().cloned());
    let space = space_of(&free);
    assert!(space.is_available(&window("11:00", "12:00"), None));
    assert!(!space.is_available(&window("10:59", "12:00"), None), "reserved");
    assert!(space.is_available(&window("10:59", "12:00"), Some(reservation(1))), "it would be rescheduled");
    assert!(!space.is_available(&window("11:00", "12:01"), None), "blocked");
    assert!(!space_of(&[created(), disabled()]).is_available(&window("11:00", "12:00"), None));
    assert!(!space_of(&[]).is_available(&window("11:00", "12:00"), None), "there is no space");
    assert_eq!(space.conflicts(&window("09:00", "12:00"), None), [conflict(1, "10:00", "11:00")]);
    let held: Vec<_> = space.holding().map(|(id, held)| (id, held.window())).collect();
    assert_eq!(held, [(reservation(1), window("10:00", "11:00"))]);
}

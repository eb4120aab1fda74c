//! Amending a reservation's details, cancelling a reservation, and remembering past ones.

use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::document::Document;
use parking_domain::patch::Patch;
use parking_domain::space::{
    AmendReservation, BookReservation, CancelReservation, Details, DetailsPatch, PaymentStatus, REMEMBERED,
    Reservation, SpaceCommand, SpaceEvent, SpaceRefusal, Status,
};
use serde_json::{Value, json};

use crate::fixture::*;

fn amend(id: u128, details: DetailsPatch) -> SpaceCommand {
    let amend = AmendReservation { reservation_id: reservation(id), details, asked: asked("09:00") };
    SpaceCommand::AmendReservation(Box::new(amend))
}

fn amended(id: u128, details: Details) -> SpaceEvent {
    let (reservation_id, details) = (reservation(id), Box::new(details));
    SpaceEvent::ReservationAmended { reservation_id, details, at: t("09:00"), by: user() }
}

fn object(value: Value) -> Document {
    serde_json::from_value(value).expect("an object")
}

#[test]
fn amounts_are_decimal_numbers() {
    let with_rate =
        |rate: &str| DetailsPatch { rate: Patch::Set(rate.to_owned()), ..DetailsPatch::default() };
    let history = || [created(), booked(1, "10:00", "11:00")];
    for good in ["0", "2.5", "999999999999.123456"] {
        let details = Details { rate: Some(good.to_owned()), ..Details::default() };
        given(history()).when(amend(1, with_rate(good))).then([amended(1, details)]);
    }
    for bad in ["", ".", "1.", ".5", "-1", "1,5", "1e3", "1.2.3", "9999999999999", "1.1234567", "EUR 5"] {
        given(history())
            .when(amend(1, with_rate(bad)))
            .then_refused(SpaceRefusal::AmountInvalid { field: "rate" });
    }
    let details = Box::new(Details { total_cost: Some("free".to_owned()), ..Details::default() });
    given([created()])
        .when(book_with(BookReservation { details, ..booking(1, "10:00", "11:00", "09:00") }))
        .then_refused(SpaceRefusal::AmountInvalid { field: "total_cost" });
}

/// A patch with every field set, and the details that it produces from empty ones.
fn everything() -> (DetailsPatch, Details) {
    let text = |text: &str| Patch::Set(text.to_owned());
    let patch = DetailsPatch {
        user_id: Patch::Set(number(5)),
        user_email: Patch::Set(sealed("e-mail", 1)),
        user_name: Patch::Set(sealed("name", 1)),
        user_phone: Patch::Set(sealed("phone", 1)),
        notes: Patch::Set(sealed("notes", 1)),
        external_booking_id: text("B-1"),
        external_system: text("hotel"),
        reservation_type: text("guest"),
        rate: text("2.50"),
        total_cost: text("5"),
        payment_status: Some(PaymentStatus::Paid),
        metadata: Some(object(json!({"plate": "x"}))),
    };
    let text = |text: &str| Some(text.to_owned());
    let details = Details {
        user_id: Some(number(5)),
        user_email: Some(sealed("e-mail", 1)),
        user_name: Some(sealed("name", 1)),
        user_phone: Some(sealed("phone", 1)),
        notes: Some(sealed("notes", 1)),
        request_id: text("key"),
        external_booking_id: text("B-1"),
        external_system: text("hotel"),
        reservation_type: text("guest"),
        rate: text("2.50"),
        total_cost: text("5"),
        payment_status: PaymentStatus::Paid,
        metadata: object(json!({"plate": "x"})),
    };
    (patch, details)
}

#[test]
fn an_amendment_changes_only_the_fields_it_sets() {
    let (patch, details) = everything();
    let before = Details { request_id: Some("key".to_owned()), ..Details::default() };
    given([created(), booked_with(1, before.clone())])
        .when(amend(1, patch))
        .then([amended(1, details.clone())]);
    let clear = DetailsPatch {
        user_id: Patch::Clear,
        user_email: Patch::Clear,
        user_name: Patch::Clear,
        user_phone: Patch::Clear,
        notes: Patch::Clear,
        external_booking_id: Patch::Clear,
        external_system: Patch::Clear,
        reservation_type: Patch::Clear,
        rate: Patch::Clear,
        total_cost: Patch::Clear,
        payment_status: Some(PaymentStatus::Pending),
        metadata: Some(Document::default()),
    };
    given([created(), booked_with(1, Details::default()), amended(1, details)])
        .when(amend(1, clear))
        .then([amended(1, before)]);
}

#[test]
fn an_amendment_without_changes_gives_no_event() {
    let (patch, details) = everything();
    given([created(), booked_with(1, details.clone())]).when(amend(1, patch)).then_nothing();
    given([created(), booked_with(1, details)]).when(amend(1, DetailsPatch::default())).then_nothing();
}

#[test]
fn resealing_the_same_content_is_not_a_change() {
    let before = Details { notes: Some(sealed("bring a jack", 1)), ..Details::default() };
    let notes =
        |text, time| DetailsPatch { notes: Patch::Set(sealed(text, time)), ..DetailsPatch::default() };
    let history = || [created(), booked_with(1, before.clone())];
    given(history()).when(amend(1, notes("bring a jack", 2))).then_nothing();
    let after = Details { notes: Some(sealed("bring two", 2)), ..Details::default() };
    given(history()).when(amend(1, notes("bring two", 2))).then([amended(1, after)]);
}

#[test]
fn a_past_reservation_can_be_amended_while_it_is_remembered() {
    let refund = || DetailsPatch { payment_status: Some(PaymentStatus::Refunded), ..DetailsPatch::default() };
    let details = Details { payment_status: PaymentStatus::Refunded, ..Details::default() };
    let history = [created(), booked(1, "10:00", "11:00"), cancelled(1, "08:30")];
    given(history.clone()).when(amend(1, refund())).then([amended(1, details.clone())]);
    given(history.into_iter().chain([amended(1, details)])).when(amend(1, refund())).then_nothing();
    given([created()]).when(amend(1, refund())).then_refused(SpaceRefusal::ReservationNotFound);
}

#[test]
fn a_reservation_can_be_cancelled_before_its_start_or_while_running() {
    given([created(), booked(1, "10:00", "11:00")]).when(cancel(1, "09:00")).then([cancelled(1, "09:00")]);
    given([created(), booked(1, "10:00", "11:00"), started(1, "10:00", "10:00")])
        .when(cancel(1, "10:30"))
        .then([cancelled(1, "10:30")]);
    let reason = Some(sealed("ill", 1));
    let (reservation_id, at, by) = (reservation(1), t("09:00"), user());
    let cancel = CancelReservation { reservation_id, reason: reason.clone(), asked: asked("09:00") };
    given([created(), booked(1, "10:00", "11:00")])
        .when(SpaceCommand::CancelReservation(Box::new(cancel)))
        .then([SpaceEvent::ReservationCancelled { reservation_id, reason, at, by }]);
}

#[test]
fn a_past_reservation_cannot_be_cancelled_and_reports_its_status() {
    for (end, status) in [
        (cancelled(1, "09:00"), Status::Cancelled),
        (checked_out(1, "09:00"), Status::Completed),
        (completed(1, "09:00", "09:00"), Status::Completed),
        (expired(1, "09:00", "09:00"), Status::Expired),
        (not_taken_up(1, "09:00", "09:00"), Status::NoShow),
    ] {
        let history = [created(), booked(1, "10:00", "12:00"), end];
        given(history.clone())
            .when(cancel(1, "09:30"))
            .then_refused(SpaceRefusal::ReservationOver { status });
        assert_eq!(space(history).reservation(reservation(1)).map(Reservation::status), Some(status));
    }
    given([created(), booked(1, "10:00", "11:00")])
        .when(cancel(1, "11:00"))
        .then_refused(SpaceRefusal::ReservationOver { status: Status::Expired });
}

#[test]
fn a_refusal_names_the_status_in_its_written_form() {
    for status in [Status::Active, Status::Completed, Status::Cancelled, Status::Expired, Status::NoShow] {
        assert_eq!(serde_json::to_value(status).expect("serialises"), status.word());
    }
    assert_eq!(
        SpaceRefusal::ReservationOver { status: Status::NoShow }.to_string(),
        "the reservation is no_show: only its details can be changed"
    );
}

#[test]
fn an_unknown_reservation_is_not_found() {
    given([created()]).when(cancel(1, "09:00")).then_refused(SpaceRefusal::ReservationNotFound);
}

#[test]
fn only_the_last_past_reservations_are_remembered() {
    let ended = (1..=REMEMBERED as u128 + 1)
        .flat_map(|id| [booked(id, "10:00", "11:00"), cancelled(id, "09:00")])
        .collect::<Vec<_>>();
    let history = || [created()].into_iter().chain(ended.clone());
    given(history()).when(cancel(1, "09:30")).then_refused(SpaceRefusal::ReservationNotFound);
    let status = Status::Cancelled;
    given(history()).when(cancel(2, "09:30")).then_refused(SpaceRefusal::ReservationOver { status });
    given(history()).when(cancel(33, "09:30")).then_refused(SpaceRefusal::ReservationOver { status });
}

/// Every way in which a reservation ends, with everything that may happen to it before.
fn lives() -> Vec<(u128, Vec<SpaceEvent>)> {
    let (_, details) = everything();
    let (from, to) = (window("10:00", "11:00"), window("11:00", "12:00"));
    vec![
        (1, vec![booked(1, "10:00", "11:00"), cancelled(1, "09:00")]),
        (
            2,
            vec![
                booked_with(2, details.clone()),
                approached(2, "09:45", "09:45"),
                expired(2, "11:00", "11:00"),
            ],
        ),
        (3, vec![booked(3, "10:00", "11:00"), rescheduled(3, from, to, "09:00"), checked_in(3, "11:00")]),
        (3, vec![started(3, "11:00", "11:00"), checked_out(3, "11:30")]),
        (4, vec![booked(4, "10:00", "11:00"), seen(4, "10:00"), completed(4, "11:00", "11:00")]),
        (5, vec![booked(5, "10:00", "11:00"), not_taken_up(5, "10:15", "10:15"), amended(5, details)]),
    ]
}

#[test]
fn a_recalled_reservation_is_as_if_it_had_never_been_forgotten() {
    let life = |id| lives().into_iter().filter(move |(of, _)| *of == id).flat_map(|(_, events)| events);
    for id in 1..=5 {
        let remembering = space([created()].into_iter().chain(life(id)));
        let later = (100..=100 + REMEMBERED as u128)
            .flat_map(|id| [booked(id, "10:00", "11:00"), cancelled(id, "09:00")]);
        let forgetful = space([created()].into_iter().chain(life(id)).chain(later));
        let reservation_id = reservation(id);
        assert_eq!(forgetful.reservation(reservation_id), None);
        let events: Vec<_> = life(id).collect();
        let recalled = forgetful.recalling(reservation_id, &events);
        assert_eq!(recalled.reservation(reservation_id), remembering.reservation(reservation_id));
    }
}

#[test]
fn an_open_reservation_is_not_recalled() {
    let known = space([created(), booked(1, "10:00", "11:00")]);
    assert_eq!(known.clone().recalling(reservation(1), &[booked(1, "12:00", "13:00")]), known);
    assert_eq!(known.clone().recalling(reservation(2), &[booked(2, "12:00", "13:00")]), known);
}

#[test]
fn a_reservation_of_a_deleted_space_is_over_and_its_details_can_be_amended() {
    let life = [booked(1, "10:00", "11:00"), cancelled(1, "09:00")];
    let history = [created()].into_iter().chain(life.clone()).chain([deleted()]);
    let space = space(history).recalling(reservation(1), &life);
    let refunded = DetailsPatch { payment_status: Some(PaymentStatus::Refunded), ..DetailsPatch::default() };
    let details = Details { payment_status: PaymentStatus::Refunded, ..Details::default() };
    assert_eq!(space.decide(&amend(1, refunded)), Ok(vec![amended(1, details)]));
    let over = SpaceRefusal::ReservationOver { status: Status::Cancelled };
    assert_eq!(space.decide(&cancel(1, "09:30")), Err(over.clone()));
    assert_eq!(space.decide(&check_in(1, "09:50")), Err(over));
    let another = Asked { tenant_id: number(99), ..asked("09:00") };
    let amend =
        AmendReservation { reservation_id: reservation(1), details: DetailsPatch::default(), asked: another };
    let amend = SpaceCommand::AmendReservation(Box::new(amend));
    assert_eq!(space.decide(&amend), Err(SpaceRefusal::SpaceNotFound));
}

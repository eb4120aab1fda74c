//! Rescheduling, amending and cancelling a reservation.

use parking_commands::append::RequestKey;
use parking_commands::bus::ExecuteError;
use parking_commands::ids::Ids;
use parking_commands::personal::SealedCommandError;
use parking_commands::reservations::{Booking, Change, Guest, GuestPatch};
use parking_commands::store::CommandContext;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::patch::Patch;
use parking_domain::space::{
    DetailsPatch, MAX_DURATION, PaymentStatus, Space, SpaceEvent, SpaceRefusal, Status, Window,
};
use uuid::Uuid;

use crate::support::{Platform, asked, at, command_context, elsewhere, window};

fn nothing() -> Change {
    let (guest, details) = (GuestPatch::default(), DetailsPatch::default());
    Change { start: None, end: None, max_duration: MAX_DURATION, guest, details }
}

async fn booked(platform: &Platform, guest: Guest) -> (SpaceId, ReservationId) {
    let space = platform.space("A-1").await;
    let booking = Booking { guest, ..platform.booking(space, window(0)) };
    let booked = platform.reservations().book(booking, command_context()).await.unwrap();
    (space, booked.reservation_id)
}

fn ada() -> Guest {
    Guest { email: Some("ada@example.com".into()), ..Guest::default() }
}

async fn change(
    platform: &Platform,
    (space, reservation): (SpaceId, ReservationId),
    change: Change,
) -> Result<Vec<SpaceEvent>, SealedCommandError> {
    let command_context = command_context();
    let done = platform.reservations().change(space, reservation, change, asked(), &command_context).await;
    done.map(|done| done.events)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, SealedCommandError>) -> SpaceRefusal {
    match result {
        Err(SealedCommandError::Execute(ExecuteError::Refused { refusal, .. })) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn window_and_details_change_together_or_not_at_all() {
    let platform = Platform::create().await;
    let held = booked(&platform, ada()).await;
    let payment = |status| DetailsPatch { payment_status: Some(status), ..DetailsPatch::default() };
    let longer = Change { end: Some(at("13:00")), details: payment(PaymentStatus::Paid), ..nothing() };
    let events = change(&platform, held, longer).await.unwrap();
    let names: Vec<_> = events.iter().map(SpaceEvent::name).collect();
    assert_eq!(names, ["ReservationAmended", "ReservationRescheduled"]);
    let empty = Change { start: Some(at("14:00")), details: payment(PaymentStatus::Refunded), ..nothing() };
    assert_eq!(refusal(change(&platform, held, empty).await), SpaceRefusal::WindowEmpty);
    let space = platform.store.load::<Space>(&held.0.to_string()).await.unwrap().aggregate;
    let reservation = space.reservation(held.1).unwrap();
    assert_eq!(reservation.window(), Window { start: at("10:00"), end: at("13:00") });
    assert_eq!(reservation.details().payment_status, PaymentStatus::Paid);
    assert_eq!(change(&platform, held, nothing()).await.unwrap(), []);
}

#[tokio::test]
async fn notes_are_sealed_for_the_current_guest() {
    let platform = Platform::create().await;
    let held = booked(&platform, ada()).await;
    let noted = |notes: &str| GuestPatch { notes: Patch::Set(notes.into()), ..GuestPatch::default() };
    let to_bob = GuestPatch { email: Patch::Set("bob@example.com".into()), ..noted("a red car") };
    for (guest, email, notes) in
        [(noted("a blue car"), "ada@example.com", "a blue car"), (to_bob, "bob@example.com", "a red car")]
    {
        let events = change(&platform, held, Change { guest, ..nothing() }).await.unwrap();
        let [SpaceEvent::ReservationAmended { details, .. }] = &events[..] else { panic!("{events:?}") };
        let subject = platform.sealer.guest(asked().tenant_id, email);
        assert_eq!(details.notes.as_ref().unwrap().subject, subject, "whom it is for now");
        assert_eq!(platform.opened(&[details.notes.as_ref()]).await, [Some(notes.to_owned())]);
    }
    assert!(!platform.everything().await.contains("car"));
}

#[tokio::test]
async fn personal_data_that_is_equal_is_no_change() {
    let set = |text: &str| Patch::Set(text.to_owned());
    let all = || GuestPatch {
        email: set("ada@example.com"),
        name: set("Ada"),
        phone: set("+47 1"),
        notes: set("a blue car"),
    };
    for guest in [ada(), Guest::default()] {
        let platform = Platform::create().await;
        let held = booked(&platform, guest).await;
        assert_eq!(change(&platform, held, Change { guest: all(), ..nothing() }).await.unwrap().len(), 1);
        let one = |notes| GuestPatch { notes, ..GuestPatch::default() };
        let name = GuestPatch { name: set("Ada"), ..GuestPatch::default() };
        let spelled = GuestPatch { email: set("ADA@example.com"), ..all() };
        for guest in [all(), one(set("a blue car")), name, spelled] {
            assert_eq!(change(&platform, held, Change { guest, ..nothing() }).await.unwrap(), []);
        }
        let other = Change { guest: GuestPatch { phone: set("+47 2"), ..all() }, ..nothing() };
        assert_eq!(change(&platform, held, other).await.unwrap().len(), 1);
        // For another guest the same notes are sealed again, with the other key.
        let bob = Change { guest: GuestPatch { email: set("bob@example.com"), ..all() }, ..nothing() };
        let events = change(&platform, held, bob).await.unwrap();
        let [SpaceEvent::ReservationAmended { details, .. }] = &events[..] else { panic!("{events:?}") };
        let subject = platform.sealer.guest(asked().tenant_id, "bob@example.com");
        assert_eq!(details.notes.as_ref().unwrap().subject, subject);
        // What is forgotten cannot be compared: the same notes are new.
        platform.sealer.forget(subject).await.unwrap();
        let again = change(&platform, held, Change { guest: one(set("a blue car")), ..nothing() }).await;
        assert_eq!(again.unwrap().len(), 1);
        let cleared = one(Patch::Clear);
        assert_eq!(
            change(&platform, held, Change { guest: cleared.clone(), ..nothing() }).await.unwrap().len(),
            1
        );
        assert_eq!(change(&platform, held, Change { guest: cleared, ..nothing() }).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_reason_is_sealed_and_a_reservation_ends_once() {
    let platform = Platform::create().await;
    let (space, reservation) = booked(&platform, Guest::default()).await;
    let (reservations, command_context) = (platform.reservations(), command_context());
    let cancel = || reservations.cancel(space, reservation, Some("Ada is ill"), asked(), &command_context);
    let done = cancel().await.unwrap();
    let [SpaceEvent::ReservationCancelled { reason, .. }] = &done.events[..] else { panic!("{done:?}") };
    assert_eq!(reason.as_ref().unwrap().subject, reservation.uuid());
    assert_eq!(platform.opened(&[reason.as_ref()]).await, [Some("Ada is ill".to_owned())]);
    assert!(!platform.everything().await.contains("Ada"));
    assert_eq!(refusal(cancel().await), SpaceRefusal::ReservationOver { status: Status::Cancelled });
}

#[tokio::test]
async fn another_tenants_reservation_is_not_found_and_no_key_is_created() {
    let platform = Platform::create().await;
    let (space, reservation) = booked(&platform, Guest::default()).await;
    let (reservations, command_context) = (platform.reservations(), command_context());
    let foreign = reservations.cancel(space, reservation, Some("mine"), elsewhere(), &command_context).await;
    assert_eq!(refusal(foreign), SpaceRefusal::SpaceNotFound);
    let unknown = ReservationId::from(platform.log.ids.next());
    let unknown = reservations.cancel(space, unknown, Some("mine"), asked(), &command_context).await;
    assert_eq!(refusal(unknown), SpaceRefusal::ReservationNotFound);
    assert_eq!(platform.keys().await, 0);
}

#[tokio::test]
async fn a_repeated_request_seals_nothing_and_gets_its_result_after_the_space_is_deleted() {
    let platform = Platform::create().await;
    let (space, reservation) = booked(&platform, ada()).await;
    let tenant_id = asked().tenant_id.uuid();
    let keyed = |key: &str| {
        let request = RequestKey { tenant_id, key: key.into(), fingerprint: Uuid::nil() };
        CommandContext { request: Some(request), ..command_context() }
    };
    let (first, second) = (keyed("c-1"), keyed("c-2"));
    let reservations = platform.reservations();
    let patch = GuestPatch { notes: Patch::Set("late".into()), ..GuestPatch::default() };
    let change = || {
        let change = Change { guest: patch.clone(), ..nothing() };
        reservations.change(space, reservation, change, asked(), &first)
    };
    let cancel = || reservations.cancel(space, reservation, Some("Ada is ill"), asked(), &second);
    let (first_change, first_cancellation) = (change().await.unwrap(), cancel().await.unwrap());

    let guest = platform.sealer.guest(asked().tenant_id, "ada@example.com");
    assert!(platform.sealer.forget(guest).await.unwrap());
    platform.delete(space).await;
    for (again, before) in [(change().await, first_change), (cancel().await, first_cancellation)] {
        let again = again.unwrap();
        assert_eq!((again.position, again.repeated, again.events), (before.position, true, before.events));
    }
    assert_eq!(platform.keys().await, 0, "what was forgotten stays forgotten");
}

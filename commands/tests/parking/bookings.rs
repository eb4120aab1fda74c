//! Booking: sealed before the decision, once per request, and once per window.

use futures_util::future::join_all;
use parking_commands::append::AppendError;
use parking_commands::bus::ExecuteError;
use parking_commands::personal::SealedCommandError;
use parking_commands::reservations::{Booked, Booking, Guest};
use parking_domain::asked::Asked;
use parking_domain::space::SpaceRefusal;

use crate::support::{Platform, asked, at, command_context, window};

async fn book(platform: &Platform, booking: Booking) -> Result<Booked, SealedCommandError> {
    platform.reservations().book(booking, command_context()).await
}

fn refusal(result: Result<Booked, SealedCommandError>) -> SpaceRefusal {
    match result {
        Err(SealedCommandError::Execute(ExecuteError::Refused { refusal, .. })) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

fn keyed(booking: Booking, key: &str) -> Booking {
    Booking { request_id: Some(key.into()), ..booking }
}

#[tokio::test]
async fn personal_data_is_sealed_for_the_guest_before_it_reaches_the_log() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let mut booking = keyed(platform.booking(space, window(0)), "r-1");
    booking.guest.phone = Some("+33 1 23".into());
    booking.guest.notes = Some("Ada's blue car".into());
    let booked = book(&platform, booking.clone()).await.unwrap();
    assert_eq!((booked.reservation_id, booked.window), (booking.reservation_id, window(0)));
    assert_eq!((booked.position, booked.repeated), (2, false));
    let details = &booked.details;
    assert_eq!(details.request_id.as_deref(), Some("r-1"));
    let sealed = [&details.user_email, &details.user_name, &details.user_phone, &details.notes];
    let texts = platform.opened(&sealed.map(Option::as_ref)).await;
    let texts: Vec<_> = texts.iter().map(|text| text.as_deref().unwrap()).collect();
    assert_eq!(texts, ["ada@example.com", "Ada", "+33 1 23", "Ada's blue car"]);
    let everything = platform.everything().await;
    for plain in ["ada@", "Ada", "+33"] {
        assert!(!everything.contains(plain), "{plain} is in the log");
    }
    let guest = platform.sealer.guest(asked().tenant_id, "ada@example.com");
    assert!(sealed.iter().all(|sealed| sealed.as_ref().unwrap().subject == guest), "one key forgets it all");
}

#[tokio::test]
async fn without_an_e_mail_the_reservation_has_its_own_key_and_without_personal_data_none() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let mut booking = platform.booking(space, window(0));
    booking.guest.email = None;
    let booked = book(&platform, booking).await.unwrap();
    assert_eq!(booked.details.user_name.unwrap().subject, booked.reservation_id.uuid());
    assert_eq!(platform.keys().await, 1);
    let booking = Booking { guest: Guest::default(), ..platform.booking(space, window(2)) };
    book(&platform, booking).await.unwrap();
    assert_eq!(platform.keys().await, 1);
}

#[tokio::test]
async fn of_fifty_concurrent_bookings_of_one_window_one_is_accepted() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let results = join_all((0..50).map(|_| book(&platform, platform.booking(space, window(0))))).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, 49));
    let winner = won.into_iter().next().unwrap().unwrap().reservation_id;
    for lost in lost {
        let SpaceRefusal::SpaceAlreadyReserved { conflicts } = refusal(lost) else { panic!() };
        assert_eq!(conflicts[0].reservation_id, winner);
    }
    assert_eq!(platform.count("ReservationBooked").await, 1);
    platform.log.assert_whole().await;
}

#[tokio::test]
async fn fifty_concurrent_copies_of_a_request_give_one_reservation_and_equal_results() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let request = || book(&platform, keyed(platform.booking(space, window(0)), "r-1"));
    let results = join_all((0..50).map(|_| request())).await;
    let answers: Vec<Booked> = results.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.repeated).count(), 1);
    let first = Booked { repeated: false, ..answers[0].clone() };
    for answer in answers {
        assert_eq!(Booked { repeated: false, ..answer }, first);
    }
    assert_eq!(platform.count("ReservationBooked").await, 1);
}

#[tokio::test]
async fn a_request_is_recognised_after_its_window_has_started() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    let first = book(&platform, keyed(platform.booking(space, window(0)), "r-1")).await.unwrap();
    let late = Asked { at: at("11:00"), ..asked() };
    let again = Booking { asked: late, ..keyed(platform.booking(space, window(0)), "r-1") };
    let again = book(&platform, again).await.unwrap();
    assert_eq!(again, Booked { repeated: true, ..first });
}

#[tokio::test]
async fn a_key_used_with_other_content_is_refused() {
    let platform = Platform::create().await;
    let (space, other) = (platform.space("A-1").await, platform.space("A-2").await);
    let first = keyed(platform.booking(space, window(0)), "r-1");
    book(&platform, first.clone()).await.unwrap();
    let mut named = first.clone();
    named.guest.name = Some("Eve".into());
    let elsewhere = Booking { space_id: other, ..first.clone() };
    let later = Booking { window: window(4), ..first };
    for other in [named, elsewhere, later] {
        let Err(SealedCommandError::Execute(ExecuteError::Append(refused))) = book(&platform, other).await
        else {
            panic!("it was not refused")
        };
        assert_eq!(refused, AppendError::RequestKeyReused { key: "r-1".into() });
    }
}

#[tokio::test]
async fn a_refused_request_may_be_repeated() {
    let platform = Platform::create().await;
    let space = platform.space("A-1").await;
    book(&platform, platform.booking(space, window(0))).await.unwrap();
    let request = keyed(platform.booking(space, window(1)), "r-1");
    let refused = refusal(book(&platform, request.clone()).await);
    assert!(matches!(refused, SpaceRefusal::SpaceAlreadyReserved { .. }), "{refused:?}");
    let moved = Booking { window: window(2), ..request };
    assert!(!book(&platform, moved).await.unwrap().repeated, "half-open: it starts when the other ends");
}

//! The `display` stream as a specification: given events, when a command is executed, then these events follow or it is
//! refused.

mod outcomes;

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::display::{
    Display, DisplayCommand, DisplayEvent, DisplayRefusal, MOST_ATTEMPTS, Order, Status, order_to_show,
};
use parking_domain::downlink::{Colour, DisplayType, Layout, Light, Unshowable};
use parking_domain::id::{DownlinkId, SpaceId, TenantId};
use parking_domain::instant::Instant;

use crate::scenario::{self, Given, fold};
use uuid::Uuid;

const BY: Actor = Actor::System;

fn given(events: impl IntoIterator<Item = DisplayEvent>) -> Given<Display> {
    scenario::given(events)
}

fn at() -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn asked() -> Asked {
    Asked { tenant_id: tenant(), by: BY, at: at() }
}

fn id(n: u128) -> DownlinkId {
    Uuid::from_u128(n).into()
}

fn tenant() -> TenantId {
    Uuid::from_u128(10).into()
}

fn space() -> SpaceId {
    Uuid::from_u128(20).into()
}

fn light(red: u8) -> Light {
    Light::steady(Colour { red, ..Colour::default() })
}

/// An order whose light and bytes are derived from one number.
fn order(n: u8) -> Order {
    Order {
        space_id: Some(space()),
        light: Some(light(n)),
        f_port: 15,
        confirmed: false,
        data: vec![n].into(),
        priority: 3,
        reason: "space_state".into(),
    }
}

fn requested(n: u128, order: Order) -> DisplayEvent {
    DisplayEvent::DownlinkRequested {
        downlink_id: id(n),
        tenant_id: tenant(),
        order: Box::new(order),
        at: at(),
        by: BY,
    }
}

fn superseded(n: u128) -> DisplayEvent {
    DisplayEvent::DownlinkSuperseded { downlink_id: id(n), at: at() }
}

fn sent(n: u128) -> DisplayEvent {
    DisplayEvent::DownlinkSent { downlink_id: id(n), queue_item_id: "4fb9d05c".into(), at: at() }
}

fn confirmed(n: u128) -> DisplayEvent {
    DisplayEvent::DownlinkConfirmed { downlink_id: id(n), at: at() }
}

fn failed(n: u128, attempt: u8, last: bool) -> DisplayEvent {
    DisplayEvent::DownlinkFailed { downlink_id: id(n), attempt, last, reason: "no gateway".into(), at: at() }
}

fn ask(n: u128, order: Order, force: bool) -> DisplayCommand {
    DisplayCommand::RequestDownlink { downlink_id: id(n), order: Box::new(order), force, asked: asked() }
}

fn request(n: u128, order: Order) -> DisplayCommand {
    ask(n, order, false)
}

fn mark_sent(n: u128) -> DisplayCommand {
    DisplayCommand::MarkDownlinkSent { downlink_id: id(n), queue_item_id: "4fb9d05c".into(), at: at() }
}

fn confirm(n: u128) -> DisplayCommand {
    DisplayCommand::ConfirmDownlink { downlink_id: id(n), at: at() }
}

fn fail(n: u128) -> DisplayCommand {
    DisplayCommand::FailDownlink { downlink_id: id(n), reason: "no gateway".into(), at: at() }
}

/// Red was sent; green was requested while the outcome of red was pending.
fn overtaken() -> [DisplayEvent; 3] {
    [requested(1, order(1)), sent(1), requested(2, order(2))]
}

#[test]
fn an_order_is_requested() {
    given([]).when(request(1, order(1))).then([requested(1, order(1))]);
}

#[test]
fn a_newer_order_supersedes_a_queued_one() {
    given([requested(1, order(1))]).when(request(2, order(2))).then([superseded(1), requested(2, order(2))]);
    for history in [
        vec![requested(1, order(1)), sent(1)],
        vec![requested(1, order(1)), sent(1), confirmed(1)],
        vec![requested(1, order(1)), failed(1, 3, true)],
    ] {
        given(history).when(request(2, order(2))).then([requested(2, order(2))]);
    }
}

#[test]
fn a_newer_order_supersedes_a_failed_one_awaiting_retry() {
    given([requested(1, order(1)), sent(1), failed(1, 1, false)])
        .when(request(2, order(2)))
        .then([superseded(1), requested(2, order(2))]);
}

#[test]
fn an_equal_order_is_not_requested_again() {
    for history in [
        vec![requested(1, order(1))],
        vec![requested(1, order(1)), sent(1)],
        vec![requested(1, order(1)), sent(1), confirmed(1)],
        vec![requested(1, order(1)), failed(1, 1, false)],
    ] {
        let other_words = Order { priority: 1, confirmed: true, reason: "by hand".into(), ..order(1) };
        given(history).when(request(2, other_words)).then_nothing();
    }
}

#[test]
fn an_equal_order_is_requested_after_a_failure_or_another_order_or_by_force() {
    given([requested(1, order(1)), sent(1), failed(1, 3, true)])
        .when(request(2, order(1)))
        .then([requested(2, order(1))]);
    given([requested(1, order(1)), sent(1), confirmed(1), requested(2, order(2)), sent(2)])
        .when(request(3, order(1)))
        .then([requested(3, order(1))]);
    given([requested(1, order(1)), sent(1), confirmed(1)])
        .when(ask(2, order(1), true))
        .then([requested(2, order(1))]);
    given([requested(1, order(1))])
        .when(ask(2, order(1), true))
        .then([superseded(1), requested(2, order(1))]);
}

#[test]
fn another_port_or_other_bytes_are_another_order() {
    let history = [requested(1, order(1)), sent(1)];
    for other in [Order { f_port: 16, ..order(1) }, Order { data: vec![1, 1].into(), ..order(1) }] {
        given(history.clone()).when(request(2, other.clone())).then([requested(2, other)]);
    }
}

#[test]
fn a_known_id_is_a_repetition_even_when_forced() {
    given([requested(1, order(1))]).when(ask(1, order(2), true)).then_nothing();
    given(overtaken()).when(ask(1, order(3), true)).then_nothing();
}

#[test]
fn an_order_out_of_bounds_is_refused() {
    use DisplayRefusal::{DataOutOfBounds, PortOutOfBounds, PriorityOutOfBounds, ReasonTooLong};
    let refused = [
        (Order { priority: 0, ..order(1) }, PriorityOutOfBounds),
        (Order { priority: 11, ..order(1) }, PriorityOutOfBounds),
        (Order { f_port: 0, ..order(1) }, PortOutOfBounds),
        (Order { f_port: 224, ..order(1) }, PortOutOfBounds),
        (Order { data: Vec::new().into(), ..order(1) }, DataOutOfBounds),
        (Order { data: vec![0; 243].into(), ..order(1) }, DataOutOfBounds),
        (Order { reason: "a".repeat(101), ..order(1) }, ReasonTooLong),
    ];
    for (order, refusal) in refused {
        given([]).when(ask(1, order, true)).then_refused(refusal);
    }
    for good in [
        Order { priority: 1, f_port: 1, data: vec![0].into(), reason: String::new(), ..order(1) },
        Order { priority: 10, f_port: 223, data: vec![0; 242].into(), reason: "ü".repeat(100), ..order(1) },
    ] {
        given([]).when(request(1, good.clone())).then([requested(1, good)]);
    }
}

#[test]
fn the_order_to_send_next_is_the_queued_one() {
    let pending = |events: &[DisplayEvent]| {
        let display: Display = fold(events.iter().cloned());
        display.pending().map(|(downlink_id, order)| (downlink_id, order.clone()))
    };
    assert_eq!(pending(&[]), None);
    assert_eq!(pending(&[requested(1, order(1))]), Some((id(1), order(1))));
    assert_eq!(pending(&[requested(1, order(1)), sent(1)]), None);
    assert_eq!(pending(&[requested(1, order(1)), sent(1), failed(1, 1, false)]), Some((id(1), order(1))));
    assert_eq!(pending(&[requested(1, order(1)), failed(1, 3, true)]), None);
    assert_eq!(pending(&[requested(1, order(1)), superseded(1)]), None);
    assert_eq!(pending(&[requested(1, order(1)), superseded(2)]), Some((id(1), order(1))));
    assert_eq!(pending(&overtaken()), Some((id(2), order(2))));
}

#[test]
fn an_order_goes_from_queued_to_confirmed_or_failed() {
    let fares = |events: &[DisplayEvent]| {
        let display: Display = fold(events.iter().cloned());
        display.status(id(1)).zip(display.failed_attempts(id(1)))
    };
    let request = requested(1, order(1));
    assert_eq!(fares(&[]), None);
    assert_eq!(fares(std::slice::from_ref(&request)), Some((Status::Queued, 0)));
    assert_eq!(fares(&[request.clone(), sent(1)]), Some((Status::Pending, 0)));
    assert_eq!(fares(&[request.clone(), sent(1), failed(1, 1, false)]), Some((Status::Queued, 1)));
    assert_eq!(fares(&[request.clone(), failed(1, 1, false), sent(1)]), Some((Status::Pending, 1)));
    assert_eq!(fares(&[request.clone(), failed(1, 3, true)]), Some((Status::Failed, 3)));
    assert_eq!(fares(&[request.clone(), sent(1), confirmed(1)]), Some((Status::Confirmed, 0)));
    assert_eq!(fares(&[request, superseded(1)]), None);
    assert_eq!(fares(&overtaken()), Some((Status::Pending, 0)));
    let display: Display = fold(overtaken().into_iter().chain([failed(1, 1, true)]));
    assert_eq!(display.failed_attempts(id(2)), Some(0), "another order's failure does not count");
}

#[test]
fn the_light_shown_is_the_last_one_sent_without_failure() {
    let shown = |events: &[DisplayEvent]| fold::<Display>(events.iter().cloned()).shown();
    let (red, green) = (Some(light(1)), Some(light(2)));
    assert_eq!(shown(&[]), None);
    assert_eq!(shown(&[requested(1, order(1))]), None);
    assert_eq!(shown(&[requested(1, order(1)), sent(1)]), red);
    assert_eq!(shown(&[requested(1, order(1)), confirmed(1)]), red);
    assert_eq!(shown(&overtaken()), red);
    let then = |events: &[DisplayEvent]| shown(&[&overtaken(), events].concat());
    assert_eq!(then(&[sent(2)]), green);
    assert_eq!(then(&[sent(2), confirmed(2)]), green);
    assert_eq!(then(&[sent(2), failed(2, 1, false)]), red);
    assert_eq!(then(&[sent(2), failed(2, 3, true)]), red);
    assert_eq!(then(&[sent(2), failed(2, 3, true), requested(3, order(3))]), red);
    assert_eq!(then(&[superseded(2), requested(3, order(3))]), red);
    let without_light = requested(3, Order { light: None, ..order(3) });
    assert_eq!(then(&[sent(2), without_light, sent(3)]), green);
}

#[test]
fn a_display_stream_has_no_claims() {
    assert_eq!(Display::claims(&requested(1, order(1))), []);
}

#[test]
fn a_spaces_light_becomes_an_order_in_the_displays_encoding() {
    let blue = Light::blinking(Colour { red: 1, green: 2, blue: 3 }, 500);
    let expected = Order {
        space_id: Some(space()),
        light: Some(blue),
        f_port: 15,
        confirmed: false,
        data: vec![1, 3, 2, 5, 5].into(),
        priority: 3,
        reason: "space_state".into(),
    };
    assert_eq!(order_to_show(&DisplayType::kuando_busylight(), space(), blue), Ok(expected));
    let confirmed = DisplayType { confirmed: true, ..DisplayType::kuando_busylight() };
    assert_eq!(order_to_show(&confirmed, space(), blue).map(|order| order.confirmed), Ok(true));
    let mute = DisplayType { layout: Layout::Parts(Vec::new()), ..DisplayType::kuando_busylight() };
    assert_eq!(order_to_show(&mute, space(), blue), Err(Unshowable::Empty));
}

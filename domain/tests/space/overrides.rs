//! Overrides: set, started, ended, cleared.

use parking_domain::space::{ClearOverride, MAX_DURATION, MAX_OVERRIDES, SpaceCommand, SpaceRefusal};

use crate::fixture::*;

fn clear(id: u128, at: &str) -> SpaceCommand {
    SpaceCommand::ClearOverride(ClearOverride { override_id: override_id(id), asked: asked(at) })
}

#[test]
fn a_future_override_is_set_without_a_start() {
    given([created()]).when(set_override(1, "10:00", Some("12:00"), "09:59:59")).then([override_set(
        1,
        "10:00",
        Some("12:00"),
        "09:59:59",
    )]);
}

#[test]
fn an_override_whose_start_has_passed_starts_at_once() {
    given([created()])
        .when(set_override(1, "10:00", None, "10:00"))
        .then([override_set(1, "10:00", None, "10:00"), override_started(1, "10:00", "10:00")]);
    given([created()])
        .when(set_override(1, "07:00", Some("12:00"), "10:00"))
        .then([override_set(1, "07:00", Some("12:00"), "10:00"), override_started(1, "10:00", "10:00")]);
}

#[test]
fn an_override_ends_after_its_start_and_in_the_future() {
    given([created()])
        .when(set_override(1, "10:00", Some("10:00"), "09:00"))
        .then_refused(SpaceRefusal::OverrideWindowEmpty);
    given([created()])
        .when(set_override(1, "08:00", Some("09:00"), "09:00"))
        .then_refused(SpaceRefusal::OverrideEndsInThePast);
    given([created()])
        .when(set_override(1, "08:00", Some("09:00:01"), "09:00"))
        .then([override_set(1, "08:00", Some("09:00:01"), "09:00"), override_started(1, "09:00", "09:00")]);
    given([created()]).when(set_override(1, "10:00", Some("10:00:01"), "09:00")).then([override_set(
        1,
        "10:00",
        Some("10:00:01"),
        "09:00",
    )]);
}

#[test]
fn overrides_may_overlap_each_other_and_reservations() {
    let history = [created(), booked(1, "10:00", "11:00"), override_set(1, "10:00", None, BEFORE)];
    given(history)
        .when(set_override(2, "10:00", None, "09:00"))
        .then([override_set(2, "10:00", None, "09:00")]);
}

#[test]
fn an_override_is_set_once() {
    given([created(), override_set(1, "10:00", None, BEFORE)])
        .when(set_override(1, "11:00", None, "09:00"))
        .then_refused(SpaceRefusal::OverrideAlreadySet);
}

#[test]
fn the_number_of_overrides_is_limited() {
    let sets = |count: usize| (0..count as u128).map(|id| override_set(id, "10:00", None, BEFORE));
    let most = [created()].into_iter().chain(sets(MAX_OVERRIDES));
    given(most).when(set_override(1000, "10:00", None, "09:00")).then_refused(SpaceRefusal::TooManyOverrides);
    let one_less = [created()].into_iter().chain(sets(MAX_OVERRIDES - 1));
    given(one_less)
        .when(set_override(1000, "10:00", None, "09:00"))
        .then([override_set(1000, "10:00", None, "09:00")]);
}

#[test]
fn a_limit_is_named_in_its_refusal() {
    assert_eq!(
        SpaceRefusal::TooManyOverrides.to_string(),
        "the space has 100 overrides that are not over: clear one first"
    );
    assert_eq!(
        SpaceRefusal::ReservationTooLong { limit: MAX_DURATION }.to_string(),
        "a reservation lasts 1440 minutes at most: book less"
    );
}

#[test]
fn an_override_starts_and_ends_when_due() {
    let history = || [created(), override_set(1, "10:00", Some("12:00"), BEFORE)];
    given(history()).when(pass("09:59:59")).then_nothing();
    given(history()).when(pass("10:00")).then([override_started(1, "10:00", "10:00")]);
    let running = || history().into_iter().chain([override_started(1, "10:00", "10:00")]);
    given(running()).when(pass("11:59:59")).then_nothing();
    given(running()).when(pass("12:00:05")).then([override_ended(1, "12:00", "12:00:05")]);
    given(history())
        .when(pass("13:00"))
        .then([override_started(1, "10:00", "13:00"), override_ended(1, "12:00", "13:00")]);
    given(running().chain([override_ended(1, "12:00", "12:00")])).when(pass("23:00")).then_nothing();
}

#[test]
fn an_open_override_holds_until_it_is_cleared() {
    let history = || [created(), override_set(1, "10:00", None, BEFORE)];
    given(history().into_iter().chain([override_started(1, "10:00", "10:00")]))
        .when(pass("+23:00"))
        .then_nothing();
    given(history())
        .when(clear(1, "11:00"))
        .then([override_started(1, "10:00", "11:00"), override_cleared(1, "11:00")]);
}

#[test]
fn an_override_can_be_cleared_before_its_start() {
    given([created(), override_set(1, "10:00", None, BEFORE)])
        .when(clear(1, "09:00"))
        .then([override_cleared(1, "09:00")]);
    given([created(), override_set(1, "10:00", None, BEFORE), override_cleared(1, "09:00")])
        .when(pass("12:00"))
        .then_nothing();
}

#[test]
fn an_unknown_or_past_override_cannot_be_cleared() {
    let not_found = || SpaceRefusal::OverrideNotFound;
    given([created()]).when(clear(1, "09:00")).then_refused(not_found());
    let history = || [created(), override_set(1, "10:00", Some("12:00"), BEFORE)];
    given(history().into_iter().chain([override_ended(1, "12:00", "12:00")]))
        .when(clear(1, "12:00"))
        .then_refused(not_found());
    given(history().into_iter().chain([override_cleared(1, "11:00")]))
        .when(clear(1, "11:30"))
        .then_refused(not_found());
    given(history()).when(clear(1, "12:00")).then_refused(not_found());
}

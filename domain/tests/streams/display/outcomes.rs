//! The outcome of an order: sent, confirmed, failed, or superseded before that.

use super::*;

#[test]
fn a_queued_order_is_sent_once() {
    given([requested(1, order(1))]).when(mark_sent(1)).then([sent(1)]);
    for history in [
        vec![requested(1, order(1)), sent(1)],
        vec![requested(1, order(1)), sent(1), confirmed(1)],
        vec![requested(1, order(1)), failed(1, 3, true)],
        overtaken().to_vec(),
        vec![],
    ] {
        given(history).when(mark_sent(1)).then_nothing();
    }
    given([requested(1, order(1)), sent(1), failed(1, 1, false)]).when(mark_sent(1)).then([sent(1)]);
}

#[test]
fn an_order_is_confirmed_once_even_before_it_is_marked_sent() {
    given([requested(1, order(1)), sent(1)]).when(confirm(1)).then([confirmed(1)]);
    given([requested(1, order(1))]).when(confirm(1)).then([confirmed(1)]);
    given([requested(1, order(1)), sent(1), confirmed(1)]).when(confirm(1)).then_nothing();
    given([requested(1, order(1)), sent(1), failed(1, 3, true)]).when(confirm(1)).then_nothing();
    given([requested(1, order(1)), sent(1)]).when(confirm(2)).then_nothing();
}

#[test]
fn the_third_failure_is_the_last() {
    assert_eq!(MOST_ATTEMPTS, 3);
    let request = requested(1, order(1));
    given([request.clone()]).when(fail(1)).then([failed(1, 1, false)]);
    given([request.clone(), sent(1)]).when(fail(1)).then([failed(1, 1, false)]);
    given([request.clone(), sent(1), failed(1, 1, false)]).when(fail(1)).then([failed(1, 2, false)]);
    let twice = [request.clone(), failed(1, 1, false), sent(1), failed(1, 2, false)];
    given(twice.clone()).when(fail(1)).then([failed(1, 3, true)]);
    given(twice.into_iter().chain([failed(1, 3, true)])).when(fail(1)).then_nothing();
    given([request, sent(1), confirmed(1)]).when(fail(1)).then_nothing();
    given([]).when(fail(1)).then_nothing();
}

#[test]
fn an_overtaken_orders_outcome_is_still_recorded() {
    given(overtaken()).when(confirm(1)).then([confirmed(1)]);
    given(overtaken()).when(fail(1)).then([failed(1, 1, true)]);
    for outcome in [confirmed(1), failed(1, 1, true)] {
        let history = || overtaken().into_iter().chain([outcome.clone()]);
        given(history()).when(confirm(1)).then_nothing();
        given(history()).when(fail(1)).then_nothing();
        given(history()).when(mark_sent(2)).then([sent(2)]);
    }
}

#[test]
fn a_superseded_orders_outcome_is_ignored() {
    let history = || [requested(1, order(1)), superseded(1), requested(2, order(2))];
    for command in [mark_sent(1), confirm(1), fail(1)] {
        given(history()).when(command).then_nothing();
    }
    let after = |events: [DisplayEvent; 2]| overtaken().into_iter().chain(events);
    given(after([superseded(2), requested(3, order(3))])).when(confirm(1)).then([confirmed(1)]);
}

#[test]
fn only_the_newest_overtaken_orders_outcome_is_pending() {
    let history = || overtaken().into_iter().chain([sent(2), requested(3, order(3))]);
    given(history()).when(confirm(1)).then_nothing();
    given(history()).when(confirm(2)).then([confirmed(2)]);
    let history = || overtaken().into_iter().chain([sent(2), confirmed(2), requested(3, order(3))]);
    given(history()).when(confirm(2)).then_nothing();
    given(history()).when(confirm(1)).then([confirmed(1)]);
}

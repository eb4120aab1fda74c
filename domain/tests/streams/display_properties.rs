//! Invariants of a `display` stream for any commands and outcomes in any order.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::history::{live, withstand};
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::display::{Display, DisplayCommand, DisplayEvent, MOST_ATTEMPTS, Order};
use parking_domain::downlink::{Colour, Light};
use parking_domain::id::{DownlinkId, TenantId};
use parking_domain::instant::Instant;
use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

fn at() -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn asked() -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: Actor::System, at: at() }
}

fn id(n: usize) -> DownlinkId {
    Uuid::from_u128(n as u128).into()
}

fn order(n: u8, size: usize) -> Order {
    Order {
        space_id: None,
        light: (n > 0).then(|| Light::steady(Colour { red: n, ..Colour::default() })),
        f_port: 15,
        confirmed: false,
        data: vec![n; size].into(),
        priority: 3,
        reason: "space_state".into(),
    }
}

/// A command or outcome, for orders counted back from the newest.
#[derive(Clone, Debug)]
enum Move {
    Request { order: u8, force: bool },
    Sent(usize),
    Confirm(usize),
    Fail(usize),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0..3_u8, any::<bool>()).prop_map(|(order, force)| Move::Request { order, force }),
        (0..3_usize).prop_map(Move::Sent),
        (0..3_usize).prop_map(Move::Confirm),
        (0..3_usize).prop_map(Move::Fail),
    ]
}

/// The commands; every request has its own id.
fn commands(moves: Vec<Move>) -> Vec<DisplayCommand> {
    let mut requests = 0_usize;
    let command = |one| match one {
        Move::Request { order: n, force } => {
            requests += 1;
            DisplayCommand::RequestDownlink {
                downlink_id: id(requests),
                order: Box::new(order(n, 242)),
                force,
                asked: asked(),
            }
        }
        Move::Sent(back) => DisplayCommand::MarkDownlinkSent {
            downlink_id: id(requests.saturating_sub(back)),
            queue_item_id: "4fb9d05c".into(),
            at: at(),
        },
        Move::Confirm(back) => {
            DisplayCommand::ConfirmDownlink { downlink_id: id(requests.saturating_sub(back)), at: at() }
        }
        Move::Fail(back) => DisplayCommand::FailDownlink {
            downlink_id: id(requests.saturating_sub(back)),
            reason: "no gateway".into(),
            at: at(),
        },
    };
    moves.into_iter().map(command).collect()
}

fn any_event() -> impl Strategy<Value = DisplayEvent> {
    let id = || (0..4_usize).prop_map(id);
    prop_oneof![
        (id(), 0..3_u8, 0..9_usize).prop_map(|(downlink_id, n, size)| DisplayEvent::DownlinkRequested {
            downlink_id,
            tenant_id: TenantId::DEFAULT,
            order: Box::new(order(n, size)),
            at: at(),
            by: Actor::System,
        }),
        id().prop_map(|downlink_id| DisplayEvent::DownlinkSuperseded { downlink_id, at: at() }),
        id().prop_map(|downlink_id| DisplayEvent::DownlinkSent {
            downlink_id,
            queue_item_id: String::new(),
            at: at()
        }),
        id().prop_map(|downlink_id| DisplayEvent::DownlinkConfirmed { downlink_id, at: at() }),
        (id(), any::<u8>(), any::<bool>()).prop_map(|(downlink_id, attempt, last)| {
            DisplayEvent::DownlinkFailed { downlink_id, attempt, last, reason: String::new(), at: at() }
        }),
    ]
}

/// The state of an order in the log: its failures, or settled.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Open { failures: u8, queued: bool },
    Settled,
}

proptest! {
    #[test]
    fn every_order_is_settled_once_after_three_failures_at_most_and_one_is_queued_at_most(
        moves in vec(any_move(), 1..80),
    ) {
        let life = live::<Display>(commands(moves));
        let mut fates: HashMap<DownlinkId, Fate> = HashMap::new();
        for event in &life.log {
            match event {
                DisplayEvent::DownlinkRequested { downlink_id, .. } => {
                    let before = fates.insert(*downlink_id, Fate::Open { failures: 0, queued: true });
                    prop_assert_eq!(before, None);
                }
                DisplayEvent::DownlinkSuperseded { downlink_id, .. } => {
                    let before = fates.insert(*downlink_id, Fate::Settled);
                    let queued = matches!(before, Some(Fate::Open { queued: true, .. }));
                    prop_assert!(queued);
                }
                DisplayEvent::DownlinkSent { downlink_id, .. } => {
                    let Some(Fate::Open { failures, queued: true }) = fates.get(downlink_id).copied() else {
                        panic!("sent what was not queued: {downlink_id}");
                    };
                    fates.insert(*downlink_id, Fate::Open { failures, queued: false });
                }
                DisplayEvent::DownlinkConfirmed { downlink_id, .. } => {
                    let before = fates.insert(*downlink_id, Fate::Settled);
                    let open = matches!(before, Some(Fate::Open { .. }));
                    prop_assert!(open);
                }
                DisplayEvent::DownlinkFailed { downlink_id, attempt, last, .. } => {
                    let Some(Fate::Open { failures, .. }) = fates.get(downlink_id).copied() else {
                        panic!("failed what was settled: {downlink_id}");
                    };
                    prop_assert!(*attempt == failures + 1 || *last);
                    prop_assert!(*attempt <= MOST_ATTEMPTS && (*last || *attempt < MOST_ATTEMPTS));
                    let again = Fate::Open { failures: *attempt, queued: true };
                    fates.insert(*downlink_id, if *last { Fate::Settled } else { again });
                }
            }
        }
        let queued: Vec<_> =
            fates.iter().filter(|(_, fate)| matches!(fate, Fate::Open { queued: true, .. })).collect();
        let pending = life.state.pending().map(|(downlink_id, _)| downlink_id);
        prop_assert_eq!(queued.into_iter().map(|(id, _)| *id).collect::<Vec<_>>(), Vec::from_iter(pending));
    }

    #[test]
    fn the_last_requested_order_is_pending_sent_or_failed(moves in vec(any_move(), 1..60)) {
        let life = live::<Display>(commands(moves));
        let newest = life.log.iter().rev().find_map(|event| match event {
            DisplayEvent::DownlinkRequested { downlink_id, .. } => Some(*downlink_id),
            _ => None,
        });
        prop_assert!(newest.is_none_or(|newest| life.state.status(newest).is_some()));
        let pending = life.state.pending().map(|(downlink_id, _)| downlink_id);
        prop_assert!(pending.is_none() || pending == newest);
    }

    #[test]
    fn the_state_stays_small(moves in vec(any_move(), 1..80)) {
        let life = live::<Display>(commands(moves));
        prop_assert!(serde_json::to_string(&life.state).expect("serialises").len() < 2000);
        prop_assert!(life.held.is_empty());
    }

    #[test]
    fn a_repeated_request_has_no_effect(moves in vec(any_move(), 0..40), n in 0..3_u8, force in any::<bool>()) {
        let mut state = live::<Display>(commands(moves)).state;
        let order = Box::new(order(n, 1));
        let command =
            DisplayCommand::RequestDownlink { downlink_id: id(1000), order, force, asked: asked() };
        let events = state.decide(&command).expect("accepted");
        for event in &events {
            state.evolve(event);
        }
        prop_assert_eq!(state.decide(&command), Ok(Vec::new()));
    }

    #[test]
    fn any_history_can_be_folded(events in vec(any_event(), 0..60), moves in vec(any_move(), 0..9)) {
        withstand::<Display>(events, commands(moves));
    }
}

//! The life of a stream under any commands: the invariants of every aggregate, checked at every step.

use std::collections::HashSet;
use std::fmt::Debug;

use parking_domain::aggregate::{Claim, ClaimChange, Decider};

/// A stream after its commands.
pub(crate) struct Life<A: Decider> {
    pub(crate) state: A,
    pub(crate) log: Vec<A::Event>,
    pub(crate) held: HashSet<Claim>,
}

/// Executes the commands as the write side does: a refusal changes nothing, the state is stored and loaded between
/// commands, claims are released before others are taken. At the end, the stored log alone gives the same state.
pub(crate) fn live<A: Decider + PartialEq + Debug>(
    commands: impl IntoIterator<Item = A::Command>,
) -> Life<A> {
    let mut life = Life { state: A::default(), log: Vec::new(), held: HashSet::new() };
    for command in commands {
        let events = life.state.decide(&command).unwrap_or_default();
        hold::<A>(&mut life.held, &events);
        for event in &events {
            life.state.evolve(event);
        }
        life.log.extend(events);
        life.state = stored(&life.state);
    }
    let mut replayed = A::default();
    life.log.iter().for_each(|event| replayed.evolve(&stored(event)));
    assert_eq!(replayed, life.state, "the state is a fold of the log");
    life
}

/// Applies any events in any order: every state can be folded, stored and decided on.
pub(crate) fn withstand<A: Decider + PartialEq + Debug>(
    events: impl IntoIterator<Item = A::Event>,
    commands: impl IntoIterator<Item = A::Command>,
) {
    let mut state = A::default();
    for event in events {
        state.evolve(&event);
        let _any = A::claims(&event);
    }
    assert_eq!(stored(&state), state);
    for command in commands {
        let _either = state.decide(&command);
    }
}

fn hold<A: Decider>(held: &mut HashSet<Claim>, events: &[A::Event]) {
    let changes: Vec<ClaimChange> = events.iter().flat_map(A::claims).collect();
    let (taken, released): (Vec<_>, Vec<_>) =
        changes.iter().partition(|change| matches!(change, ClaimChange::Take(_)));
    for change in released {
        assert!(held.remove(change.claim()), "released without holding it: {change:?}");
    }
    for change in taken {
        assert!(held.insert(change.claim().clone()), "taken while holding it: {change:?}");
    }
}

fn stored<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).expect("serialises")).expect("deserialises")
}

//! What every aggregate here is: a pure decision, a total fold, and the claims its events make.

use cqrs_es::Aggregate;

/// Decides and evolves without doing anything else. cqrs-es's `handle` only forwards to `decide`.
pub trait Decider: Aggregate {
    /// Raised whenever the serialised state has another form or another meaning: older snapshots are then passed over.
    const STATE_VERSION: i32;

    /// Every type its events have, and the version each has today.
    const EVENTS: &'static [(&'static str, &'static str)];

    /// The events a command amounts to, or the reason it is refused. Borrowed: after a conflict it is decided again.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// Takes one event into the state. Total: whatever the log holds is accepted.
    fn evolve(&mut self, event: &Self::Event);

    /// What an event takes for its stream alone, or gives up.
    fn claims(_event: &Self::Event) -> Vec<ClaimChange> {
        Vec::new()
    }
}

/// Something only one stream may have at a time: a key within a scope, such as a code within its site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// What kind of key it is, and within what.
    pub scope: String,
    /// The key.
    pub key: String,
}

/// What an event does to a claim. Within one append, releases come before takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimChange {
    /// The stream takes it, and fails if another one has it.
    Take(Claim),
    /// The stream gives it up; nothing happens if it does not have it.
    Release(Claim),
}

impl ClaimChange {
    /// The claim, taken or released.
    pub fn claim(&self) -> &Claim {
        match self {
            Self::Take(claim) | Self::Release(claim) => claim,
        }
    }
}

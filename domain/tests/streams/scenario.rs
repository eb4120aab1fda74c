//! Given, when, then: given events, when a command is executed, then these events follow, none do, or it is refused.

use std::fmt::Debug;

use chrono::TimeDelta;
use parking_domain::actor::Actor;
use parking_domain::aggregate::Decider;
use parking_domain::asked::Asked;
use parking_domain::id::TenantId;
use parking_domain::instant::Instant;

/// The sender of the commands.
pub(crate) const BY: Actor = Actor::System;

/// The time of the commands.
pub(crate) fn at() -> Instant {
    Instant::UNIX_EPOCH + TimeDelta::days(20_000)
}

/// A command of the default tenant.
pub(crate) fn asked() -> Asked {
    Asked { tenant_id: TenantId::DEFAULT, by: BY, at: at() }
}

/// A stream with a history.
pub(crate) struct Given<A>(A);

/// The result of a command.
pub(crate) struct Outcome<A: Decider>(Result<Vec<A::Event>, A::Error>);

/// A stream with these events.
pub(crate) fn given<A: Decider>(events: impl IntoIterator<Item = A::Event>) -> Given<A> {
    Given(fold(events))
}

/// The state after these events.
pub(crate) fn fold<A: Decider>(events: impl IntoIterator<Item = A::Event>) -> A {
    let mut state = A::default();
    events.into_iter().for_each(|event| state.evolve(&event));
    state
}

impl<A: Decider> Given<A> {
    #[expect(clippy::needless_pass_by_value, reason = "a specification reads better without ampersands")]
    pub(crate) fn when(&self, command: A::Command) -> Outcome<A> {
        Outcome(self.0.decide(&command))
    }
}

impl<A: Decider> Outcome<A>
where
    A::Error: PartialEq + Debug,
{
    #[track_caller]
    pub(crate) fn then(self, events: impl IntoIterator<Item = A::Event>) {
        assert_eq!(self.0, Ok(events.into_iter().collect()));
    }

    #[track_caller]
    pub(crate) fn then_nothing(self) {
        self.then([]);
    }

    #[track_caller]
    pub(crate) fn then_refused(self, refusal: A::Error) {
        assert_eq!(self.0, Err(refusal));
    }
}

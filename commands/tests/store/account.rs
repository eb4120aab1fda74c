//! A test aggregate: an account with a balance and a name unique among accounts.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use parking_domain::aggregate::{Claim, ClaimChange, Decider};
use serde::{Deserialize, Serialize};

/// The state. `digest` depends on the order of deposits, so that a repeated or misordered event is detected.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    pub(crate) name: Option<String>,
    pub(crate) cents: i64,
    pub(crate) digest: u64,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    Open(&'static str),
    Rename(&'static str),
    /// One event each.
    Deposit(Vec<i64>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum AccountEvent {
    Opened {
        name: String,
    },
    Renamed {
        from: String,
        to: String,
    },
    /// Version 3. In version 1 `amount` was in whole euros; version 2 had no currency.
    Deposited {
        cents: i64,
        currency: String,
    },
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the account is open")]
    AccountAlreadyOpen,
    #[error("the account is not open")]
    AccountNotOpen,
}

pub(crate) fn deposited(cents: i64) -> AccountEvent {
    AccountEvent::Deposited { cents, currency: "EUR".into() }
}

/// The events folded without a store.
pub(crate) fn fold(events: &[AccountEvent]) -> Account {
    events.iter().fold(Account::default(), |mut account, event| {
        account.evolve(event);
        account
    })
}

impl Decider for Account {
    const STATE_VERSION: i32 = 2;

    const EVENTS: &'static [(&'static str, &'static str)] =
        &[("Opened", "1"), ("Renamed", "1"), ("Deposited", "3")];

    fn decide(&self, command: &Command) -> Result<Vec<AccountEvent>, Refusal> {
        match (command, &self.name) {
            (Command::Open(_), Some(_)) => Err(Refusal::AccountAlreadyOpen),
            (Command::Open(name), None) => Ok(vec![AccountEvent::Opened { name: (*name).into() }]),
            (_, None) => Err(Refusal::AccountNotOpen),
            (Command::Rename(to), Some(from)) if to == from => Ok(Vec::new()),
            (Command::Rename(to), Some(from)) => {
                Ok(vec![AccountEvent::Renamed { from: from.clone(), to: (*to).into() }])
            }
            (Command::Deposit(cents), _) => Ok(cents.iter().copied().map(deposited).collect()),
        }
    }

    fn evolve(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { name: to } | AccountEvent::Renamed { to, .. } => {
                self.name = Some(to.clone());
            }
            AccountEvent::Deposited { cents, .. } => {
                self.cents += cents;
                self.digest = self.digest.wrapping_mul(31).wrapping_add(cents.unsigned_abs());
            }
        }
    }

    fn claims(event: &AccountEvent) -> Vec<ClaimChange> {
        let claim = |name: &String| Claim { scope: "account name".into(), key: name.clone() };
        match event {
            AccountEvent::Opened { name } => vec![ClaimChange::Take(claim(name))],
            AccountEvent::Renamed { from, to } => {
                vec![ClaimChange::Release(claim(from)), ClaimChange::Take(claim(to))]
            }
            AccountEvent::Deposited { .. } => Vec::new(),
        }
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = Command;
    type Event = AccountEvent;
    type Error = Refusal;
    type Services = ();

    async fn handle(&mut self, command: Command, (): &(), sink: &EventSink<Self>) -> Result<(), Refusal> {
        for event in self.decide(&command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: AccountEvent) {
        self.evolve(&event);
    }
}

impl DomainEvent for AccountEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Opened { .. } => "Opened",
            Self::Renamed { .. } => "Renamed",
            Self::Deposited { .. } => "Deposited",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            Self::Opened { .. } | Self::Renamed { .. } => "1",
            Self::Deposited { .. } => "3",
        }
        .to_owned()
    }
}

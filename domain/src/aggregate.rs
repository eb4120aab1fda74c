//! What every aggregate here is: a pure decision, a total fold, and the claims its events make.

use std::io;

use cqrs_es::Aggregate;
use serde::Serialize;

/// Makes a [`Decider`] the aggregate that cqrs-es knows: its `handle` only forwards to `decide`, its `apply` to `evolve`.
macro_rules! aggregate {
    ($aggregate:ty, $name:literal, $command:ty, $event:ty, $refusal:ty) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $name;
            type Command = $command;
            type Event = $event;
            type Error = $refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: $command,
                (): &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), $refusal> {
                for event in $crate::aggregate::Decider::decide(self, &command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                $crate::aggregate::Decider::evolve(self, &event);
            }
        }
    };
}

/// Names the types that an enum of events has, each with its version of today.
macro_rules! events {
    ($events:ty { $($event:ident: $version:literal),+ $(,)? }) => {
        impl $events {
            /// Every type its events have, and the version each has today.
            pub const CATALOGUE: &'static [(&'static str, &'static str)] =
                &[$((stringify!($event), $version)),+];

            /// The event type's name as stored.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$event { .. } => stringify!($event)),+
                }
            }

            /// The version of the event's form as stored.
            pub fn version(&self) -> &'static str {
                match self {
                    $(Self::$event { .. } => $version),+
                }
            }
        }

        impl cqrs_es::DomainEvent for $events {
            fn event_type(&self) -> String {
                self.name().to_owned()
            }

            fn event_version(&self) -> String {
                self.version().to_owned()
            }
        }
    };
}

pub(crate) use {aggregate, events};

/// Decides and evolves without doing anything else. cqrs-es's `handle` only forwards to `decide`.
pub trait Decider: Aggregate + 'static {
    /// Raised whenever the serialised state has another form or another meaning: older snapshots are then passed over.
    const STATE_VERSION: i32;

    /// Every type its events have, and the version each has today.
    const EVENTS: &'static [(&'static str, &'static str)];

    /// The events a command amounts to, or the reason it is refused. Borrowed: after a conflict it is decided
    /// again, so what goes into the events is cloned.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// Takes one event into the state. Total: whatever the log holds is accepted.
    fn evolve(&mut self, event: &Self::Event);

    /// Reads a payload of today's form for [`Decider::evolve`] alone. Aggregates whose streams grow long leave out what it does
    /// not look at.
    fn read_bare(payload: &str) -> serde_json::Result<Self::Event> {
        serde_json::from_str(payload)
    }

    /// How many bytes of memory the state takes, roughly and rather too many than too few. Without a better way: twice
    /// what it takes when serialised, which costs serialising it.
    fn weight(&self) -> usize {
        size_of::<Self>() + 2 * serialised_size(self)
    }

    /// What an event takes for its stream alone, or gives up.
    fn claims(_event: &Self::Event) -> Vec<ClaimChange> {
        Vec::new()
    }
}

/// The length of a value as JSON, without making the JSON. A value that has no JSON weighs nothing.
fn serialised_size(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(0, |()| count.0)
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

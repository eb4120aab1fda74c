//! The interface of every aggregate: a pure decision, a total fold, and the claims that its events make.

use std::io;

use cqrs_es::Aggregate;
use serde::Serialize;
use uuid::Uuid;

/// Implements the cqrs-es aggregate for a [`Decider`]: `handle` only calls `decide`, `apply` only calls `evolve`.
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

/// Lists the types of an event enum, each with its current version.
macro_rules! events {
    ($events:ty { $($event:ident: $version:literal),+ $(,)? }) => {
        impl $events {
            /// Every event type, with its current version.
            pub const CATALOGUE: &'static [(&'static str, &'static str)] =
                &[$((stringify!($event), $version)),+];

            /// The event type's name as stored.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$event { .. } => stringify!($event)),+
                }
            }

            /// The version of the event's stored form.
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

/// A pure decision and fold. cqrs-es's `handle` only calls `decide`.
pub trait Decider: Aggregate + 'static {
    /// Increase it when the form or the meaning of the serialised state changes; older snapshots are then ignored.
    const STATE_VERSION: i32;

    /// Every event type, with its current version.
    const EVENTS: &'static [(&'static str, &'static str)];

    /// The number of events that [`Decider::decide_from_last_events`] is given; 0 for an aggregate without it.
    const LAST_EVENTS: i64 = 0;

    /// Returns the events of a command, or the reason it is refused. The command is borrowed because it is decided
    /// again after a conflict; what goes into the events is cloned.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Error>;

    /// The key under which the event of a command is found in its stream, for [`Decider::decide_from_last_events`].
    fn report_key(_command: &Self::Command) -> Option<Uuid> {
        None
    }

    /// The decision from a stream's last events alone, so that a command on a long stream that is not loaded need not
    /// wait for its fold. `None` unless it surely equals the decision from the whole stream with the key looked up. The events
    /// are as
    /// [`Decider::read_bare`] reads them; `is_recorded` is true when the stream contains the command's key.
    fn decide_from_last_events(
        _command: &Self::Command,
        _last: &[Self::Event],
        _is_recorded: bool,
    ) -> Option<Result<Vec<Self::Event>, Self::Error>> {
        None
    }

    /// Applies one event to the state. Total: it accepts every event that the log can hold.
    fn evolve(&mut self, event: &Self::Event);

    /// Reads a payload of the current version for [`Decider::evolve`] only. Aggregates with long streams leave out the
    /// fields that `evolve` does not use.
    fn read_bare(payload: &str) -> serde_json::Result<Self::Event> {
        serde_json::from_str(payload)
    }

    /// The approximate size of the state in memory, in bytes; it may overestimate. The default is twice the serialised
    /// size, at the cost of serialising the state.
    fn weight(&self) -> usize {
        size_of::<Self>() + 2 * serialised_size(self)
    }

    /// The claims that an event takes or releases.
    fn claims(_event: &Self::Event) -> Vec<ClaimChange> {
        Vec::new()
    }
}

/// The length of a value as JSON, without building the JSON. 0 for a value that cannot be serialised.
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

/// A key that only one stream may hold at a time within its scope, such as a code within its site.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// The kind of key, and the scope it is unique in.
    pub scope: String,
    /// The key.
    pub key: String,
}

/// An event's change to a claim. Within one append, releases precede takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClaimChange {
    /// The stream takes the claim; fails if another stream holds it.
    Take(Claim),
    /// The stream releases the claim; no effect if it does not hold it.
    Release(Claim),
}

impl ClaimChange {
    /// The claim that is taken or released.
    pub fn claim(&self) -> &Claim {
        match self {
            Self::Take(claim) | Self::Release(claim) => claim,
        }
    }
}

//! What waits for the writer: appends, and questions whether what the log shows may be acknowledged.

use parking_bodies::{Encoded, Encoder};
use tokio::sync::oneshot;

use super::{batch, body};
use crate::append::{Append, AppendError, Appended};

/// Where an answer goes.
pub(super) type Reply<T> = oneshot::Sender<Result<T, AppendError>>;

/// Something that waits.
pub(super) enum Asked {
    Append(Pending),
    Confirm(Doubt),
}

/// A position of which somebody wants to know that it may be acknowledged.
pub(super) struct Doubt {
    pub(super) position: i64,
    pub(super) reply: Reply<()>,
}

/// An append that waits for its result.
#[derive(Debug)]
pub(super) struct Pending {
    /// What is asked; its bodies are below.
    pub(super) append: Append,
    /// The body of each of its events, as it will be stored.
    pub(super) bodies: Vec<Option<Encoded>>,
    /// What it weighs as it will be stored, in bytes.
    pub(super) size: usize,
    /// The streams, claims and requests it must not share with another append of its batch.
    pub(super) touches: Vec<u64>,
    pub(super) reply: Reply<Appended>,
}

impl Pending {
    pub(super) fn new(mut append: Append, reply: Reply<Appended>, encoder: Option<&Encoder>) -> Self {
        let bodies = body::take(&mut append, encoder);
        let size = append.size() + bodies.iter().flatten().map(|body| body.bytes.len()).sum::<usize>();
        Self { touches: batch::touches(&append), append, bodies, size, reply }
    }
}

pub(super) fn answer<T>(reply: Reply<T>, result: Result<T, AppendError>) {
    // Nobody listens when the caller has gone away; the append is settled all the same.
    let _gone = reply.send(result);
}

/// Answers all of them with the same.
pub(super) fn refuse(batch: Vec<Pending>, error: &AppendError) {
    for pending in batch {
        answer(pending.reply, Err(error.clone()));
    }
}

//! Requests to the writer: appends, and confirmations of what is visible in the log.

use parking_bodies::{Encoded, Encoder};
use tokio::sync::oneshot;

use super::{batch, body};
use crate::append::{Append, AppendError, Appended};

/// The channel for a result.
pub(super) type Reply<T> = oneshot::Sender<Result<T, AppendError>>;

/// A waiting request.
pub(super) enum WriterRequest {
    Append(Pending),
    Confirm(ConfirmRequest),
}

/// A confirmation that is waited for.
pub(super) struct ConfirmRequest {
    /// Up to where; none for everything visible when it was requested, which takes a commit in any case.
    pub(super) position: Option<i64>,
    pub(super) reply: Reply<()>,
}

/// A waiting append.
#[derive(Debug)]
pub(super) struct Pending {
    /// The append, without its bodies.
    pub(super) append: Append,
    /// The body of each event in its stored form.
    pub(super) bodies: Vec<Option<Encoded>>,
    /// Its stored size, in bytes.
    pub(super) size: usize,
    /// The streams, claims and requests that it must not share with another append of its batch.
    pub(super) conflict_keys: Vec<u64>,
    pub(super) reply: Reply<Appended>,
}

impl Pending {
    pub(super) fn new(mut append: Append, reply: Reply<Appended>, encoder: Option<&Encoder>) -> Self {
        let bodies = body::take(&mut append, encoder);
        let size = append.size() + bodies.iter().flatten().map(|body| body.bytes.len()).sum::<usize>();
        Self { conflict_keys: batch::conflict_keys(&append), append, bodies, size, reply }
    }

    /// False for a command that only has its request remembered.
    pub(super) fn has_events(&self) -> bool {
        self.append.event_count() > 0
    }
}

pub(super) fn answer<T>(reply: Reply<T>, result: Result<T, AppendError>) {
    // The caller may be gone; the append is settled regardless.
    let _gone = reply.send(result);
}

/// Replies to all with the same error.
pub(super) fn refuse(batch: Vec<Pending>, error: &AppendError) {
    for pending in batch {
        answer(pending.reply, Err(error.clone()));
    }
}

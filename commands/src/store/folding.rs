//! Loads streams: in one query where a snapshot is near, page by page where none is.

use cqrs_es::Aggregate;
use parking_domain::aggregate::Decider;
use parking_domain::uplinks::Uplinks;

use super::last_events::{self, LastEvents};
use super::unreadable::UnreadableEvent;
use super::{LoadError, LogContext, LogStore, load};

/// The longest rest of a stream, in events, that a command folds itself.
const FOLDED_AT_ONCE: i64 = 1000;

/// A stream after the query that loads several streams together.
enum Near<A: Decider> {
    Whole(LogContext<A>),
    /// More events may follow.
    Part(LogContext<A>),
    /// The query was not made, failed, or read too many bytes; or the stream's snapshot cannot be used.
    Unread,
}

/// A stream, or its last events because it takes long to load.
pub(crate) enum Loaded<A: Decider> {
    Whole(LogContext<A>),
    Far { partial: LogContext<A>, last: LastEvents<A> },
}

impl LogStore {
    /// Folds a stream from a valid snapshot, if there is one, and the events after it. Offers a new snapshot if the
    /// stream has no recent one.
    pub async fn load<A: Decider>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        let mut context = self.fold(aggregate_id).await?;
        self.snapshots.offer(&mut context);
        Ok(context)
    }

    /// An undecodable event that is skipped in the log is left out of a device's uplinks; any other stream that
    /// contains one is refused.
    async fn fold<A: Decider>(&self, aggregate_id: &str) -> Result<LogContext<A>, LoadError> {
        let known = self.unreadable.of(A::TYPE, aggregate_id);
        let folded = self.fold_skipping(aggregate_id, &known).await;
        if !matches!(folded, Err(LoadError::Undecodable { .. })) {
            return folded;
        }
        // The event may have been skipped a moment ago.
        self.unreadable.refresh(&self.pool).await?;
        let current = self.unreadable.of(A::TYPE, aggregate_id);
        if current == known { folded } else { self.fold_skipping(aggregate_id, &current).await }
    }

    async fn fold_skipping<A: Decider>(
        &self,
        aggregate_id: &str,
        unreadable: &[UnreadableEvent],
    ) -> Result<LogContext<A>, LoadError> {
        if let Some(UnreadableEvent { position, .. }) =
            unreadable.first().filter(|_| A::TYPE != Uplinks::TYPE)
        {
            let (aggregate_id, position) = (aggregate_id.to_owned(), *position);
            return Err(LoadError::Damaged { aggregate_type: A::TYPE, aggregate_id, position });
        }
        let skipped: Vec<i64> = unreadable.iter().map(|event| event.sequence).collect();
        match self.fold_near(aggregate_id, &skipped).await? {
            Near::Whole(context) => Ok(context),
            Near::Part(partial) => self.fold_rest(partial).await,
            Near::Unread => {
                self.fold_rest(load::from_snapshot(&self.pool, aggregate_id, skipped).await).await
            }
        }
    }

    /// Folds a stream in one query, as far as this query reads it.
    async fn fold_near<A: Decider>(&self, aggregate_id: &str, skipped: &[i64]) -> Result<Near<A>, LoadError> {
        let form = load::snapshot_form::<A>(skipped.len());
        let Some(tail) = self.loader.tail(A::TYPE, aggregate_id, form).await else {
            return Ok(Near::Unread);
        };
        let is_cut = tail.cut;
        Ok(match load::fold_tail(self.upcasters, aggregate_id, skipped, tail)? {
            Some(context) if is_cut => Near::Part(context),
            Some(context) => Near::Whole(context),
            None => Near::Unread,
        })
    }

    /// Folds the rest of a stream, page by page.
    async fn fold_rest<A: Decider>(&self, mut context: LogContext<A>) -> Result<LogContext<A>, LoadError> {
        let _turn = self.long_loads.acquire().await.expect("it is never closed");
        load::fold_rest(&self.pool, self.upcasters, &self.snapshots, &mut context).await?;
        Ok(context)
    }

    /// Loads a stream for a command, but not the rest of one that takes long to load: then the last events may suffice.
    pub(crate) async fn load_for<A: Decider>(
        &self,
        aggregate_id: &str,
        command: &A::Command,
    ) -> Result<Loaded<A>, LoadError> {
        if A::LAST_EVENTS == 0 || !self.unreadable.of(A::TYPE, aggregate_id).is_empty() {
            return Ok(Loaded::Whole(self.load(aggregate_id).await?));
        }
        let partial = match self.fold_near(aggregate_id, &[]).await {
            Ok(Near::Whole(mut context)) => {
                self.snapshots.offer(&mut context);
                return Ok(Loaded::Whole(context));
            }
            Ok(Near::Part(partial)) => partial,
            Ok(Near::Unread) | Err(LoadError::Undecodable { .. }) => {
                load::from_snapshot(&self.pool, aggregate_id, Vec::new()).await
            }
            Err(error) => return Err(error),
        };
        let key = A::report_key(command);
        let last = last_events::read(&self.pool, self.upcasters, aggregate_id, key).await?;
        match last.filter(|last| last.version - partial.version > FOLDED_AT_ONCE) {
            Some(last) => Ok(Loaded::Far { partial, last }),
            None => Ok(Loaded::Whole(self.load_rest(partial).await?)),
        }
    }

    /// Loads the rest of a partially loaded stream.
    pub(crate) async fn load_rest<A: Decider>(
        &self,
        partial: LogContext<A>,
    ) -> Result<LogContext<A>, LoadError> {
        let aggregate_id = partial.aggregate_id.clone();
        match self.fold_rest(partial).await {
            Ok(mut context) => {
                self.snapshots.offer(&mut context);
                Ok(context)
            }
            // The event may have been skipped a moment ago.
            Err(LoadError::Undecodable { .. }) => self.load(&aggregate_id).await,
            Err(error) => Err(error),
        }
    }
}

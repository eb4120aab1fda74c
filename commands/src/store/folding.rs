//! Loads streams: in one query where a snapshot is near, page by page where none is.

use cqrs_es::Aggregate;
use parking_domain::aggregate::Decider;
use parking_domain::uplinks::Uplinks;

use super::last_events::{self, LastEvents};
use super::unreadable::UnreadableEvent;
use super::{LoadError, LogContext, LogStore, load};

/// A stream as far as one query loads it.
enum Near<A: Decider> {
    Whole(LogContext<A>),
    /// Events follow; without a context, the query was not made.
    Part(Option<LogContext<A>>),
}

/// A stream, or what stands in for one that takes long to load.
pub(crate) enum Loaded<A: Decider> {
    Whole(LogContext<A>),
    Last(LastEvents<A>),
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
            Near::Part(partial) => self.fold_far(aggregate_id, skipped, partial).await,
        }
    }

    /// Folds a stream in one query, if its snapshot is near or it is short.
    async fn fold_near<A: Decider>(&self, aggregate_id: &str, skipped: &[i64]) -> Result<Near<A>, LoadError> {
        let form = load::snapshot_form::<A>(skipped.len());
        let Some(tail) = self.loader.tail(A::TYPE, aggregate_id, form).await else {
            return Ok(Near::Part(None));
        };
        let whole = !tail.cut;
        let folded = load::fold_tail(self.upcasters, aggregate_id, skipped, tail)?;
        Ok(match folded {
            Some(context) if whole => Near::Whole(context),
            Some(context) => Near::Part(Some(context)),
            // The snapshot is unusable: the stream is read from its first event.
            None => {
                Near::Part(Some(LogContext { skipped: skipped.to_vec(), ..LogContext::empty(aggregate_id) }))
            }
        })
    }

    /// Folds the rest of a long stream, page by page.
    async fn fold_far<A: Decider>(
        &self,
        aggregate_id: &str,
        skipped: Vec<i64>,
        partial: Option<LogContext<A>>,
    ) -> Result<LogContext<A>, LoadError> {
        let _turn = self.long_loads.acquire().await.expect("it is never closed");
        let mut context = match partial {
            Some(context) => context,
            None => load::from_snapshot(&self.pool, aggregate_id, skipped).await,
        };
        load::fold_rest(&self.pool, self.upcasters, &self.snapshots, &mut context).await?;
        Ok(context)
    }

    /// The last events of a stream that takes long to load; the stream itself if it does not, or if its aggregate
    /// decides only from the whole stream.
    pub(crate) async fn load_or_last_events<A: Decider>(
        &self,
        aggregate_id: &str,
    ) -> Result<Loaded<A>, LoadError> {
        if A::LAST_EVENTS > 0
            && self.unreadable.of(A::TYPE, aggregate_id).is_empty()
            && let Ok(near) = self.fold_near(aggregate_id, &[]).await
        {
            match near {
                Near::Whole(mut context) => {
                    self.snapshots.offer(&mut context);
                    return Ok(Loaded::Whole(context));
                }
                Near::Part(_) => {
                    if let Some(last) = last_events::read(&self.pool, self.upcasters, aggregate_id).await? {
                        return Ok(Loaded::Last(last));
                    }
                }
            }
        }
        Ok(Loaded::Whole(self.load(aggregate_id).await?))
    }
}

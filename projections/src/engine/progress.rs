//! The positions of projections, for readers that wait for one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::engine::projection::Projection;

/// The events that a running projection applies in a moment.
const NEAR: i64 = 1_000;

/// The position that a projection has reached.
#[derive(Clone, Debug)]
pub struct Progress {
    reached: watch::Receiver<i64>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    awaited: Notify,
    stopped: AtomicBool,
}

/// The runner's end: reports the position and learns that a reader waits.
pub(crate) struct Reporter {
    reached: watch::Sender<i64>,
    shared: Arc<Shared>,
}

impl Reporter {
    pub(crate) fn new() -> (Self, Progress) {
        let (sender, reached) = watch::channel(0);
        let shared = Arc::<Shared>::default();
        (Self { reached: sender, shared: shared.clone() }, Progress { reached, shared })
    }

    /// The position that the runner has reached.
    pub(crate) fn reached(&self) -> &watch::Sender<i64> {
        &self.reached
    }

    /// Returns when a reader waits for a position, or has started to wait since the last return.
    pub(crate) async fn awaited(&self) {
        self.shared.awaited.notified().await;
    }

    /// Reports whether the projection has stopped before an event.
    pub(crate) fn set_stopped(&self, stopped: bool) {
        self.shared.stopped.store(stopped, Ordering::Relaxed);
    }
}

impl Progress {
    /// The position reached.
    pub fn position(&self) -> i64 {
        *self.reached.borrow()
    }

    /// True if the projection can be at a position in a moment: it has not stopped and is not far behind.
    fn is_near(&self, position: i64) -> bool {
        !self.has_stopped() && position - self.position() <= NEAR
    }

    fn has_stopped(&self) -> bool {
        self.shared.stopped.load(Ordering::Relaxed)
    }

    /// Notifies of every advance from the current position on.
    pub fn news(&self) -> watch::Receiver<i64> {
        let mut news = self.reached.clone();
        news.mark_unchanged();
        news
    }

    /// Ends the lingering of a runner that has not reached the position.
    fn hurry(&self, position: i64) {
        if self.position() < position {
            self.shared.awaited.notify_one();
        }
    }

    /// Waits until the projection has reached `position`; false if it has not after `patience`. A lingering runner
    /// reads at once.
    pub async fn wait_for(&self, position: i64, patience: Duration) -> bool {
        self.hurry(position);
        let mut receiver = self.reached.clone();
        let reached = receiver.wait_for(|reached| *reached >= position);
        matches!(timeout(patience, reached).await, Ok(Ok(_)))
    }
}

/// The projections whose rows a read or a command needs: one, or a tuple of several.
pub trait Sources {
    /// Their names.
    const NAMES: &'static [&'static str];
}

impl<P: Projection> Sources for P {
    const NAMES: &'static [&'static str] = &[P::NAME];
}

impl<A: Projection, B: Projection> Sources for (A, B) {
    const NAMES: &'static [&'static str] = &[A::NAME, B::NAME];
}

impl<A: Projection, B: Projection, C: Projection> Sources for (A, B, C) {
    const NAMES: &'static [&'static str] = &[A::NAME, B::NAME, C::NAME];
}

/// The progress of the projections that this process runs or follows. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Progresses(Arc<BTreeMap<&'static str, Progress>>);

/// The projection that has not reached a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// Its name.
    pub projection: &'static str,
    /// The position it has reached.
    pub reached: i64,
    /// Whether it has stopped there: then waiting is useless until an operator acts.
    pub stopped: bool,
}

impl FromIterator<(&'static str, Progress)> for Progresses {
    fn from_iter<I: IntoIterator<Item = (&'static str, Progress)>>(of: I) -> Self {
        Self(Arc::new(of.into_iter().collect()))
    }
}

impl Progresses {
    /// The progress of a projection.
    pub fn of<P: Projection>(&self) -> &Progress {
        self.0.get(P::NAME).expect("every projection of the list is followed")
    }

    /// The position that all projections have reached.
    pub fn position(&self) -> i64 {
        self.0.values().map(Progress::position).min().unwrap_or_default()
    }

    /// Waits until these projections have reached the position, at most for `patience`; else names the last of them that
    /// is behind.
    pub async fn wait_for<S: Sources>(&self, position: i64, patience: Duration) -> Result<(), Behind> {
        self.wait(S::NAMES, position, patience).await
    }

    /// As [`Self::wait_for`], for all projections.
    pub async fn wait_for_all(&self, position: i64, patience: Duration) -> Result<(), Behind> {
        let names: Vec<&'static str> = self.0.keys().copied().collect();
        self.wait(&names, position, patience).await
    }

    /// Waits until the projections that can be at the position in a moment are there, at most for `patience`.
    pub async fn wait_for_near(&self, position: i64, patience: Duration) {
        let near = self.0.iter().filter(|(_, progress)| progress.is_near(position));
        let near: Vec<&'static str> = near.map(|(name, _)| *name).collect();
        // Best effort: a projection that is late after all is not waited for.
        let _late = self.wait(&near, position, patience).await;
    }

    async fn wait(&self, names: &[&'static str], position: i64, patience: Duration) -> Result<(), Behind> {
        let until = Instant::now() + patience;
        let followed: Vec<_> = names.iter().filter_map(|name| self.0.get_key_value(name)).collect();
        for (_, progress) in &followed {
            progress.hurry(position);
        }
        for (projection, progress) in followed {
            let left = until.saturating_duration_since(Instant::now());
            if !progress.wait_for(position, left).await {
                let (reached, stopped) = (progress.position(), progress.has_stopped());
                return Err(Behind { projection, reached, stopped });
            }
        }
        Ok(())
    }
}

//! The runners of projections, of which one may wait.

use std::pin::Pin;

use parking_projections::engine::progress::Progress;
use parking_projections::engine::projection::Projection;
use parking_projections::engine::runner::Runner;
use parking_projections::list::Visitor;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The work of a runner.
pub(crate) type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Starts the runners of projections.
pub(crate) struct StartRunner {
    pub(crate) projector: PgConnectOptions,
    pub(crate) woken: watch::Receiver<()>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// The projection whose runner waits.
    pub(crate) without: Option<&'static str>,
    pub(crate) waiting: Vec<Waiting>,
}

impl Visitor for StartRunner {
    type Output = (&'static str, Progress);

    fn visit<P: Projection>(&mut self) -> Self::Output {
        let (runner, progress) = Runner::<P>::new(self.projector.clone(), self.woken.clone());
        let running = runner.run(self.stop.clone());
        if self.without == Some(P::NAME) {
            self.waiting.push(Box::pin(running));
        } else {
            self.tasks.spawn(running);
        }
        (P::NAME, progress)
    }
}

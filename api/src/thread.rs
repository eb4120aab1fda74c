//! A thread of its own for what must not wait behind requests, nor they behind it.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime of one thread. What is spawned on it ends with it at the latest.
pub(crate) struct Thread(Option<Runtime>);

impl Thread {
    /// Starts it under a name that tools show.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// To spawn on.
    pub(crate) fn handle(&self) -> &Handle {
        self.0.as_ref().expect("it is only taken when dropped").handle()
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // To wait here would block whoever drops it: what should end in order has been waited for before.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

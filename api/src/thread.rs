//! A separate thread for work that must not wait behind requests, and must not delay them.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime with one thread. Its tasks end with it at the latest.
pub(crate) struct Thread(Option<Runtime>);

impl Thread {
    /// Starts it under a name that tools show.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// The handle for spawning.
    pub(crate) fn handle(&self) -> &Handle {
        self.0.as_ref().expect("it is only taken when dropped").handle()
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        // Waiting here would block the caller's thread: tasks that must end in order have ended before.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

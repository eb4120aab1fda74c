//! Named points at which a test can kill the process, to verify that it may die anywhere.
//!
//! With the feature `armed` (tests only) the variable `PARKING_FAILPOINT=name:n` kills the process with SIGKILL when it
//! reaches the point `name` for the `n`th time. Without the feature [`reach`] does nothing.

/// Kills the process if this is the configured point.
#[cfg(feature = "armed")]
pub fn reach(name: &str) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    static NAMED: OnceLock<Option<(String, AtomicI64)>> = OnceLock::new();
    let named = NAMED.get_or_init(|| {
        let setting = std::env::var("PARKING_FAILPOINT").ok()?;
        let (name, times) = setting.split_once(':')?;
        Some((name.to_owned(), AtomicI64::new(times.parse().ok()?)))
    });
    let Some((_, left)) = named.as_ref().filter(|(named, _)| named == name) else { return };
    if left.fetch_sub(1, Ordering::SeqCst) == 1 {
        let me = rustix::process::getpid();
        let _dying = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        loop {
            std::thread::park();
        }
    }
}

/// Does nothing: failpoints are not armed.
#[cfg(not(feature = "armed"))]
#[inline]
pub fn reach(_name: &str) {}

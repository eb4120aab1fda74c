//! Where identities come from: passed in, so that nothing below the composition root draws randomness.

use uuid::Uuid;

/// A source of version-7 UUIDs (RFC 9562): unique, and growing with time.
pub trait Ids: Send + Sync {
    /// An id that was never given before.
    fn next(&self) -> Uuid;
}

//! The source of ids: passed in, so that no code below the composition root draws randomness.

use uuid::Uuid;

/// A source of version-7 UUIDs (RFC 9562): unique and increasing over time.
pub trait Ids: Send + Sync {
    /// A new, unique id.
    fn next(&self) -> Uuid;
}

//! The source of random bytes: passed in, so that no code below the composition root draws them.

/// A source of unpredictable bytes, such as the operating system's.
pub trait Randomness: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

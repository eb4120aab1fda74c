//! Where random bytes come from: passed in, so that nothing below the composition root draws them.

/// A source of bytes that nobody can guess, such as the operating system's.
pub trait Randomness: Send + Sync {
    /// Fills the buffer.
    fn fill(&self, bytes: &mut [u8]);
}

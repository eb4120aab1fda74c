//! Making a dictionary of what bodies have in common.

/// What bodies have in common fits into this; more saves nothing, and each server keeps it in memory.
const LARGEST_DICTIONARY: usize = 64 * 1024;

/// Why no dictionary can be made.
#[derive(Debug, thiserror::Error)]
#[error("a dictionary cannot be trained on {samples} bodies, take more or other ones: {source}")]
pub struct TrainError {
    samples: usize,
    source: std::io::Error,
}

/// A dictionary of what these bodies have in common. It quotes them.
pub fn train<B: AsRef<[u8]>>(bodies: &[B]) -> Result<Vec<u8>, TrainError> {
    zstd::dict::from_samples(bodies, LARGEST_DICTIONARY)
        .map_err(|source| TrainError { samples: bodies.len(), source })
}

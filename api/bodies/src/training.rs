//! Training of dictionaries.

/// The maximum size of a dictionary; more saves nothing, and each server keeps it in memory.
const LARGEST_DICTIONARY: usize = 64 * 1024;

/// Why a dictionary cannot be trained.
#[derive(Debug, thiserror::Error)]
#[error("a dictionary cannot be trained on {samples} bodies, take more or other ones: {source}")]
pub struct TrainError {
    samples: usize,
    source: std::io::Error,
}

/// A dictionary of the common parts of these bodies. It contains parts of them.
pub fn train<B: AsRef<[u8]>>(bodies: &[B]) -> Result<Vec<u8>, TrainError> {
    zstd::dict::from_samples(bodies, LARGEST_DICTIONARY)
        .map_err(|source| TrainError { samples: bodies.len(), source })
}

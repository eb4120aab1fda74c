//! Secrets and ids that the platform draws itself.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::randomness::Randomness;

/// Symbols that are not confused when somebody types them.
const SYMBOLS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The length of a generated password, in symbols of five bits.
const PASSWORD_SYMBOLS: usize = 25;

/// A secret of 256 bits, as text.
pub(super) fn token(randomness: &dyn Randomness) -> SecretString {
    let mut bytes = [0; 32];
    randomness.fill(&mut bytes);
    hex::encode(bytes).into()
}

/// What is stored of a token: enough to recognise it, useless to whoever reads it.
pub(super) fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// As [`token_hash`], of a secret.
pub(super) fn secret_hash(token: &SecretString) -> [u8; 32] {
    token_hash(token.expose_secret())
}

/// A random id (version 4).
pub(super) fn id(randomness: &dyn Randomness) -> Uuid {
    let mut bytes = [0; 16];
    randomness.fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// A password of 125 random bits in groups of five symbols.
pub(super) fn password(randomness: &dyn Randomness) -> SecretString {
    let mut bytes = [0; PASSWORD_SYMBOLS];
    randomness.fill(&mut bytes);
    let symbols: Vec<char> = bytes.iter().map(|byte| char::from(SYMBOLS[usize::from(byte % 32)])).collect();
    let groups: Vec<String> = symbols.chunks(5).map(|group| group.iter().collect()).collect();
    groups.join("-").into()
}

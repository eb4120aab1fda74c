//! Personal data that the domain carries and cannot read.
//!
//! Names, e-mails, phones and notes are encrypted before a decision sees them, each under its subject's own key. The log
//! keeps the sealed form; destroying the key forgets the person. Two sealed values say they are of the same content by a
//! keyed hash, where the field is one that is compared.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::payload::Payload;

/// A keyed hash of personal data: equal for equal content, worth nothing without the platform's key. 32 hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyedHash(pub String);

/// A piece of personal data under its subject's key. Prints whose it is, never what it holds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// Whose key opens it.
    pub subject: Uuid,
    /// The ciphertext with its nonce.
    pub sealed: Payload,
    /// For comparison, where the field is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<KeyedHash>,
}

impl Sealed {
    /// True when both are known to hold the same content. Sealing the same content twice gives different ciphertexts.
    pub fn same_content(&self, other: &Self) -> bool {
        self.hash.is_some() && self.hash == other.hash
    }
}

impl fmt::Debug for KeyedHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

impl fmt::Debug for Sealed {
    /// Ciphertext and hash stay out of logs and test output: what is printed outlives the destruction of a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("subject", &self.subject).finish_non_exhaustive()
    }
}

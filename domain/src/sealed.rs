//! Personal data that the domain carries but cannot read.
//!
//! Names, e-mails, phones and notes are encrypted before a decision sees them, each with its subject's own key. The log
//! stores the sealed form; destroying the key erases the person's data. For fields that are compared, a keyed hash
//! shows whether two sealed values have the same content.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::payload::Payload;

/// A keyed hash of personal data: equal for equal content, useless without the platform's key. 32 hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyedHash(pub String);

/// Personal data encrypted with its subject's key. `Debug` prints the subject, never the content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// The subject whose key decrypts it.
    pub subject: Uuid,
    /// The ciphertext with its nonce.
    pub sealed: Payload,
    /// The hash for comparison, if the field is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<KeyedHash>,
}

impl Sealed {
    /// True when both have a hash and the hashes are equal. Sealing the same content twice gives different ciphertexts.
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
    /// Ciphertext and hash stay out of logs and test output, because printed text outlives the destruction of a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("subject", &self.subject).finish_non_exhaustive()
    }
}

//! A subject's key: XChaCha20-Poly1305, with the nonce before the ciphertext.

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use parking_domain::sealed::Sealed;
use secrecy::SecretString;
use uuid::Uuid;

/// Long enough to be random for every value.
pub(super) const NONCE_BYTES: usize = 24;

/// A key that is wiped from memory when dropped.
pub(super) struct SubjectKey(XChaCha20Poly1305);

impl SubjectKey {
    /// The key, if it has 32 bytes.
    pub(super) fn new(key: &[u8]) -> Option<Self> {
        XChaCha20Poly1305::new_from_slice(key).ok().map(Self)
    }

    pub(super) fn seal(&self, subject: Uuid, nonce: [u8; NONCE_BYTES], text: &str) -> Vec<u8> {
        let payload = Payload { msg: text.as_bytes(), aad: subject.as_bytes() };
        let ciphertext =
            self.0.encrypt(&XNonce::from(nonce), payload).expect("a text is far below the cipher's 256 GiB");
        [&nonce[..], &ciphertext].concat()
    }

    /// The text; `None` if it was sealed with another key or modified.
    pub(super) fn open(&self, sealed: &Sealed) -> Option<SecretString> {
        let (nonce, ciphertext) = sealed.sealed.as_bytes().split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: ciphertext, aad: sealed.subject.as_bytes() };
        let text = self.0.decrypt(&XNonce::from(*nonce), payload).ok()?;
        String::from_utf8(text).ok().map(SecretString::from)
    }
}

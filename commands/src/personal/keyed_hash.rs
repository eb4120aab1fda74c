//! Hashes that compare unreadable values: the first half of HMAC-SHA-256 with the platform's key. And keys made of that key.

use hmac::{Hmac, KeyInit, Mac};
use parking_domain::id::TenantId;
use parking_domain::sealed::KeyedHash;
use sha2::Sha256;
use uuid::Uuid;

/// The platform's key for hashes.
#[derive(Clone)]
pub(super) struct HashKey(Hmac<Sha256>);

impl HashKey {
    pub(super) fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    pub(super) fn email(&self, email: &str) -> KeyedHash {
        KeyedHash(hex::encode(self.first_half(&[b"email", normal(email).as_bytes()])))
    }

    pub(super) fn user(&self, email: &str) -> [u8; 16] {
        self.first_half(&[b"user", normal(email).as_bytes()])
    }

    pub(super) fn guest(&self, tenant: TenantId, email: &str) -> Uuid {
        self.uuid(&[b"guest", tenant.uuid().as_bytes(), normal(email).as_bytes()])
    }

    pub(super) fn invitee(&self, tenant: TenantId, email: &str) -> [u8; 16] {
        self.first_half(&[b"invitee", tenant.uuid().as_bytes(), normal(email).as_bytes()])
    }

    pub(super) fn request(&self, content: &[u8]) -> Uuid {
        self.uuid(&[b"request", content])
    }

    /// A version 8 UUID, which has a custom layout (RFC 9562, section 5.8).
    fn uuid(&self, parts: &[&[u8]]) -> Uuid {
        uuid::Builder::from_custom_bytes(self.first_half(parts)).into_uuid()
    }

    /// A key for another purpose.
    pub(super) fn derived(&self, purpose: &str) -> [u8; 32] {
        self.whole(&[b"key", purpose.as_bytes()])
    }

    fn first_half(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut half = [0; 16];
        half.copy_from_slice(&self.whole(parts)[..16]);
        half
    }

    /// Each part is prefixed by its length, so that different lists of parts never give the same bytes.
    fn whole(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// E-mails are compared without regard to letter case and surrounding blanks.
fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

//! What PostgreSQL stores of a password (RFC 5803), computed here so that no statement contains the password: servers log
//! statements.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// PostgreSQL's own number. Passwords here are random, so more would protect nothing.
const ITERATIONS: u32 = 4096;

/// The verifier of an ASCII password.
pub(crate) fn verifier(password: &str, salt: [u8; 16]) -> String {
    let mut block = mac(password.as_bytes(), &[&salt, &1_u32.to_be_bytes()]);
    let mut salted = block;
    for _ in 1..ITERATIONS {
        block = mac(password.as_bytes(), &[&block]);
        salted.iter_mut().zip(block).for_each(|(sum, byte)| *sum ^= byte);
    }
    let stored = Sha256::digest(mac(&salted, &[b"Client Key"]));
    let server = mac(&salted, &[b"Server Key"]);
    let [salt, stored, server] = [&salt[..], &stored[..], &server[..]].map(|part| STANDARD.encode(part));
    format!("SCRAM-SHA-256${ITERATIONS}:{salt}${stored}:{server}")
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length is taken");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

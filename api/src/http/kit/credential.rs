//! The credentials of programs: of webhook senders, and of whoever collects the metrics.
//!
//! ChirpStack can only send static headers, so it authenticates with a token. A signing proxy in front of it can send an
//! HMAC of the body. All comparisons take constant time.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::http::kit::problem::Problem;

const SIGNATURE_HEADERS: [&str; 2] = ["x-signature", "x-webhook-signature"];
const TOKEN_HEADER: &str = "x-webhook-token";

/// The credential that a webhook request needs.
pub(crate) enum Credential {
    /// None: every sender that reaches the listener is accepted. Loopback only.
    Open,
    /// Knowledge of the secret.
    Secret(SecretString),
}

impl Credential {
    /// True if a sender must know a secret.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }

    /// Refuses a request without a valid credential. A signature, if present, must be valid, even next to a valid token.
    pub(crate) fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
        let Self::Secret(secret) = self else { return Ok(()) };
        let secret = secret.expose_secret().as_bytes();
        let signature = SIGNATURE_HEADERS.iter().find_map(|name| headers.get(*name));
        if let Some(signature) = signature {
            return if signed(secret, body, signature.as_bytes()) { Ok(()) } else { Err(wrong_signature()) };
        }
        let mut tokens = tokens(headers).peekable();
        if tokens.peek().is_none() {
            return Err(missing());
        }
        if tokens.any(|token| same(token, secret)) { Ok(()) } else { Err(wrong_token()) }
    }
}

/// The token of a program that collects the metrics. It works while the database is away, when logins do not.
pub(crate) struct Scraper(pub(crate) Option<SecretString>);

impl Scraper {
    /// True if the request has the token.
    pub(crate) fn sent(&self, headers: &HeaderMap) -> bool {
        let Some(secret) = &self.0 else { return false };
        bearer(headers).is_some_and(|token| same(token, secret.expose_secret().as_bytes()))
    }
}

/// The tokens of a request: `X-Webhook-Token`, and `Authorization: Bearer` in any letter case.
fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get(TOKEN_HEADER).map(HeaderValue::as_bytes).into_iter().chain(bearer(headers))
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().as_bytes())
}

/// True for the hexadecimal HMAC-SHA256 (RFC 2104) of the body, with or without the prefix `sha256=`.
fn signed(secret: &[u8], body: &[u8], signature: &[u8]) -> bool {
    let signature = signature.strip_prefix(b"sha256=").unwrap_or(signature);
    let Ok(signature) = hex::decode(signature) else { return false };
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("an HMAC takes a key of any length");
    mac.chain_update(body).verify_slice(&signature).is_ok()
}

/// Compares the digests, so that the duration discloses neither content nor length.
fn same(token: &[u8], secret: &[u8]) -> bool {
    Sha256::digest(token).as_slice().ct_eq(Sha256::digest(secret).as_slice()).into()
}

fn missing() -> Problem {
    Problem::unauthorized(
        "credential_missing",
        "send the webhook secret as `Authorization: Bearer` or `X-Webhook-Token`, or sign the body in `X-Signature`",
    )
}

fn wrong_token() -> Problem {
    Problem::unauthorized("token_wrong", "the token is not the webhook secret of this server")
}

fn wrong_signature() -> Problem {
    Problem::unauthorized(
        "signature_wrong",
        "the signature is not the hex HMAC-SHA256 of the raw body under the webhook secret",
    )
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    /// HMAC-SHA256 of test case 2 in RFC 4231: key "Jefe", data "what do ya want for nothing?".
    const SIGNATURE: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const BODY: &[u8] = b"what do ya want for nothing?";

    fn check(headers: &[(&'static str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header value"))
        });
        Credential::Secret("Jefe".into()).check(&headers.collect(), BODY).is_ok()
    }

    #[test]
    fn a_valid_signature_in_either_header_and_form_passes() {
        for header in SIGNATURE_HEADERS {
            assert!(check(&[(header, SIGNATURE)]));
            assert!(check(&[(header, &SIGNATURE.to_uppercase())]));
            assert!(check(&[(header, &format!("sha256={SIGNATURE}"))]));
        }
    }

    #[test]
    fn the_token_passes_in_either_header() {
        assert!(check(&[("authorization", "Bearer Jefe")]));
        assert!(check(&[("authorization", "bearer Jefe")]));
        assert!(check(&[("x-webhook-token", "Jefe")]));
        assert!(check(&[("authorization", "Basic abc"), ("x-webhook-token", "Jefe")]));
    }

    #[test]
    fn all_other_credentials_are_refused() {
        assert!(!check(&[]));
        assert!(!check(&[("x-signature", "")]));
        assert!(!check(&[("x-signature", "not hex")]));
        assert!(!check(&[("x-signature", &SIGNATURE[..62])]));
        assert!(!check(&[("x-signature", &SIGNATURE.replace('5', "6"))]));
        assert!(!check(&[("x-signature", "00"), ("x-webhook-token", "Jefe")]));
        assert!(!check(&[("authorization", "Jefe")]));
        assert!(!check(&[("authorization", "Bearer jefe")]));
        assert!(!check(&[("x-webhook-token", "Jefe2")]));
    }
}

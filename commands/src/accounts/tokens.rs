//! Access tokens: JWTs that name a user and a session, and no right. The session is looked up at each use.

mod provider;

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use parking_domain::id::UserId;
use parking_domain::instant::Instant;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{AccountError, TokenRefusal};
use super::keys::Key;
use super::settings::Settings;

/// The only accepted algorithm, whatever a token says.
const ALGORITHM: Algorithm = Algorithm::HS256;

/// The type of access tokens (RFC 9068).
const TYPE: &str = "at+jwt";

/// A longer text is no token of ours; the largest has some 500 bytes.
const MAX_BYTES: usize = 2048;

/// What an access token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Claims {
    iss: String,
    aud: String,
    /// The user.
    pub(super) sub: UserId,
    /// The session.
    pub(super) sid: Uuid,
    iat: i64,
    exp: i64,
}

/// A signed token, and when it expires.
pub(super) fn sign(
    settings: &Settings,
    key: &Key,
    (user_id, session_id): (UserId, Uuid),
    at: Instant,
    expires_at: Instant,
) -> Result<SecretString, AccountError> {
    provider::install();
    let claims = Claims {
        iss: settings.issuer.clone(),
        aud: settings.audience.clone(),
        sub: user_id,
        sid: session_id,
        iat: seconds(at),
        exp: seconds(expires_at),
    };
    let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(ALGORITHM) };
    let token = encode(&header, &claims, &key.encoding);
    token.map(SecretString::from).map_err(|error| AccountError::Secret(error.to_string()))
}

/// The id of the key that a token names. Nothing of it is verified.
pub(super) fn key_id(token: &str) -> Result<String, TokenRefusal> {
    if token.len() > MAX_BYTES {
        return Err(TokenRefusal::Invalid);
    }
    let header = decode_header(token).map_err(|_| TokenRefusal::Invalid)?;
    header.kid.filter(|_| header.alg == ALGORITHM).ok_or(TokenRefusal::Invalid)
}

/// The claims of a token that this key has signed and that has not expired.
pub(super) fn verify(
    settings: &Settings,
    key: &Key,
    token: &str,
    at: Instant,
) -> Result<Claims, TokenRefusal> {
    provider::install();
    let mut validation = Validation::new(ALGORITHM);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation.set_audience(&[&settings.audience]);
    validation.set_issuer(&[&settings.issuer]);
    // The library would read the machine's clock.
    validation.validate_exp = false;
    let decoded = decode::<Claims>(token, &key.decoding, &validation).map_err(|_| TokenRefusal::Invalid)?;
    if decoded.header.typ.as_deref() != Some(TYPE) {
        return Err(TokenRefusal::Invalid);
    }
    if decoded.claims.exp <= seconds(at) { Err(TokenRefusal::Expired) } else { Ok(decoded.claims) }
}

fn seconds(at: Instant) -> i64 {
    (at - Instant::UNIX_EPOCH).num_seconds()
}

/// The earlier one of a token's and its session's end.
pub(super) fn end(at: Instant, life: TimeDelta, session_end: Instant) -> Instant {
    (at + life).min(session_end)
}

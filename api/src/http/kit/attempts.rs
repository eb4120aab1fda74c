//! Tries of passwords: each is counted before the password is hashed. One that was right only counts as hashed, and makes the
//! device known.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use parking_commands::accounts::{AccountError, Accounts};
use parking_commands::randomness::Randomness;
use parking_domain::instant::Instant;
use parking_edge::{Allowance, Devices, RateLimits, Sender, TriedUser};
use uuid::Uuid;

use crate::http::kit::app::AppState;
use crate::http::kit::console::cookie;
use crate::http::kit::edge::{Passage, rate_limited};
use crate::http::kit::problem::Problem;

/// The cookie of a device that the user has logged in from.
const COOKIE_NAME: &str = "parking_device";

/// How long a browser keeps it, in seconds: a year.
const COOKIE_LIFE: u32 = 365 * 24 * 3600;

/// Counts tries of passwords, and knows the devices that users have logged in from.
pub(crate) struct Attempts {
    devices: Devices,
    randomness: Arc<dyn Randomness>,
}

/// Who tries a password.
pub(crate) struct Client {
    /// None if this process sent the request to itself.
    sender: Option<Sender>,
    /// The cookie of a device, known or not.
    cookie: Option<String>,
}

impl FromRequestParts<AppState> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let passage = parts.extensions.get::<Arc<Passage>>();
        let sender = passage.and_then(|passage| passage.sender.clone());
        Ok(Self { sender, cookie: cookie(&parts.headers, COOKIE_NAME).map(str::to_owned) })
    }
}

impl Attempts {
    /// Attempts with the installation's key for cookies.
    pub(crate) fn new(key: [u8; 32], randomness: Arc<dyn Randomness>) -> Self {
        Self { devices: Devices::new(key), randomness }
    }

    /// Whose password somebody tries who logs in with this e-mail. None if this process does it, which has no limit.
    pub(crate) async fn tried_user<'a>(
        &self,
        accounts: &Accounts,
        client: &'a Client,
        email: &str,
    ) -> Result<Option<TriedUser<'a>>, Problem> {
        let Some(sender) = &client.sender else { return Ok(None) };
        let email_key = accounts.platform().sealer.user_key(email);
        let device = client.cookie.as_deref().and_then(|cookie| self.devices.read(&email_key, cookie));
        // Only whoever has logged in with this e-mail gets as far as the look-up: its time tells others nothing.
        let is_known = match device {
            Some(device) => accounts.password_of(email).await? == Some(device.password_id()),
            None => false,
        };
        Ok(Some(TriedUser::of_email(email_key, sender, device.filter(|_| is_known))))
    }

    /// Tries a password, unless too many were tried.
    pub(crate) async fn password<T>(
        &self,
        (limits, now): (&RateLimits, Instant),
        user: Option<TriedUser<'_>>,
        trying: impl Future<Output = Result<T, AccountError>>,
    ) -> Result<T, Problem> {
        let Some(user) = user else { return Ok(trying.await?) };
        let attempt = limits.check_password(&user, now).map_err(too_many)?;
        let tried = trying.await;
        match &tried {
            Err(AccountError::LoginRefused | AccountError::WrongPassword) => drop(attempt),
            Err(AccountError::Busy) => limits.withdraw(attempt),
            _ => limits.succeeded(attempt),
        }
        Ok(tried?)
    }

    /// The header that makes this device known as the user's, for as long as this is the user's password.
    pub(crate) fn remember(
        &self,
        client: &Client,
        email_key: &[u8; 16],
        password_id: Uuid,
    ) -> (HeaderName, HeaderValue) {
        let mut random = [0; 16];
        self.randomness.fill(&mut random);
        let value = self.devices.issue(email_key, password_id, random);
        let secure =
            if client.sender.as_ref().is_some_and(|sender| sender.is_https) { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE_NAME}={value}; Path=/api/auth; Max-Age={COOKIE_LIFE}; HttpOnly; SameSite=Strict{secure}"
        );
        let value = HeaderValue::try_from(cookie);
        (SET_COOKIE, value.expect("hex digits, dots and the names of attributes are a header"))
    }
}

impl Client {
    /// Counts a registration, unless the client has sent too many.
    pub(crate) fn count_registration(&self, limits: &RateLimits, now: Instant) -> Result<(), Problem> {
        let Some(sender) = &self.sender else { return Ok(()) };
        limits.check_registration(sender, now).map_err(too_many)
    }
}

fn too_many(allowance: Allowance) -> Problem {
    rate_limited("too many passwords were tried: wait, then try again", allowance)
}

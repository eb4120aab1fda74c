//! Tries of passwords: each is counted before the password is hashed, and put back if it was right.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use parking_commands::accounts::AccountError;
use parking_commands::randomness::Randomness;
use parking_domain::instant::Instant;
use parking_edge::{Allowance, Attempt, Devices, RateLimits, Sender};

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

    /// Tries a password of the user that these bytes name, unless the client has tried too many. Only wrong ones count.
    pub(crate) async fn password<T>(
        &self,
        (limits, now): (&RateLimits, Instant),
        client: &Client,
        user: &[u8],
        trying: impl Future<Output = Result<T, AccountError>>,
    ) -> Result<T, Problem> {
        let attempt = self.begin((limits, now), client, user).map_err(too_many)?;
        let tried = trying.await;
        let is_wrong = matches!(tried, Err(AccountError::LoginRefused | AccountError::WrongPassword));
        if let Some(attempt) = attempt.filter(|_| !is_wrong) {
            limits.succeeded(attempt);
        }
        Ok(tried?)
    }

    fn begin(
        &self,
        (limits, now): (&RateLimits, Instant),
        client: &Client,
        user: &[u8],
    ) -> Result<Option<Attempt>, Allowance> {
        let Some(sender) = &client.sender else { return Ok(None) };
        let device = client.cookie.as_deref().and_then(|cookie| self.devices.known(user, cookie));
        limits.check_login(user, sender, device, now).map(Some)
    }

    /// The header that makes this device known as the user's.
    pub(crate) fn remember(&self, client: &Client, user: &[u8]) -> (HeaderName, HeaderValue) {
        let mut random = [0; 16];
        self.randomness.fill(&mut random);
        let value = self.devices.issue(user, random);
        let secure =
            if client.sender.as_ref().is_some_and(|sender| sender.is_https) { "; Secure" } else { "" };
        let cookie = format!(
            "{COOKIE_NAME}={value}; Path=/api/auth; Max-Age={COOKIE_LIFE}; HttpOnly; SameSite=Strict{secure}"
        );
        let value = HeaderValue::try_from(cookie);
        (SET_COOKIE, value.expect("hex digits and the names of attributes are a header"))
    }
}

impl Client {
    /// Counts a registration, unless the client has sent too many.
    pub(crate) fn register(&self, limits: &RateLimits, now: Instant) -> Result<(), Problem> {
        let Some(sender) = &self.sender else { return Ok(()) };
        let _counted = limits.check_registration(sender, now).map_err(too_many)?;
        Ok(())
    }
}

fn too_many(allowance: Allowance) -> Problem {
    rate_limited("too many tries to log in: wait, then try again", allowance)
}

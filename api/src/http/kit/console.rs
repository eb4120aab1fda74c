//! The cookies of the console, a page of this server: its tokens are where no script reads them.
//!
//! A browser sends cookies with whatever request another site makes it send. So they count only in requests that a page of this
//! server sends: with an own header, which no form and no link can have, and from this server's origin (OWASP ASVS 3.5.1).

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::{COOKIE, ORIGIN, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use parking_commands::accounts::Tokens;
use parking_domain::instant::Instant;
use secrecy::ExposeSecret;

use crate::http::kit::admission::is_own;
use crate::http::kit::app::AppState;
use crate::http::kit::edge::Passage;

/// The header of the console's requests, with any value.
pub(crate) const X_PARKING_CONSOLE: HeaderName = HeaderName::from_static("x-parking-console");

/// Browsers take cookies with this prefix only from the host itself, over https or on loopback, for all its paths.
const ACCESS: &str = "__Host-parking_access";
const REFRESH: &str = "__Host-parking_refresh";

/// Where the client keeps its tokens.
pub(crate) enum Keeping {
    /// The client itself: the answer's body has them.
    Client,
    /// The browser, for the console: cookies have them.
    Cookies {
        /// The refresh token of the request.
        refresh: Option<String>,
    },
}

impl FromRequestParts<AppState> for Keeping {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        Ok(if is_console(parts) {
            Self::Cookies { refresh: cookie(&parts.headers, REFRESH).map(str::to_owned) }
        } else {
            Self::Client
        })
    }
}

impl Keeping {
    /// True if cookies have the tokens: the answer's body must not.
    pub(crate) fn is_by_cookies(&self) -> bool {
        matches!(self, Self::Cookies { .. })
    }

    /// The refresh token that the browser keeps.
    pub(crate) fn refresh(&self) -> Option<&str> {
        match self {
            Self::Client => None,
            Self::Cookies { refresh } => refresh.as_deref(),
        }
    }

    /// The headers that give the browser these tokens to keep.
    pub(crate) fn keep(&self, tokens: &Tokens, at: Instant) -> HeaderMap {
        let Self::Cookies { .. } = self else { return HeaderMap::new() };
        let seconds = |until: Instant| (until - at).num_seconds();
        set([
            (ACCESS, tokens.access.expose_secret(), seconds(tokens.access_expires_at)),
            (REFRESH, tokens.refresh.expose_secret(), seconds(tokens.session_expires_at)),
        ])
    }

    /// The headers that make the browser forget the tokens.
    pub(crate) fn forget(&self) -> HeaderMap {
        let Self::Cookies { .. } = self else { return HeaderMap::new() };
        set([(ACCESS, "", 0), (REFRESH, "", 0)])
    }
}

/// The access token of a request by the console.
pub(crate) fn access_token(parts: &Parts) -> Option<&str> {
    cookie(&parts.headers, ACCESS).filter(|_| is_console(parts))
}

/// True if a page of this server sent the request. Browsers send no Origin with a `GET` to it, but say that it is their own.
fn is_console(parts: &Parts) -> bool {
    let headers = &parts.headers;
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let passage = parts.extensions.get::<Arc<Passage>>().map(|passage| &**passage);
    let is_own_page = match value(ORIGIN.as_str()) {
        Some(origin) => is_own(origin, headers, passage),
        None => value("sec-fetch-site") == Some("same-origin"),
    };
    is_own_page && headers.contains_key(X_PARKING_CONSOLE)
}

/// The value of a cookie (RFC 6265, 4.2.1).
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let fields = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value).filter(|value| !value.is_empty())
}

fn set<const N: usize>(cookies: [(&str, &str, i64); N]) -> HeaderMap {
    let header = |(name, value, seconds)| {
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
        (SET_COOKIE, HeaderValue::try_from(text).expect("tokens and the names of attributes are a header"))
    };
    let mut headers = HeaderMap::new();
    for (name, value) in cookies.map(header) {
        headers.append(name, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = |value| HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(value))]);
        for (sent, found) in [
            ("a=1", Some("1")),
            ("x=1; a=2;y=3", Some("2")),
            ("a=x=y", Some("x=y")),
            ("", None),
            ("a", None),
            ("a=", None),
            ("ba=1", None),
            ("x=a=1", None),
        ] {
            assert_eq!(cookie(&headers(sent), "a"), found, "{sent}");
        }
    }
}

//! What is known about a request while it is executed: its sender, which page may read the answer, and what is left to its
//! tenant.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};
use axum::http::header::{AUTHORIZATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_commands::accounts::Principal;
use parking_domain::id::{TenantId, UserId};
use parking_domain::instant::Instant;
use parking_edge::{Allowance, Connection, Cors, Network, Preflight, Proxies, RateLimits, Sender};
use uuid::Uuid;

use crate::http::kit::authentication::refuses_credential;
use crate::http::kit::console::X_PARKING_CONSOLE;
use crate::http::kit::permission::Needs;
use crate::http::kit::problem::Problem;
use crate::listen::{is_always_served, is_report};

/// Operations that check a credential themselves.
const LOGINS: [&str; 3] = ["/api/auth/login", "/api/auth/logout", "/api/auth/refresh"];

/// What the operator has configured about the network, and the limits of clients.
pub(crate) struct Edge {
    pub(crate) proxies: Proxies,
    pub(crate) cors: Cors,
    pub(crate) limits: RateLimits,
    /// True if everything may cross a network unencrypted.
    pub(crate) takes_clear: bool,
}

/// What is known about one request.
pub(crate) struct Passage {
    /// Who sent it; none if this process sent it to itself.
    pub(crate) sender: Option<Sender>,
    /// True if the body has a credential: a password or a refresh token.
    is_login: bool,
    /// The origin whose pages may read the answer.
    origin: Option<HeaderValue>,
    preflight: Option<Preflight>,
    /// Set when the request belongs to a tenant with a limit.
    allowance: OnceLock<Allowance>,
    /// Set when the user is known.
    user: OnceLock<UserId>,
}

impl Edge {
    /// Finds out about a request. Its handler and the answer need it.
    pub(crate) fn enter(&self, request: &mut Request) -> Arc<Passage> {
        let connection = request.extensions().get::<Connection>();
        let sender = connection.map(|connection| self.proxies.sender(*connection, request.headers()));
        let origin = self.cors.allowed(request.headers());
        let preflight = self.cors.preflight(request.method(), request.headers());
        let passage = Arc::new(Passage {
            sender,
            is_login: is_login(request),
            origin,
            preflight,
            allowance: OnceLock::new(),
            user: OnceLock::new(),
        });
        request.extensions_mut().insert(passage.clone());
        passage
    }

    /// Refuses what crossed a network unencrypted, and a client that has sent too much without a credential. Webhooks, health
    /// checks and metrics may come unencrypted: whether the network between is a private one, the operator knows.
    pub(crate) fn admit(
        &self,
        passage: &Passage,
        needs: Needs,
        request: &Request,
        now: Instant,
    ) -> Result<(), Problem> {
        let path = request.uri().path();
        let Some(sender) = &passage.sender else { return Ok(()) };
        if sender.is_in_clear && !self.takes_clear && !is_always_served(path) {
            return Err(https_required());
        }
        if passage.is_login || needs_credential(needs, request) {
            Ok(())
        } else {
            self.charge_anonymous(sender, now)
        }
    }

    fn charge_anonymous(&self, sender: &Sender, now: Instant) -> Result<(), Problem> {
        if sender.is_local {
            return Ok(());
        }
        self.limits.check_anonymous(sender.address, now).map_err(|allowance| {
            let detail = "this address sends too many requests without a login: wait, or log in";
            rate_limited(detail, allowance)
        })
    }

    /// Counts a request of a user, whether the user may make it or not. Its session's own requests do not count for the tenant,
    /// nor do a platform admin's: nobody can keep out those who would stop a member that sends too many.
    pub(crate) fn charge_user(
        &self,
        passage: &Passage,
        principal: &Principal,
        needs: Needs,
        now: Instant,
    ) -> Result<(), Problem> {
        if needs == Needs::Session {
            return self.charge_session(principal.session_id, now);
        }
        if principal.is_platform_admin {
            return Ok(());
        }
        let (tenant, limit) = (principal.tenant.tenant_id, principal.tenant.limit("api_rate_limit"));
        self.charge_tenant(passage, (tenant, principal.user_id), limit, now)
    }

    /// Counts a request of a session about itself.
    pub(crate) fn charge_session(&self, session_id: Uuid, now: Instant) -> Result<(), Problem> {
        let checked = self.limits.check_session(session_id, now);
        let detail = "this session asks about itself too often: wait, then try again";
        checked.map_err(|allowance| rate_limited(detail, allowance))
    }

    /// Counts a request of a tenant's member; `per_minute` is the limit of its tier. Its answer then says what is left.
    fn charge_tenant(
        &self,
        passage: &Passage,
        member: (TenantId, UserId),
        per_minute: Option<u32>,
        now: Instant,
    ) -> Result<(), Problem> {
        let checked = self.limits.check_tenant(member, per_minute, now);
        if let Ok(Some(allowance)) | Err(allowance) = checked {
            passage.allowance.get_or_init(|| allowance);
        }
        let detail = "the tenant, or your half of it, has used up its requests of this minute: wait, send fewer, or ask for another tier";
        checked.map(|_| ()).map_err(|allowance| rate_limited(detail, allowance))
    }

    /// Counts a refusal for a wrong credential, or for one that does not count for the tenant. After too many from one address,
    /// the response is 429 instead. Requests with a valid credential are not affected.
    pub(crate) fn charge_refusal(&self, passage: &Passage, response: Response, now: Instant) -> Response {
        let Some(sender) = passage.sender.as_ref().filter(|sender| !sender.is_local) else { return response };
        let problem = response.extensions().get::<Problem>();
        let is_of_credential = problem.is_some_and(|problem| refuses_credential(problem.code()));
        let is_of_login = passage.is_login && response.status().is_client_error();
        if response.status() != StatusCode::UNAUTHORIZED && !is_of_credential && !is_of_login {
            return response;
        }
        let is_logged = problem.is_some_and(Problem::is_logged);
        let Err(allowance) = self.limits.check_refused(sender.address, now) else { return response };
        let detail = "this address sends too many credentials that are refused: check the configuration of the sender, and wait";
        let problem = rate_limited(detail, allowance);
        let mut limited = if is_logged { problem.logged() } else { problem }.into_response();
        // A browser still forgets its tokens.
        for cookie in response.headers().get_all(SET_COOKIE) {
            limited.headers_mut().append(SET_COOKIE, cookie.clone());
        }
        limited
    }

    /// Writes the headers for pages of other origins, and those of a tenant with a limit.
    pub(crate) fn leave(&self, passage: &Passage, headers: &mut HeaderMap) {
        self.cors.write(passage.origin.as_ref(), passage.preflight, headers);
        if let Some(allowance) = passage.allowance.get() {
            allowance.write(headers);
        }
    }
}

impl Passage {
    /// The answer to a browser that asks before it sends a page's request. It needs no credential, and gets none.
    pub(crate) fn preflight(&self) -> Result<Option<Response>, Problem> {
        match self.preflight {
            None => Ok(None),
            Some(Preflight::Allowed) => Ok(Some("OK".into_response())),
            Some(Preflight::OriginUnknown) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "origin_unknown",
                "pages of this origin may not call the server: add the origin to PARKING_CORS_ORIGINS",
            )),
            Some(Preflight::NotTaken) => Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "preflight_refused",
                "pages may send GET, POST, PUT, PATCH and DELETE, with the headers that docs/http.md lists",
            )),
        }
    }

    /// True if the page that sent the request belongs to a listed origin.
    pub(crate) fn is_of_listed_origin(&self) -> bool {
        self.origin.is_some()
    }

    /// True if the client used `https`.
    pub(crate) fn is_https(&self) -> bool {
        self.sender.as_ref().is_some_and(|sender| sender.is_https)
    }

    /// The host that the client asked a trusted proxy for.
    pub(crate) fn forwarded_host(&self) -> Option<&str> {
        self.sender.as_ref()?.host.as_deref()
    }

    /// Notes who sent the request.
    pub(crate) fn note_user(&self, user_id: UserId) {
        self.user.get_or_init(|| user_id);
    }

    /// The user who sent the request, for the log.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.user.get().copied()
    }

    /// The network of the client, for the log: an address would be a person's.
    pub(crate) fn network(&self) -> Option<Network> {
        self.sender.as_ref().map(|sender| Network::of_neighbours(sender.address))
    }
}

/// True for logins, refreshes and logouts: each refusal counts. Whoever shares an address with somebody who sends too much
/// still gets in.
fn is_login(request: &Request) -> bool {
    let path = request.uri().path().trim_end_matches('/');
    request.method() == Method::POST && LOGINS.contains(&path)
}

/// True if a credential is checked later: of these requests only the refused ones count. A header alone proves nothing.
fn needs_credential(needs: Needs, request: &Request) -> bool {
    let is_routed = request.extensions().get::<MatchedPath>().is_some();
    let is_report = is_routed && request.method() == Method::POST && is_report(request.uri().path());
    let names_one =
        [AUTHORIZATION, X_PARKING_CONSOLE].iter().any(|name| request.headers().contains_key(name));
    is_report || needs != Needs::Nothing && names_one
}

pub(crate) fn rate_limited(detail: &str, allowance: Allowance) -> Problem {
    Problem::rate_limited(detail, allowance.retry_after.unwrap_or(1))
}

fn https_required() -> Problem {
    let detail = "this request crossed a network unencrypted: send it with https, to the proxy or to the server's certificate \
                  (PARKING_TLS_CERT)";
    Problem::new(StatusCode::FORBIDDEN, "https_required", detail)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn an_answer_to_a_tenant_with_a_limit_says_what_is_left() {
        let edge = Edge {
            proxies: Proxies::default(),
            cors: Cors::default(),
            limits: RateLimits::default(),
            takes_clear: false,
        };
        let now = Instant::from_micros(1_800_000_000_000_000);
        let ask = |user: u128, per_minute: Option<u32>| {
            let mut request = Request::new(Body::empty());
            let passage = edge.enter(&mut request);
            let member = (TenantId::DEFAULT, UserId::from(Uuid::from_u128(user)));
            let charged = edge.charge_tenant(&passage, member, per_minute, now);
            let status = charged.as_ref().map_or_else(Problem::status, |()| StatusCode::OK);
            let mut answer = charged.into_response();
            edge.leave(&passage, answer.headers_mut());
            let header = |name: &str| {
                let value = answer.headers().get(name)?;
                value.to_str().ok().map(str::to_owned)
            };
            let limits = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after"];
            (status.as_u16(), limits.map(|name| header(name).unwrap_or_default()).join(" "))
        };
        assert_eq!(ask(1, Some(4)), (200, "4 1 15 ".to_owned()), "half of it is for each member");
        assert_eq!(ask(1, Some(4)), (200, "4 0 30 ".to_owned()));
        assert_eq!(ask(1, Some(4)), (429, "4 0 30 15".to_owned()));
        assert_eq!(ask(2, Some(4)), (200, "4 1 45 ".to_owned()));
        assert_eq!(ask(2, Some(4)), (200, "4 0 60 ".to_owned()));
        assert_eq!(ask(3, Some(4)), (429, "4 0 60 15".to_owned()));
        assert_eq!(ask(3, None), (200, "   ".to_owned()));
    }
}

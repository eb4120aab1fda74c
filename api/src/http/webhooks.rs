//! ChirpStack's webhooks. ChirpStack posts each event once, waits five seconds and evaluates only success: 2xx means durable.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Extension, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use parking_commands::ingest::{Incoming, Outcome};
use parking_commands::metadata::Metadata;
use parking_domain::chirpstack::{self, Content, EventKind, ParseError, Report};
use parking_domain::uplinks::Source;
use serde::{Serialize, Serializer};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::admission::is_json;
use crate::http::kit::app::{App, AppState};
use crate::http::kit::credential::Credential;
use crate::http::kit::documented::{Code, CodeSet, Refusals};
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::problem::Problem;
use crate::http::kit::reply::X_POSITION;
use crate::http::kit::request::RequestId;

/// The actor of the network server's events.
const ACTOR: &str = "chirpstack";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default().serve(routes!(event)).serve(routes!(event_by_v6)).serve(routes!(join))
}

/// The result of a report. ChirpStack itself evaluates only the HTTP status.
#[derive(Serialize, ToSchema)]
#[schema(as = Recorded)]
struct ReportResult<'a> {
    status: ReportStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    dev_eui: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fcnt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<i64>,
    request_id: &'a str,
}

/// What became of a report. `accepted` and `duplicate`: the event is on disk. `ignored`: events of this type are not recorded.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
enum ReportStatus {
    Accepted,
    Duplicate,
    Ignored,
}

impl ReportStatus {
    /// The word in answers and metrics.
    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Ignored => "ignored",
        }
    }
}

impl Serialize for ReportStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// The refusals of reports.
enum WebhookRefusals {}

impl CodeSet for WebhookRefusals {
    fn codes() -> Vec<Code> {
        let unavailable =
            ["database_unavailable", "overloaded", "too_slow", "shutting_down", "unsettled", "busy"];
        let mut codes = unavailable.map(|code| (StatusCode::SERVICE_UNAVAILABLE, code)).to_vec();
        codes.extend([
            (StatusCode::BAD_REQUEST, "malformed_json"),
            (StatusCode::BAD_REQUEST, "bad_request"),
            (StatusCode::UNAUTHORIZED, "credential_missing"),
            (StatusCode::UNAUTHORIZED, "token_wrong"),
            (StatusCode::UNAUTHORIZED, "signature_wrong"),
            (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
            (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding"),
            (StatusCode::UNPROCESSABLE_ENTITY, "dev_eui_missing"),
            (StatusCode::UNPROCESSABLE_ENTITY, "dev_eui_invalid"),
            (StatusCode::UNPROCESSABLE_ENTITY, "unreadable"),
            (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        ]);
        codes
    }
}

/// The event type, which ChirpStack sends in the query.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents a query that is parsed by hand")]
struct EventQuery {
    /// `up`, `join`, `ack`, `txack`, `log`, `status`, `location` or `integration`. Defaults to `up`, an uplink. Events of other
    /// types are accepted and not recorded: ChirpStack may add some.
    event: Option<String>,
}

/// An event in ChirpStack's format. Everything besides the device's EUI may be absent, and unknown fields are kept.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "documents a body that is parsed by hand")]
struct ChirpStackEvent {
    device_info: ChirpStackDevice,
    /// The bytes that the device sent, in base64.
    data: Option<String>,
    /// ChirpStack's decoding of them.
    #[schema(value_type = Option<Object>)]
    object: Option<()>,
}

/// The device of an event.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "documents a body that is parsed by hand")]
struct ChirpStackDevice {
    /// 16 hexadecimal digits.
    dev_eui: String,
}

/// Records an event of ChirpStack's HTTP integration, as JSON. 2xx means that the event is on disk.
#[utoipa::path(post, path = "/api/v1/uplink", tag = "webhooks", params(EventQuery),
    request_body = ChirpStackEvent,
    responses((status = 200, body = ReportResult), Refusals<WebhookRefusals>))]
async fn event(
    app: State<AppState>,
    request_id: Extension<RequestId>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    // ChirpStack appends its parameter to the query of the configured URL: the last one is ChirpStack's.
    let event = query.iter().rfind(|(name, value)| name == "event" && lenient::is_present(value));
    let event = event.map_or("up".to_owned(), |(_, value)| value.trim().to_ascii_lowercase());
    record(app, request_id, EventKind::from_name(&event), &headers, body).await
}

/// Records an event like `POST /api/v1/uplink`, at V6's path.
#[utoipa::path(post, path = "/webhooks/chirpstack/uplink", tag = "webhooks", params(EventQuery), request_body = ChirpStackEvent,
    responses((status = 200, body = ReportResult), Refusals<WebhookRefusals>))]
async fn event_by_v6(
    app: State<AppState>,
    request_id: Extension<RequestId>,
    query: Query<Vec<(String, String)>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    event(app, request_id, query, headers, body).await
}

/// Records a join, at V6's path. The query is ignored.
#[utoipa::path(post, path = "/webhooks/chirpstack/join", tag = "webhooks", request_body = ChirpStackEvent,
    responses((status = 200, body = ReportResult), Refusals<WebhookRefusals>))]
async fn join(
    app: State<AppState>,
    request_id: Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    record(app, request_id, Some(EventKind::Join), &headers, body).await
}

async fn record(
    State(app): State<AppState>,
    Extension(request): Extension<RequestId>,
    kind: Option<EventKind>,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut result = report_result(&app, &request, kind, headers, body).await;
    // A network server with a wrong secret sends every report in vain: a line for each would fill the log.
    result = result.map_err(|problem| match problem.status() {
        StatusCode::UNAUTHORIZED => app.turned_away.report(problem, app.clock.now()),
        _ => problem,
    });
    app.metrics.reported(result.as_ref().map_or("refused", |result| result.status.word()));
    result.map(IntoResponse::into_response)
}

async fn report_result<'a>(
    app: &App,
    request: &'a RequestId,
    kind: Option<EventKind>,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<ReportResult<'a>, Problem> {
    let received_at = app.clock.now();
    app.credential.check(headers, &body)?;
    let Some(kind) = kind else {
        return Ok(ReportResult::of(ReportStatus::Ignored, &request.id));
    };
    let report = read(&app.credential, kind, headers, &body)?;
    let named = (Some(format!("{:X}", report.dev_eui)), f_cnt(&report));
    // ChirpStack sends no request ids, and a generated id in every report would be of no use.
    let request_id = request.is_given.then(|| request.id.to_string());
    let metadata = Metadata { actor: Some(ACTOR.to_owned()), request_id, ..Metadata::default() };
    let incoming = Incoming { source: Source::Platform, report, received_at, body, metadata };
    let (status, position) = match app.ingest.record(incoming).await? {
        Outcome::Accepted { position } => (ReportStatus::Accepted, position),
        Outcome::Duplicate { position } => (ReportStatus::Duplicate, position),
    };
    let (dev_eui, fcnt) = named;
    Ok(ReportResult { dev_eui, fcnt, position: Some(position), ..ReportResult::of(status, &request.id) })
}

fn f_cnt(report: &Report) -> Option<u32> {
    match &report.content {
        Content::Up(up) => up.f_cnt,
        _ => None,
    }
}

impl<'a> ReportResult<'a> {
    fn of(status: ReportStatus, request_id: &'a str) -> Self {
        Self { status, dev_eui: None, fcnt: None, position: None, request_id }
    }
}

impl IntoResponse for ReportResult<'_> {
    fn into_response(self) -> Response {
        let position = self.position.map(|position| [(X_POSITION, position.to_string())]);
        let body = Json(self);
        match position {
            Some(position) => (position, body).into_response(),
            None => body.into_response(),
        }
    }
}

/// Reads the report. From a sender that knows the secret, everything is JSON that reads as JSON: better than to lose it. From
/// others it must be declared, because a page of another site can send any text that is not.
fn read(
    credential: &Credential,
    kind: EventKind,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Report, Problem> {
    if !credential.is_secret() && !is_json(headers) {
        return Err(unsupported(headers));
    }
    chirpstack::parse(kind, body).map_err(|error| match error {
        ParseError::Malformed(_) if headers.contains_key(CONTENT_TYPE) && !is_json(headers) => {
            unsupported(headers)
        }
        error => error.into(),
    })
}

fn unsupported(headers: &HeaderMap) -> Problem {
    let is_protobuf = headers
        .get(CONTENT_TYPE)
        .is_some_and(|name| name.as_bytes().starts_with(b"application/octet-stream"));
    let detail = if is_protobuf {
        "protobuf bodies are not supported yet: set the encoding of ChirpStack's HTTP integration to JSON"
    } else {
        "the body must be JSON: send it with Content-Type: application/json"
    };
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_encoding", detail)
}

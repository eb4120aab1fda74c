//! Health checks. A check reports "healthy" only if it is.
//!
//! `live` tells whether the process is usable or must be restarted. `ready` tells whether it should receive requests now.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use parking_projections::engine::standing::{self, ProjectionStanding};
use parking_projections::list;
use serde_json::{Value, json};
use tracing::warn;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::kit::app::{App, AppState};
use crate::http::kit::commit_probe::Probed;
use crate::http::kit::documented::{Code, CodeSet, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::problem::Problem;

/// The highest lag of a projection, in seconds, at which the server is ready.
const MAX_LAG: f64 = 30.0;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(health))
        .serve(routes!(webhooks))
        .serve(routes!(live))
        .serve(routes!(ready))
}

/// The refusals of the health checks.
enum HealthRefusals {}

impl CodeSet for HealthRefusals {
    fn codes() -> Vec<Code> {
        ["unhealthy", "dead", "not_ready"].map(|code| (StatusCode::SERVICE_UNAVAILABLE, code)).to_vec()
    }
}

/// Checks that the database answers. The status is `degraded` while nothing can be recorded.
///
/// `checks.commit` has the reason then. Reads may be served all the same, so the HTTP status is 200 in both cases.
#[utoipa::path(get, path = "/health", tag = "health",
    responses((status = 200, body = Object), Refusals<HealthRefusals>))]
async fn health(State(app): State<AppState>) -> Result<Json<Value>, Problem> {
    check_database(&app).await?;
    let recording = recording(&app, app.commits.probed().await);
    let (status, commit) = match &recording {
        Ok(()) => ("healthy", "ok"),
        Err(reason) => ("degraded", &**reason),
    };
    Ok(Json(json!({
        "status": status,
        "version": env!("CARGO_PKG_VERSION"),
        "checks": {"database": "ok", "commit": commit},
        "timestamp": app.clock.now(),
    })))
}

/// Checks that uplinks can be recorded: the writer runs, and the database would commit an append now.
///
/// `checks` has the result of the last trial commit, at most 2 s old, and its age.
#[utoipa::path(get, path = "/webhooks/health", tag = "health",
    responses((status = 200, body = Object), Refusals<HealthRefusals>))]
async fn webhooks(State(app): State<AppState>) -> Result<Json<Value>, Problem> {
    check_database(&app).await?;
    let probed = app.commits.probed().await;
    let checks = vec![commit(probed).to_json()];
    match recording(&app, probed) {
        Ok(()) => Ok(Json(json!({
            "status": "healthy",
            "service": "parking-webhooks",
            "checks": checks,
            "timestamp": app.clock.now(),
        }))),
        Err(reason) => Err(Problem::unavailable("unhealthy", reason).with("checks", checks)),
    }
}

/// Checks that the process is usable. A process whose writer has stopped must be restarted.
#[utoipa::path(get, path = "/health/live", tag = "health",
    responses((status = 200, body = Object), Refusals<HealthRefusals>))]
async fn live(State(app): State<AppState>) -> Result<Json<Value>, Problem> {
    report("live", "dead", vec![writer(&app)])
}

/// Checks that the server can take requests.
///
/// The database answers and would commit an append now, the writer runs, and no projection is stopped or more than 30 s behind.
#[utoipa::path(get, path = "/health/ready", tag = "health",
    responses((status = 200, body = Object), Refusals<HealthRefusals>))]
async fn ready(State(app): State<AppState>) -> Result<Json<Value>, Problem> {
    let mut checks = vec![writer(&app)];
    let standing = async { standing::read(&mut *app.auditor.acquire().await?).await };
    let (answers, probed, standing) = tokio::join!(app.probe.answers(), app.commits.probed(), standing);
    checks.push(Check::new("database", if answers { Ok(()) } else { Err("it does not answer".to_owned()) }));
    checks.push(commit(probed));
    match standing {
        Ok(standing) => {
            checks.extend(list::names().into_iter().map(|name| check(name, &standing.projections)));
        }
        Err(error) => {
            warn!(%error, "the status of the projections cannot be read");
            checks.push(Check::new("projections", Err("their status cannot be read".to_owned())));
        }
    }
    report("ready", "not_ready", checks)
}

/// One check. The notes name defects that do not make the check fail.
struct Check {
    name: String,
    result: Result<(), String>,
    notes: Vec<String>,
    /// How old the result is, if it is not of now.
    age_seconds: Option<f64>,
}

impl Check {
    fn new(name: impl Into<String>, result: Result<(), String>) -> Self {
        Self { name: name.into(), result, notes: Vec::new(), age_seconds: None }
    }

    fn to_json(&self) -> Value {
        let mut check = match &self.result {
            Ok(()) => json!({"name": self.name, "status": "ok"}),
            Err(reason) => json!({"name": self.name, "status": "failed", "reason": reason}),
        };
        if !self.notes.is_empty() {
            check["notes"] = json!(self.notes);
        }
        if let Some(age) = self.age_seconds {
            check["age_seconds"] = json!(age);
        }
        check
    }
}

/// Why nothing can be recorded now, if nothing can.
fn recording(app: &App, probed: Probed) -> Result<(), String> {
    let writer = if app.writer.is_running() { Ok(()) } else { Err("the writer has stopped") };
    writer.and(probed.result).map_err(|reason| format!("nothing can be recorded: {reason}"))
}

fn writer(app: &App) -> Check {
    let running = app.writer.is_running();
    Check::new("writer", if running { Ok(()) } else { Err("it has stopped".to_owned()) })
}

fn commit(probed: Probed) -> Check {
    let age_seconds = Some(probed.age_seconds());
    Check { age_seconds, ..Check::new("commit", probed.result.map_err(str::to_owned)) }
}

fn check(name: &str, standings: &[ProjectionStanding]) -> Check {
    let standing = standings.iter().find(|standing| standing.projection == name);
    let result = match standing {
        None => Err("it has never run".to_owned()),
        Some(ProjectionStanding { running: false, position, stopped_at: Some(before), .. }) => {
            Err(format!("it stopped after position {position}, before position {before} that it cannot take"))
        }
        Some(ProjectionStanding { running: false, position, .. }) => {
            Err(format!("it stopped after position {position}"))
        }
        Some(standing) if standing.lag_seconds > MAX_LAG => {
            Err(format!("it is {:.0} s and {} events behind", standing.lag_seconds, standing.lag_events))
        }
        Some(_) => Ok(()),
    };
    let notes = standing.map(defects).unwrap_or_default();
    Check { notes, ..Check::new(format!("projection {name}"), result) }
}

/// The defects of a projection's rows. The tenants concerned are not disclosed.
fn defects(standing: &ProjectionStanding) -> Vec<String> {
    let ProjectionStanding { held_streams, held_tenants, causes, .. } = standing;
    let ProjectionStanding { skipped_events, skipped, dead_letters, .. } = standing;
    let mut notes = Vec::new();
    if *held_streams > 0 {
        notes.push(format!(
            "it holds back {held_streams} streams and refuses reads of {held_tenants} tenants, because it cannot take \
             these positions: {}",
            list(causes)
        ));
    }
    if *skipped_events > 0 {
        notes.push(format!("{skipped_events} events are skipped: {}", list(skipped)));
    }
    if *dead_letters > 0 {
        notes.push(format!("{dead_letters} events of the network or of a newer release are ignored"));
    }
    notes
}

fn list(positions: &[i64]) -> String {
    positions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn report(
    ok_status: &'static str,
    failure_code: &'static str,
    checks: Vec<Check>,
) -> Result<Json<Value>, Problem> {
    let reports: Vec<Value> = checks.iter().map(Check::to_json).collect();
    let failed: Vec<String> = checks
        .into_iter()
        .filter_map(|check| check.result.err().map(|reason| format!("{}: {reason}", check.name)))
        .collect();
    if failed.is_empty() {
        return Ok(Json(json!({"status": ok_status, "checks": reports})));
    }
    Err(Problem::unavailable(failure_code, failed.join("; ")).with("checks", reports))
}

async fn check_database(app: &App) -> Result<(), Problem> {
    if app.probe.answers().await {
        return Ok(());
    }
    Err(Problem::unavailable("unhealthy", "the database does not answer"))
}

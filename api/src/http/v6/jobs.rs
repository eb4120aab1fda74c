//! Jobs: background work of the server, on a schedule or on request.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use parking_processes::jobs::{self, Job, Run, StartError};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::app::AppState;
use crate::http::kit::body::{Command, EmptyBody};
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{Code, CodeSet, CommandErrors, ReadErrors, Refusals};
use crate::http::kit::lenient::ServeCompatibly;
use crate::http::kit::page::{Item, Listing, Paged};
use crate::http::kit::permission::{ReadJobs, RunJobs};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::PathParam;
use crate::http::kit::reply::Reply;
use crate::http::v6::shared::path::JobPath;
use crate::http::v6::shared::words;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list))
        .serve(routes!(one))
        .serve(routes!(runs))
        .serve(routes!(run_now))
}

/// A job and its status.
#[derive(Serialize, ToSchema)]
struct JobView {
    name: &'static str,
    /// Seconds from one scheduled run to the next.
    interval_seconds: i64,
    running: bool,
    next_run_at: DateTime<Utc>,
    /// The last run that has ended.
    last_run: Option<RunView>,
}

/// A run of a job.
#[derive(Serialize, ToSchema)]
struct RunView {
    id: Uuid,
    #[schema(value_type = words::JobTrigger)]
    trigger: String,
    started_at: DateTime<Utc>,
    /// Null while the run is in progress.
    finished_at: Option<DateTime<Utc>>,
    /// Null while the run is in progress.
    #[schema(value_type = Option<words::JobOutcome>)]
    outcome: Option<String>,
    duration_ms: Option<i64>,
    /// The result of the run, as counts.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
}

/// A started run of a job.
#[derive(Serialize, ToSchema)]
#[schema(as = Started)]
struct JobStarted {
    run_id: Uuid,
    status: &'static str,
}

impl Item for JobView {
    const PLURAL: &'static str = "jobs";
}

impl Item for RunView {
    const PLURAL: &'static str = "runs";
}

impl From<jobs::Standing> for JobView {
    fn from(status: jobs::Standing) -> Self {
        Self {
            name: status.job,
            interval_seconds: status.interval_sec,
            running: status.running,
            next_run_at: status.next_run_at.utc(),
            last_run: status.last.map(RunView::from),
        }
    }
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        let duration = run.finished_at.map(|finished_at| finished_at - run.started_at);
        Self {
            id: run.run_id,
            trigger: run.trigger,
            started_at: run.started_at,
            finished_at: run.finished_at,
            outcome: run.outcome,
            duration_ms: duration.as_ref().map(TimeDelta::num_milliseconds),
            result: run.result,
        }
    }
}

/// The refusals of operations on jobs.
enum JobRefusals {}

impl CodeSet for JobRefusals {
    fn codes() -> Vec<Code> {
        vec![(StatusCode::NOT_FOUND, "job_not_found"), (StatusCode::CONFLICT, "job_running")]
    }
}

impl From<StartError> for Problem {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Running => Self::new(StatusCode::CONFLICT, "job_running", error.to_string()),
            StartError::Stopping => Self::unavailable("shutting_down", error.to_string()),
            StartError::Database(error) => error.into(),
        }
    }
}

fn find(name: &str) -> Result<Job, Problem> {
    let names = Job::ALL.map(Job::name).join(", ");
    let detail = format!("unknown job: the jobs are {names}");
    Job::by_name(name).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "job_not_found", detail))
}

/// Lists all jobs with their status.
#[utoipa::path(get, path = "/api/v6/jobs", tag = "jobs", params(Paged<100, 500>),
    responses((status = 200, body = Listing<JobView>), Refusals<ReadErrors<ReadJobs>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadJobs>,
    Paged(page): Paged<100, 500>,
) -> Result<Json<Listing<JobView>>, Problem> {
    let jobs = app.jobs.list().await?;
    Ok(page.of_all(jobs.into_iter().map(JobView::from), caller.tenant_id))
}

/// Returns a job with its status.
#[utoipa::path(get, path = "/api/v6/jobs/{job}", tag = "jobs", params(JobPath),
    responses((status = 200, body = JobView), Refusals<(ReadErrors<ReadJobs>, JobRefusals)>))]
async fn one(
    State(app): State<AppState>,
    _caller: Caller<ReadJobs>,
    PathParam(JobPath { job: name }): PathParam<JobPath>,
) -> Result<Json<JobView>, Problem> {
    Ok(Json(app.jobs.standing(find(&name)?).await?.into()))
}

/// Lists a job's runs, newest first.
#[utoipa::path(get, path = "/api/v6/jobs/{job}/runs", tag = "jobs",
    params(JobPath, Paged<50, 500>),
    responses((status = 200, body = Listing<RunView>), Refusals<(ReadErrors<ReadJobs>, JobRefusals)>))]
async fn runs(
    State(app): State<AppState>,
    caller: Caller<ReadJobs>,
    PathParam(JobPath { job: name }): PathParam<JobPath>,
    Paged(page): Paged<50, 500>,
) -> Result<Json<Listing<RunView>>, Problem> {
    let (runs, total) = app.jobs.history(find(&name)?, page.size, page.offset()).await?;
    Ok(page.of(runs.into_iter().map(RunView::from).collect(), total, caller.tenant_id))
}

/// Starts a job now unless it is already running. The response does not wait for its end.
#[utoipa::path(post, path = "/api/v6/jobs/{job}/run", tag = "jobs", params(JobPath),
    responses((status = 202, body = JobStarted), Refusals<(CommandErrors<RunJobs>, JobRefusals)>))]
async fn run_now(
    State(app): State<AppState>,
    PathParam(JobPath { job: name }): PathParam<JobPath>,
    _command: Command<RunJobs, EmptyBody>,
) -> Result<Reply<JobStarted>, Problem> {
    let run_id = app.jobs.run_now(find(&name)?).await?;
    Ok(Reply::at(app.head(), JobStarted { run_id, status: "running" }).begun())
}

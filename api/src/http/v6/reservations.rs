//! Reservations: `/api/v6/reservations`.

mod body;
mod view;

use axum::Json;
use axum::extract::State;
use parking_commands::reservations::{Change, Reservations};
use parking_domain::asked::Asked;
use parking_domain::id::{ReservationId, SpaceId};
use parking_domain::instant::Instant;
use parking_domain::space::{CheckIn, CheckOut, SpaceCommand, SpaceRefusal, Status};
use parking_projections::engine::reader::Reading;
use parking_projections::registry::Registry;
use parking_projections::registry::reservations::read as reservations;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::path::HttpMethod;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::{App, AppState};
use crate::http::kit::body::{Command, EmptyBody, IdempotencyKey, KeyedCommand};
use crate::http::kit::caller::{Caller, Identity};
use crate::http::kit::changes::Changes;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::page::{Listing, Paged};
use crate::http::kit::permission::{ManageReservations, ReadReservations};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, PathParam, QueryParams, invalid, one_with_body};
use crate::http::kit::reply::View;
use crate::http::kit::reply::{Done, Reply, Shown};
use crate::http::v6::reservations::body::{CancellationBody, ReservationBody};
use crate::http::v6::reservations::view::{BookedView, CancelledView, ExpiredView};
use crate::http::v6::shared::path::ReservationPath;
use crate::http::v6::shared::reservation::ReservationView;
use crate::http::v6::shared::window::WindowBody;
use crate::http::v6::shared::words;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list, book))
        .serve(routes!(expire_old))
        .serve(routes!(one, update, cancel))
        .serve(routes!(reschedule))
        .serve(routes!(check_in))
        .serve(routes!(check_out))
        .alias(Alias::patch("/api/v6/reservations/{reservation_id}"), update)
        .alias(
            Alias {
                name: "cancel_by_post",
                at: (HttpMethod::Post, "/api/v6/reservations/{reservation_id}/cancel"),
                of: (HttpMethod::Delete, "/api/v6/reservations/{reservation_id}"),
            },
            cancel,
        )
        .alias(
            Alias {
                name: "cancel_by_put",
                at: (HttpMethod::Put, "/api/v6/reservations/{reservation_id}/cancel"),
                of: (HttpMethod::Delete, "/api/v6/reservations/{reservation_id}"),
            },
            cancel,
        )
}

#[derive(Default, PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ListReservations {
    /// Only reservations of this space.
    space_id: Option<Uuid>,
    /// Only reservations of spaces on this site.
    site_id: Option<Uuid>,
    /// Only reservations with this status. `pending` and `confirmed` are accepted aliases of `active`.
    #[serde(deserialize_with = "words::read::reservation_status")]
    #[param(inline, value_type = Option<words::ReservationStatusFilter>)]
    status: Option<Status>,
    /// Only reservations for the person with this e-mail address, case-insensitive.
    user_email: Option<String>,
    /// Only reservations that end at this time or later. `from` is an accepted alias.
    #[serde(deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    start_date: Option<Instant>,
    /// Only reservations that start at this time or earlier. `until` is an accepted alias.
    #[serde(deserialize_with = "lenient::time")]
    #[param(value_type = Option<String>, format = DateTime)]
    end_date: Option<Instant>,
}

impl Parameters for ListReservations {
    const NAMES: &'static [&'static [&'static str]] = &[&["start_date", "from"], &["end_date", "until"]];
}

/// Lists the tenant's reservations, latest start first.
#[utoipa::path(get, path = "/api/v6/reservations", tag = "reservations",
    params(ListReservations, Paged<50, 200>, Freshness),
    responses((status = 200, body = Listing<ReservationView>), Refusals<ReadErrors<ReadReservations>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadReservations>,
    freshness: Freshness,
    Paged(page): Paged<50, 200>,
    QueryParams(query): QueryParams<ListReservations>,
) -> Result<Json<Listing<ReservationView>>, Problem> {
    let email = query.user_email.map(|email| app.platform.sealer.email_hash(&email));
    let (space_id, site_id, status) = (query.space_id, query.site_id, query.status);
    let filter = reservations::Filter {
        space_id,
        site_id,
        status,
        email,
        from: query.start_date,
        until: query.end_date,
    };
    let mut reading = app.read::<Registry>(&caller, freshness).await?;
    let total = reservations::count(&mut reading, &filter).await?;
    let rows = reservations::list(&mut reading, &filter, page.size, page.offset()).await?;
    Ok(page.of(ReservationView::all(&mut reading, rows).await?, total, caller.tenant_id))
}

/// Books a space for a window. The space need not be free now; conflicting reservations are listed in `conflicts`.
#[utoipa::path(post, path = "/api/v6/reservations", tag = "reservations", params(IdempotencyKey),
    request_body = ReservationBody,
    responses((status = 201, body = BookedView), Refusals<(CommandErrors<ManageReservations>, SpaceRefusal)>))]
async fn book(
    State(app): State<AppState>,
    KeyedCommand { caller, body, key }: KeyedCommand<ManageReservations, ReservationBody>,
) -> Result<Reply<BookedView>, Problem> {
    let booking = body.booking(app.ids.next().into(), key, caller.asked())?;
    let booked = reservation_commands(&app).book(booking, caller.context()).await?;
    let reservation = Shown::read(&app, &caller, booked.position, booked.reservation_id).await;
    let view = BookedView::of(reservation, booked.repeated);
    Ok(Reply::at(booked.position, view).created())
}

/// Returns a reservation.
#[utoipa::path(get, path = "/api/v6/reservations/{reservation_id}", tag = "reservations",
    params(ReservationPath, Freshness),
    responses((status = 200, body = ReservationView), Refusals<(ReadErrors<ReadReservations>, SpaceRefusal)>))]
async fn one(
    State(app): State<AppState>,
    caller: Caller<ReadReservations>,
    freshness: Freshness,
    PathParam(ReservationPath { reservation_id }): PathParam<ReservationPath>,
) -> Result<Json<ReservationView>, Problem> {
    let mut reading = app.read::<Registry>(&caller, freshness).await?;
    ReservationView::read(&mut reading, reservation_id).await.map(Json)
}

/// Updates a reservation: its window, its details, or both at once.
///
/// Absent fields stay unchanged; null and an empty string clear a field.
#[utoipa::path(put, path = "/api/v6/reservations/{reservation_id}", tag = "reservations",
    params(ReservationPath, IdempotencyKey), request_body = ReservationBody,
    responses((status = 200, body = Shown<ReservationView>), Refusals<(CommandErrors<ManageReservations>, SpaceRefusal)>))]
async fn update(
    State(app): State<AppState>,
    PathParam(ReservationPath { reservation_id }): PathParam<ReservationPath>,
    Command { caller, body: changes }: Command<ManageReservations, Changes<ReservationBody>>,
) -> Result<Reply<Shown<ReservationView>>, Problem> {
    let space_id = space_of(&app, &caller, reservation_id).await?;
    let body = changes.onto::<ReservationView>(&app, &caller, reservation_id).await?;
    change(&app, &caller, (space_id, reservation_id), body.change()?).await
}

/// Moves a reservation to another window of its space. An absent start or end is unchanged.
#[utoipa::path(post, path = "/api/v6/reservations/{reservation_id}/reschedule", tag = "reservations",
    params(ReservationPath, IdempotencyKey), request_body = WindowBody,
    responses((status = 200, body = Shown<ReservationView>), Refusals<(CommandErrors<ManageReservations>, SpaceRefusal)>))]
async fn reschedule(
    State(app): State<AppState>,
    PathParam(ReservationPath { reservation_id }): PathParam<ReservationPath>,
    Command { caller, body }: Command<ManageReservations, WindowBody>,
) -> Result<Reply<Shown<ReservationView>>, Problem> {
    if body.start_time.is_none() && body.end_time.is_none() {
        return Err(invalid("start_time or end_time is required"));
    }
    let space_id = space_of(&app, &caller, reservation_id).await?;
    one_with_body("space_id", Some(space_id.uuid()), body.space_id)?;
    let moved = Change { start: body.start_time, end: body.end_time, ..ReservationBody::default().change()? };
    change(&app, &caller, (space_id, reservation_id), moved).await
}

async fn change(
    app: &App,
    caller: &Identity,
    (space_id, reservation_id): (SpaceId, ReservationId),
    change: Change,
) -> Result<Reply<Shown<ReservationView>>, Problem> {
    let context = caller.context();
    let executed =
        reservation_commands(app).change(space_id, reservation_id, change, caller.asked(), &context).await?;
    Ok(Done::from(executed).view(app, caller, reservation_id).await)
}

/// Cancels a reservation. The body may contain a reason.
#[utoipa::path(delete, path = "/api/v6/reservations/{reservation_id}", tag = "reservations",
    params(ReservationPath, IdempotencyKey), request_body = Option<CancellationBody>,
    responses((status = 200, body = CancelledView), Refusals<(CommandErrors<ManageReservations>, SpaceRefusal)>))]
async fn cancel(
    State(app): State<AppState>,
    PathParam(ReservationPath { reservation_id }): PathParam<ReservationPath>,
    Command { caller, body }: Command<ManageReservations, CancellationBody>,
) -> Result<Reply<CancelledView>, Problem> {
    let space_id = space_of(&app, &caller, reservation_id).await?;
    let (reason, context) = (body.reason(), caller.context());
    let cancelled = reservation_commands(&app)
        .cancel(space_id, reservation_id, reason.as_deref(), caller.asked(), &context)
        .await?;
    let position = cancelled.position;
    let reservation = Shown::read(&app, &caller, position, reservation_id).await;
    Ok(Reply::at(position, CancelledView::of(reservation_id, reservation)))
}

/// Checks the vehicle in. Possible from 15 minutes before the start until the end.
#[utoipa::path(post, path = "/api/v6/reservations/{reservation_id}/check-in", tag = "reservations",
    params(ReservationPath, IdempotencyKey),
    responses((status = 200, body = Shown<ReservationView>), Refusals<(CommandErrors<ManageReservations>, SpaceRefusal)>))]
async fn check_in(
    State(app): State<AppState>,
    PathParam(ReservationPath { reservation_id }): PathParam<ReservationPath>,
    Command { caller, .. }: Command<ManageReservations, EmptyBody>,
) -> Result<Reply<Shown<ReservationView>>, Problem> {
    let check_in = |asked| SpaceCommand::CheckIn(CheckIn { reservation_id, asked });
    execute(&app, &caller, reservation_id, check_in).await
}

/// Checks the vehicle out. The reservation is completed, and the rest of its window is free.
#[utoipa::path(post, path = "/api/v6/reservations/{reservation_id}/check-out", tag = "reservations",
    params(ReservationPath, IdempotencyKey),
    responses((status = 200, body = Shown<ReservationView>), Refusals<(CommandErrors<ManageReservations>, SpaceRefusal)>))]
async fn check_out(
    State(app): State<AppState>,
    PathParam(ReservationPath { reservation_id }): PathParam<ReservationPath>,
    Command { caller, .. }: Command<ManageReservations, EmptyBody>,
) -> Result<Reply<Shown<ReservationView>>, Problem> {
    let check_out = |asked| SpaceCommand::CheckOut(CheckOut { reservation_id, asked });
    execute(&app, &caller, reservation_id, check_out).await
}

async fn execute(
    app: &App,
    caller: &Identity,
    reservation_id: ReservationId,
    command: impl FnOnce(Asked) -> SpaceCommand,
) -> Result<Reply<Shown<ReservationView>>, Problem> {
    let space_id = space_of(app, caller, reservation_id).await?;
    let (command, context) = (command(caller.asked()), caller.context());
    let done = reservation_commands(app).execute(space_id, reservation_id, &[command], &context).await?;
    Ok(Done::from(done).view(app, caller, reservation_id).await)
}

/// Records the overdue changes at the tenant's spaces now. The platform also records them itself a moment later.
///
/// A reservation that is not confirmed ends only when it is known that its vehicle has not arrived.
#[utoipa::path(post, path = "/api/v6/reservations/expire-old", tag = "reservations",
    responses((status = 200, body = ExpiredView), Refusals<(CommandErrors<ManageReservations>, SpaceRefusal)>))]
async fn expire_old(
    State(app): State<AppState>,
    Command { caller, .. }: Command<ManageReservations, EmptyBody>,
) -> Result<Reply<ExpiredView>, Problem> {
    let now = app.clock.now();
    let begun = reservations::begun(&mut *app.read_now::<Registry>(&caller).await?, now).await?;
    let reached = app.jobs.expire(caller.tenant_id).await?.position;
    let position = if reached > 0 { reached } else { app.head() };
    app.settle::<Registry>(position).await;
    let mut reading = app.read_now::<Registry>(&caller).await?;
    let expired_count = reservations::ended_unconfirmed(&mut reading, &begun).await?.len();
    Ok(Reply::at(position, ExpiredView { expired_count, timestamp: now.utc() }))
}

fn reservation_commands(app: &App) -> Reservations<'_> {
    Reservations::new(&app.platform.spaces, &app.platform.sealer)
}

/// The space of a reservation, even if the reservation was booked a moment ago.
async fn space_of(app: &App, caller: &Identity, reservation_id: ReservationId) -> Result<SpaceId, Problem> {
    let found = async || -> Result<Option<SpaceId>, Problem> {
        let row =
            reservations::get(&mut *app.read_now::<Registry>(caller).await?, reservation_id.uuid()).await?;
        Ok(row.map(|row| row.reservation.space_id.into()))
    };
    if let Some(space_id) = found().await? {
        return Ok(space_id);
    }
    app.catch_up().await?;
    found().await?.ok_or_else(|| SpaceRefusal::ReservationNotFound.into())
}

impl View for ReservationView {
    type Id = ReservationId;
    type Sources = Registry;

    fn id(reservation_id: ReservationId) -> Uuid {
        reservation_id.uuid()
    }

    async fn read(reading: &mut Reading, reservation_id: ReservationId) -> Result<Self, Problem> {
        let row = reservations::get(reading, reservation_id.uuid()).await?;
        let view = Self::all(reading, row.into_iter().collect()).await?.pop();
        view.ok_or_else(|| SpaceRefusal::ReservationNotFound.into())
    }
}

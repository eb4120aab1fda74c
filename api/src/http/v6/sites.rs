//! Sites: `/api/v6/sites`.

mod body;
mod view;

use axum::Json;
use axum::extract::State;
use parking_commands::sites::ArchiveSite;
use parking_domain::id::SiteId;
use parking_domain::site::{NewSite, Site, SiteCommand, SiteRefusal};
use parking_projections::devices::Fleet;
use parking_projections::engine::reader::Reading;
use parking_projections::occupancy::Occupancies;
use parking_projections::past;
use parking_projections::registry::Registry;
use parking_projections::registry::sites::read as sites;
use parking_projections::registry::spaces::read::{self as spaces, Counts};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::kit::aliases::{Alias, ServeAliases};
use crate::http::kit::app::AppState;
use crate::http::kit::body::{Command, EmptyBody, IdempotencyKey};
use crate::http::kit::caller::Caller;
use crate::http::kit::documented::{CommandErrors, ReadErrors, Refusals};
use crate::http::kit::freshness::Freshness;
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::moment::{AsOfQuery, Moment, found};
use crate::http::kit::page::{Listing, Paged};
use crate::http::kit::permission::{ManageSites, ReadSites};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, PathParam, QueryParams, invalid};
use crate::http::kit::refusals::TakenRefusals;
use crate::http::kit::reply::View;
use crate::http::kit::reply::{Reply, Shown};
use crate::http::v6::shared::path::SitePath;
use crate::http::v6::sites::body::SiteBody;
use crate::http::v6::sites::view::{OccupancyView, SiteArchived, SiteView};

/// The projections that these resources show.
type Sources = (Registry, Occupancies, Fleet);

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(occupancy_of_all))
        .serve(routes!(one, update, archive))
        .serve(routes!(occupancy))
        .alias(Alias::patch("/api/v6/sites/{site_id}"), update)
}

/// The maximum number of sites in a response without pages, as in V6.
const MAX_SITES: i64 = 1000;

#[derive(PartialEq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListSites {
    /// Whether to include the counts of spaces and devices of each site.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_stats: Option<bool>,
    /// Must be false: archived sites are not listed.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_inactive: Option<bool>,
}

impl Parameters for ListSites {}

/// Lists the tenant's sites by name.
#[utoipa::path(get, path = "/api/v6/sites", tag = "sites",
    params(ListSites, Paged<100, 500>, Freshness),
    responses((status = 200, body = Listing<SiteView>), Refusals<ReadErrors<ReadSites>>))]
async fn list(
    State(app): State<AppState>,
    caller: Caller<ReadSites>,
    freshness: Freshness,
    Paged(page): Paged<100, 500>,
    QueryParams(query): QueryParams<ListSites>,
) -> Result<Json<Listing<SiteView>>, Problem> {
    if query.include_inactive == Some(true) {
        return Err(invalid("include_inactive must be false: archived sites are not listed"));
    }
    let mut reading = app.read::<Sources>(&caller, freshness).await?;
    let total = sites::count(&mut reading).await?;
    let rows = sites::list(&mut reading, page.size, page.offset()).await?;
    let with_stats = query.include_stats == Some(true);
    let views = rows.into_iter().map(|row| SiteView::of(row, with_stats)).collect();
    Ok(page.of(views, total, caller.tenant_id))
}

/// Returns a site with the counts of its spaces and devices.
#[utoipa::path(get, path = "/api/v6/sites/{site_id}", tag = "sites",
    params(SitePath, Freshness),
    responses((status = 200, body = SiteView), Refusals<(ReadErrors<ReadSites>, SiteRefusal)>))]
async fn one(
    State(app): State<AppState>,
    caller: Caller<ReadSites>,
    freshness: Freshness,
    PathParam(SitePath { site_id }): PathParam<SitePath>,
) -> Result<Json<SiteView>, Problem> {
    let mut reading = app.read::<Sources>(&caller, freshness).await?;
    SiteView::read(&mut reading, site_id).await.map(Json)
}

/// Creates a site. Name and slug are unique within the tenant.
#[utoipa::path(post, path = "/api/v6/sites", tag = "sites", params(IdempotencyKey), request_body = SiteBody,
    responses((status = 201, body = Shown<SiteView>), Refusals<(CommandErrors<ManageSites>, SiteRefusal, TakenRefusals)>))]
async fn create(
    State(app): State<AppState>,
    Command { caller, body }: Command<ManageSites, SiteBody>,
) -> Result<Reply<Shown<SiteView>>, Problem> {
    let site_id = SiteId::from(caller.new_id(&app));
    let (name, slug) = (body.name.clone().unwrap_or_default(), body.slug.clone().unwrap_or_default());
    let site = Box::new(NewSite { name, slug, definition: body.definition()? });
    let create = SiteCommand::CreateSite { site, asked: caller.asked() };
    let done = app.execute::<Site>(&caller, site_id, &create).await?;
    Ok(done.view(&app, &caller, site_id).await.created())
}

/// Updates a site. Absent fields stay unchanged.
#[utoipa::path(put, path = "/api/v6/sites/{site_id}", tag = "sites",
    params(SitePath, IdempotencyKey), request_body = SiteBody,
    responses((status = 200, body = Shown<SiteView>), Refusals<(CommandErrors<ManageSites>, SiteRefusal, TakenRefusals)>))]
async fn update(
    State(app): State<AppState>,
    PathParam(SitePath { site_id }): PathParam<SitePath>,
    Command { caller, body }: Command<ManageSites, SiteBody>,
) -> Result<Reply<Shown<SiteView>>, Problem> {
    let (name, slug, asked) = (body.name.clone(), body.slug.clone(), caller.asked());
    let commands = [
        SiteCommand::RenameSite { name, slug, asked },
        SiteCommand::UpdateSite { patch: Box::new(body.patch()?), asked },
    ];
    let done = app.execute_all::<Site>(&caller, site_id, &commands).await?;
    Ok(done.view(&app, &caller, site_id).await)
}

/// Archives a site. The site must have no spaces and no gateways, and must not be the tenant's last one.
#[utoipa::path(delete, path = "/api/v6/sites/{site_id}", tag = "sites",
    params(SitePath, IdempotencyKey),
    responses((status = 200, body = SiteArchived), Refusals<(CommandErrors<ManageSites>, SiteRefusal)>))]
async fn archive(
    State(app): State<AppState>,
    PathParam(SitePath { site_id }): PathParam<SitePath>,
    Command { caller, .. }: Command<ManageSites, EmptyBody>,
) -> Result<Reply<SiteArchived>, Problem> {
    let archive = ArchiveSite { site_id, asked: caller.asked() };
    let done = app.execute_jointly(&caller, &archive).await?;
    app.settle::<Sources>(done.position).await;
    Ok(done.reply(SiteArchived::of(site_id, &done.events)))
}

/// Counts a site's spaces by state, now or at a past moment (`as_of`), also if the site is archived since.
#[utoipa::path(get, path = "/api/v6/sites/{site_id}/occupancy", tag = "sites",
    params(SitePath, AsOfQuery, Freshness),
    responses((status = 200, body = OccupancyView), Refusals<(ReadErrors<ReadSites>, SiteRefusal)>))]
async fn occupancy(
    State(app): State<AppState>,
    caller: Caller<ReadSites, Moment>,
    PathParam(SitePath { site_id }): PathParam<SitePath>,
) -> Result<Json<OccupancyView>, Problem> {
    let position = caller.time.reached::<Sources>(&app).await?;
    let mut reading = app.read_now::<Sources>(&caller).await?;
    if let Some(position) = position {
        let then = past::site::as_of(&mut reading, site_id.uuid(), position).await?;
        let site = found(then, "site", SiteRefusal::SiteNotFound)?;
        return Ok(Json(OccupancyView::of_past(site)));
    }
    let row = find(&mut reading, site_id).await?;
    let counts = spaces::counts(&mut reading, Some(site_id.uuid())).await?;
    Ok(Json(OccupancyView::of_site(row, &counts)))
}

/// Counts the spaces of every site by state: the first 1000 sites by name.
#[utoipa::path(get, path = "/api/v6/sites/occupancy/all", tag = "sites", params(Freshness),
    responses((status = 200, body = Vec<OccupancyView>), Refusals<ReadErrors<ReadSites>>))]
async fn occupancy_of_all(
    State(app): State<AppState>,
    caller: Caller<ReadSites>,
    freshness: Freshness,
) -> Result<Json<Vec<OccupancyView>>, Problem> {
    let mut reading = app.read::<Sources>(&caller, freshness).await?;
    let rows = sites::list(&mut reading, MAX_SITES, 0).await?;
    let site_ids: Vec<Uuid> = rows.iter().map(|row| row.site.site_id).collect();
    let counts = spaces::counts_by_site(&mut reading, &site_ids).await?;
    let empty = Counts::default();
    let of_site = |row: sites::Listed| {
        let counts = counts.get(&row.site.site_id).unwrap_or(&empty);
        OccupancyView::of_site(row, counts)
    };
    Ok(Json(rows.into_iter().map(of_site).collect()))
}

async fn find(reading: &mut Reading, site_id: SiteId) -> Result<sites::Listed, Problem> {
    let row = sites::get(reading, site_id.uuid()).await?;
    row.ok_or_else(|| SiteRefusal::SiteNotFound.into())
}

impl View for SiteView {
    type Id = SiteId;
    type Sources = Sources;

    fn id(site_id: SiteId) -> Uuid {
        site_id.uuid()
    }

    async fn read(reading: &mut Reading, site_id: SiteId) -> Result<Self, Problem> {
        Ok(Self::of(find(reading, site_id).await?, true))
    }
}

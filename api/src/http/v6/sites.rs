//! Sites: `/api/v6/sites`.

mod body;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use parking_commands::joint::Several;
use parking_domain::id::SiteId;
use parking_domain::site::{NewSite, Site, SiteCommand, SiteRefusal};
use parking_projections::sites::read::{self as sites, Listed};
use parking_projections::spaces::read as spaces;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::App;
use crate::http::kit::body::{Command, Nothing, Once};
use crate::http::kit::caller::{Caller, Freshness};
use crate::http::kit::documented::{Commanding, Reading, Refusals};
use crate::http::kit::lenient::{self, ServeCompatibly};
use crate::http::kit::page::{Listing, Paged};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{AsOfQuery, Named, Queried};
use crate::http::kit::refusals::Taken;
use crate::http::kit::reply::{Answer, Shown};
use crate::http::v6::sites::body::SiteBody;
use crate::http::v6::sites::view::{Ended, OccupancyView, SiteView};

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .serve(routes!(list, create))
        .serve(routes!(occupancy_of_all))
        .serve(routes!(one, update, amend, archive))
        .serve(routes!(occupancy))
}

/// The most sites that are counted in one answer without pages, as V6 had it.
const MOST_SITES: i64 = 1000;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListSites {
    /// Whether to count what is on each site.
    #[serde(default, deserialize_with = "lenient::flag")]
    include_stats: Option<bool>,
}

/// The tenant's sites, by name.
#[utoipa::path(get, path = "/api/v6/sites", tag = "sites",
    params(ListSites, Paged<100, 500>, Freshness),
    responses((status = 200, body = Listing<SiteView>), Refusals<Reading>))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<100, 500>,
    Queried(query): Queried<ListSites>,
) -> Result<Json<Listing<SiteView>>, Problem> {
    let mut reading = caller.read(&app).await?;
    let total = sites::count(&mut reading).await?;
    let rows = sites::list(&mut reading, page.size, page.offset()).await?;
    let with_stats = query.include_stats == Some(true);
    let views = rows.iter().map(|row| SiteView::of(row, with_stats)).collect();
    Ok(page.of(views, total, caller.tenant_id))
}

/// One site, with what is on it.
#[utoipa::path(get, path = "/api/v6/sites/{site_id}", tag = "sites",
    params(("site_id" = Uuid, Path), Freshness),
    responses((status = 200, body = SiteView), Refusals<(Reading, SiteRefusal)>))]
async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(site_id): Named<SiteId>,
) -> Result<Json<SiteView>, Problem> {
    find(&app, &caller, site_id).await.map(|row| Json(SiteView::of(&row, true)))
}

/// Makes a site. Its name and its slug are its own among the tenant's sites.
#[utoipa::path(post, path = "/api/v6/sites", tag = "sites", params(Once), request_body = SiteBody,
    responses((status = 201, body = Shown<SiteView>), Refusals<(Commanding, SiteRefusal, Taken)>))]
async fn create(
    State(app): State<Arc<App>>,
    Command { caller, body }: Command<SiteBody>,
) -> Result<Answer<Shown<SiteView>>, Problem> {
    let site_id = SiteId::from(caller.new_id(&app));
    let (name, slug) = (body.name.clone().unwrap_or_default(), body.slug.clone().unwrap_or_default());
    let site = Box::new(NewSite { name, slug, definition: body.definition()? });
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let create = SiteCommand::CreateSite { tenant_id, site, at, by };
    let done = app.platform.sites.execute(&site_id.to_string(), &create, &caller.circumstances()).await?;
    let shown = shown(&app, &caller, site_id, Some(done.position)).await;
    Ok(Answer::created(Some(done.position), shown))
}

/// Changes a site. What is absent or null stays as it is.
#[utoipa::path(put, path = "/api/v6/sites/{site_id}", tag = "sites",
    params(("site_id" = Uuid, Path), Once), request_body = SiteBody,
    responses((status = 200, body = Shown<SiteView>), Refusals<(Commanding, SiteRefusal, Taken)>))]
async fn update(
    State(app): State<Arc<App>>,
    Named(site_id): Named<SiteId>,
    Command { caller, body }: Command<SiteBody>,
) -> Result<Answer<Shown<SiteView>>, Problem> {
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let (name, slug) = (body.name.clone(), body.slug.clone());
    let commands = vec![
        SiteCommand::RenameSite { tenant_id, name, slug, at, by },
        SiteCommand::UpdateSite { tenant_id, patch: Box::new(body.patch()?), at, by },
    ];
    let change = Several::<Site> { aggregate_id: site_id.to_string(), commands };
    let done = app.platform.store.execute(&change, &caller.circumstances()).await?;
    let shown = shown(&app, &caller, site_id, done.position).await;
    Ok(Answer::done(done.position, shown))
}

/// Changes a site, like `PUT`.
#[utoipa::path(patch, path = "/api/v6/sites/{site_id}", tag = "sites",
    params(("site_id" = Uuid, Path), Once), request_body = SiteBody,
    responses((status = 200, body = Shown<SiteView>), Refusals<(Commanding, SiteRefusal, Taken)>))]
async fn amend(
    app: State<Arc<App>>,
    site_id: Named<SiteId>,
    command: Command<SiteBody>,
) -> Result<Answer<Shown<SiteView>>, Problem> {
    update(app, site_id, command).await
}

/// Ends a site on which nothing stands any more.
#[utoipa::path(delete, path = "/api/v6/sites/{site_id}", tag = "sites",
    params(("site_id" = Uuid, Path), Once),
    responses((status = 200, body = Ended), Refusals<(Commanding, SiteRefusal)>))]
async fn archive(
    State(app): State<Arc<App>>,
    Named(site_id): Named<SiteId>,
    Command { caller, .. }: Command<Nothing>,
) -> Result<Answer<Ended>, Problem> {
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let archive = SiteCommand::ArchiveSite { tenant_id, at, by };
    let done = app.platform.sites.execute(&site_id.to_string(), &archive, &caller.circumstances()).await?;
    caller.settle(&app, Some(done.position)).await;
    Ok(Answer::done(Some(done.position), Ended::of(site_id, &done.events)))
}

/// How many spaces of a site are free, occupied, …; now, or at a place in the log.
#[utoipa::path(get, path = "/api/v6/sites/{site_id}/occupancy", tag = "sites",
    params(("site_id" = Uuid, Path), AsOfQuery, Freshness),
    responses((status = 200, body = OccupancyView), Refusals<(Reading, SiteRefusal)>))]
async fn occupancy(
    State(app): State<Arc<App>>,
    caller: Caller,
    Named(site_id): Named<SiteId>,
    Queried(query): Queried<AsOfQuery>,
) -> Result<Json<OccupancyView>, Problem> {
    let as_of = query.place(&app).await?;
    let row = find(&app, &caller, site_id).await?;
    let mut reading = caller.read(&app).await?;
    let counts = match as_of {
        None => spaces::counts(&mut reading, Some(site_id.uuid())).await?,
        Some(as_of) => spaces::counts_as_of(&mut reading, site_id.uuid(), as_of).await?,
    };
    Ok(Json(OccupancyView::of_site(&row, &counts)))
}

/// The same for every site: the first 1000 by name.
#[utoipa::path(get, path = "/api/v6/sites/occupancy/all", tag = "sites", params(Freshness),
    responses((status = 200, body = Vec<OccupancyView>), Refusals<Reading>))]
async fn occupancy_of_all(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Json<Vec<OccupancyView>>, Problem> {
    let mut reading = caller.read(&app).await?;
    let rows = sites::list(&mut reading, MOST_SITES, 0).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        let counts = spaces::counts(&mut reading, Some(row.site.site_id)).await?;
        all.push(OccupancyView::of_site(row, &counts));
    }
    Ok(Json(all))
}

async fn find(app: &App, caller: &Caller, site_id: SiteId) -> Result<Listed, Problem> {
    let row = sites::get(&mut *caller.read(app).await?, site_id.uuid()).await?;
    row.ok_or_else(|| SiteRefusal::SiteNotFound.into())
}

async fn shown(app: &App, caller: &Caller, site_id: SiteId, position: Option<i64>) -> Shown<SiteView> {
    caller.settle(app, position).await;
    let row = find(app, caller, site_id).await;
    Shown::of(site_id.uuid(), row.map(|row| SiteView::of(&row, true)))
}

/// The site for whatever names none: the tenant's first.
pub(crate) async fn default_site(app: &App, caller: &Caller) -> Result<SiteId, Problem> {
    let rows = sites::list(&mut *caller.read(app).await?, 1, 0).await?;
    Ok(rows.first().map_or(SiteId::DEFAULT, |row| row.site.site_id.into()))
}

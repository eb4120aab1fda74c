//! Sites: `/api/v6/sites`.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use chrono_tz::Tz;
use parking_domain::geo::{NotAPosition, Position};
use parking_domain::id::{Id, SiteId};
use parking_domain::patch::Patch;
use parking_domain::site::{Definition, NewSite, SiteCommand, SitePatch, SiteRefusal};
use parking_projections::sites::read as sites;
use parking_projections::spaces::read::{self as spaces, AsOf, Counts};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Answer, settle};
use super::body::Body;
use super::caller::Caller;
use super::compat::both_forms;
use super::query::{as_of, flag, id_in_path};
use crate::http::App;
use crate::http::page::Parameters;
use crate::http::problem::Problem;

type Queried = Query<Vec<(String, String)>>;

pub(crate) fn router() -> Router<Arc<App>> {
    let router = both_forms(Router::new(), "/api/v6/sites", get(list).post(create));
    let router = both_forms(router, "/api/v6/sites/occupancy/all", get(occupancy_of_all));
    let router =
        both_forms(router, "/api/v6/sites/{site_id}", get(one).put(update).patch(update).delete(archive));
    both_forms(router, "/api/v6/sites/{site_id}/occupancy", get(occupancy))
}

async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Queried,
) -> Result<Json<Value>, Problem> {
    let parameters = Parameters(query);
    let page = parameters.page(100, 500)?;
    let with_stats = flag(&parameters, "include_stats")?;
    app.progress.wait_for(&app, &parameters).await?;
    let mut reading = caller.read(&app).await?;
    let total = sites::count(&mut reading).await?;
    let rows = sites::list(&mut reading, page.size, page.offset()).await?;
    let items: Vec<Value> = rows.iter().map(|row| view(row, with_stats)).collect();
    Ok(Json(page.envelope_of("sites", &items, total, caller.tenant_id)))
}

async fn one(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(site_id): Path<String>,
    Query(query): Queried,
) -> Result<Json<Value>, Problem> {
    app.progress.wait_for(&app, &Parameters(query)).await?;
    Ok(Json(view(&find(&app, &caller, id_in_path("site_id", &site_id)?).await?, true)))
}

/// What describes a site. On an update what is absent or null stays, as V6 had it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SiteBody {
    name: Option<String>,
    slug: Option<String>,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    timezone: Option<String>,
    metadata: Option<Map<String, Value>>,
}

async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Body(body): Body<SiteBody>,
) -> Result<Answer<Value>, Problem> {
    let site_id = SiteId::from(app.ids.next());
    let position = body.position()?;
    let timezone = body.known_timezone()?.unwrap_or_else(|| "UTC".to_owned());
    let definition = Definition {
        address: body.address,
        city: body.city,
        state: body.state,
        postal_code: body.postal_code,
        country: body.country,
        position,
        metadata: body.metadata.unwrap_or_default(),
        ..Definition::in_zone(timezone)
    };
    let site =
        NewSite { name: body.name.unwrap_or_default(), slug: body.slug.unwrap_or_default(), definition };
    let create = SiteCommand::CreateSite {
        tenant_id: caller.tenant_id,
        site: Box::new(site),
        at: caller.at,
        by: caller.actor,
    };
    let done = app.platform.sites.execute(&site_id.to_string(), &create, &caller.circumstances()).await?;
    shown(&app, &caller, site_id, Some(done.position))
        .await
        .map(|site| Answer::created(Some(done.position), site))
}

async fn update(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(site_id): Path<String>,
    Body(body): Body<SiteBody>,
) -> Result<Answer<Value>, Problem> {
    let site_id: SiteId = id_in_path("site_id", &site_id)?;
    let (tenant_id, at, by) = (caller.tenant_id, caller.at, caller.actor);
    let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
    let patch = SitePatch {
        position: body.position()?.map_or(Patch::Keep, Patch::Set),
        timezone: body.known_timezone()?,
        address: set(body.address),
        city: set(body.city),
        state: set(body.state),
        postal_code: set(body.postal_code),
        country: set(body.country),
        policy: None,
        metadata: body.metadata,
    };
    let (id, circumstances) = (site_id.to_string(), caller.circumstances());
    let rename = SiteCommand::RenameSite { tenant_id, name: body.name, slug: body.slug, at, by };
    app.platform.sites.execute(&id, &rename, &circumstances).await?;
    let update = SiteCommand::UpdateSite { tenant_id, patch: Box::new(patch), at, by };
    let done = app.platform.sites.execute(&id, &update, &circumstances).await?;
    shown(&app, &caller, site_id, Some(done.position))
        .await
        .map(|site| Answer::done(Some(done.position), site))
}

async fn archive(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(site_id): Path<String>,
) -> Result<Answer<Value>, Problem> {
    let site_id: SiteId = id_in_path("site_id", &site_id)?;
    let name = find(&app, &caller, site_id).await?.site.name;
    let archive = SiteCommand::ArchiveSite { tenant_id: caller.tenant_id, at: caller.at, by: caller.actor };
    let done = app.platform.sites.execute(&site_id.to_string(), &archive, &caller.circumstances()).await?;
    let message = format!("site {name} is archived");
    let body = json!({"success": true, "site_id": site_id, "name": name, "message": message});
    Ok(Answer::done(Some(done.position), body))
}

async fn occupancy(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(site_id): Path<String>,
    Query(query): Queried,
) -> Result<Json<Value>, Problem> {
    let parameters = Parameters(query);
    app.progress.wait_for(&app, &parameters).await?;
    let as_of = as_of(&parameters)?;
    let row = find(&app, &caller, id_in_path("site_id", &site_id)?).await?;
    Ok(Json(occupancy_of(&app, &caller, &row, as_of).await?))
}

async fn occupancy_of_all(State(app): State<Arc<App>>, caller: Caller) -> Result<Json<Value>, Problem> {
    let rows = sites::list(&mut *caller.read(&app).await?, i64::MAX, 0).await?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(occupancy_of(&app, &caller, row, None).await?);
    }
    Ok(Json(all.into()))
}

async fn occupancy_of(
    app: &App,
    caller: &Caller,
    row: &sites::Listed,
    as_of: Option<AsOf>,
) -> Result<Value, Problem> {
    let mut reading = caller.read(app).await?;
    let counts = match as_of {
        None => spaces::counts(&mut reading, Some(row.site.site_id)).await?,
        Some(as_of) => spaces::counts_as_of(&mut reading, row.site.site_id, as_of).await?,
    };
    let mut body = counts_view(&counts);
    body["site_id"] = json!(row.site.site_id);
    body["site_name"] = json!(row.site.name);
    body["site_code"] = json!(row.site.slug);
    body["tenant_id"] = json!(row.site.tenant_id);
    Ok(body)
}

/// Numbers of spaces by state, as V6 named them.
pub(crate) fn counts_view(counts: &Counts) -> Value {
    json!({
        "total_spaces": counts.total, "free": counts.free, "occupied": counts.occupied,
        "reserved": counts.reserved, "maintenance": counts.maintenance, "unknown": counts.unknown,
        "available": counts.free, "occupancy_rate": counts.occupancy_rate(),
    })
}

async fn find(app: &App, caller: &Caller, site_id: SiteId) -> Result<sites::Listed, Problem> {
    let row = sites::get(&mut *caller.read(app).await?, site_id.uuid()).await?;
    row.ok_or_else(|| SiteRefusal::SiteNotFound.into())
}

/// The site as it is after a command; at least its id, if the read model does not follow.
async fn shown(app: &App, caller: &Caller, site_id: SiteId, position: Option<i64>) -> Result<Value, Problem> {
    settle(app, position).await;
    Ok(find(app, caller, site_id).await.map_or_else(|_| json!({"id": site_id}), |row| view(&row, true)))
}

fn view(row: &sites::Listed, with_stats: bool) -> Value {
    let (site, is) = (&row.site, &row.site.definition);
    let mut view = json!({
        "id": site.site_id, "tenant_id": site.tenant_id, "name": site.name, "slug": site.slug,
        "address": is.address, "city": is.city, "state": is.state, "postal_code": is.postal_code,
        "country": is.country, "latitude": is.position.map(|place| place.latitude),
        "longitude": is.position.map(|place| place.longitude), "timezone": is.timezone,
        "metadata": is.metadata, "created_at": site.created_at, "updated_at": site.updated_at,
    });
    if with_stats {
        view["space_count"] = row.spaces.into();
        view["device_count"] = row.devices.into();
        view["gateway_count"] = 0.into();
        view["free_spaces"] = row.free.into();
        view["occupied_spaces"] = row.occupied.into();
    }
    view
}

impl SiteBody {
    fn position(&self) -> Result<Option<Position>, Problem> {
        position(self.latitude, self.longitude)
    }

    /// The zone, if the database of zones has it.
    fn known_timezone(&self) -> Result<Option<String>, Problem> {
        match &self.timezone {
            Some(name) if name.parse::<Tz>().is_err() => Err(SiteRefusal::TimezoneInvalid.into()),
            name => Ok(name.clone()),
        }
    }
}

/// A place, if both of its numbers are given.
pub(crate) fn position(latitude: Option<f64>, longitude: Option<f64>) -> Result<Option<Position>, Problem> {
    match (latitude, longitude) {
        (None, None) => Ok(None),
        (Some(latitude), Some(longitude)) => {
            Position::new(latitude, longitude).map(Some).map_err(|error| SiteRefusal::from(error).into())
        }
        _ => Err(SiteRefusal::from(NotAPosition).into()),
    }
}

/// The default site of the tenant that asks: its first.
pub(crate) async fn default_site(app: &App, caller: &Caller) -> Result<SiteId, Problem> {
    let rows = sites::list(&mut *caller.read(app).await?, 1, 0).await?;
    Ok(rows.first().map_or(SiteId::DEFAULT, |row| Id::from(row.site.site_id)))
}

//! Orphans: devices that are heard and belong to nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use chrono::{DateTime, Utc};
use parking_projections::orphan_devices::{self, OrphanDevice};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::caller::{Caller, Freshness};
use super::compat::ServeCompatibly;
use super::documented::{Reading, Refusals};
use super::page::{Item, Listing, Paged};
use crate::http::App;
use crate::http::problem::Problem;
use crate::http::webhooks::X_POSITION;

pub(crate) fn routes() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default().serve(routes!(list))
}

/// An orphan as V6's clients read it: EUIs in upper case, the count under both of its names.
#[derive(Serialize, ToSchema)]
struct OrphanView {
    dev_eui: String,
    first_seen: DateTime<Utc>,
    last_seen: DateTime<Utc>,
    message_count: i64,
    uplink_count: i64,
    last_rssi: Option<i32>,
    last_snr: Option<f64>,
    last_gateway: Option<String>,
    device_profile: Option<String>,
    device_name: Option<String>,
    /// What a codec in the network server made of the last uplink.
    #[schema(value_type = Option<Object>)]
    last_object: Option<Box<RawValue>>,
}

impl Item for OrphanView {
    const PLURAL: &'static str = "orphan_devices";
}

impl From<OrphanDevice> for OrphanView {
    fn from(row: OrphanDevice) -> Self {
        Self {
            dev_eui: row.dev_eui.to_uppercase(),
            first_seen: row.first_seen,
            last_seen: row.last_seen,
            message_count: row.message_count,
            uplink_count: row.message_count,
            last_rssi: row.last_rssi,
            last_snr: row.last_snr,
            last_gateway: row.last_gateway.map(|gateway| gateway.to_uppercase()),
            device_profile: row.device_profile,
            device_name: row.device_name,
            last_object: row.last_object.map(|object| object.0),
        }
    }
}

/// The devices that are heard and belong to nobody, the one heard last first.
#[utoipa::path(get, path = "/api/v6/orphan-devices", tag = "orphan devices",
    params(Paged<100, 500>, Freshness),
    responses((status = 200, body = Listing<OrphanView>), Refusals<Reading>))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Paged(page): Paged<100, 500>,
) -> Result<([(HeaderName, String); 1], Json<Listing<OrphanView>>), Problem> {
    // Read before the rows: it may say less than they show, never more.
    let position = app.progress.devices.position();
    let total = orphan_devices::count(app.reader.pool()).await?;
    let rows = orphan_devices::list(app.reader.pool(), page.size, page.offset()).await?;
    let views = rows.into_iter().map(OrphanView::from).collect();
    Ok(([(X_POSITION, position.to_string())], page.of(views, total, caller.tenant_id)))
}

//! `GET /api/v6/orphan-devices`: devices that are heard and belong to nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use parking_projections::orphan_devices::{self, OrphanDevice};
use serde::Serialize;
use serde_json::value::RawValue;

use super::App;
use super::page::Parameters;
use super::problem::Problem;
use super::webhooks::X_POSITION;

/// An orphan as V6's clients read it: EUIs in upper case, the count under both of its names.
#[derive(Serialize)]
struct Item {
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
    last_object: Option<Box<RawValue>>,
}

impl From<OrphanDevice> for Item {
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

/// Last heard first. With `min_position` the answer shows at least what stood in the log at that position.
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let parameters = Parameters(query);
    let page = parameters.page(100, 500)?;
    app.progress.wait_for(&app, &parameters).await?;
    // Read before the rows: it may say less than they show, never more.
    let position = app.progress.devices.position();
    let total = orphan_devices::count(app.reader.pool()).await?;
    let rows = orphan_devices::list(app.reader.pool(), page.size, page.offset()).await?;
    let items: Vec<Item> = rows.into_iter().map(Item::from).collect();
    let envelope = page.envelope("orphan_devices", &items, total);
    Ok(([(X_POSITION, position.to_string())], Json(envelope)).into_response())
}

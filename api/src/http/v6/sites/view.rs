//! A site as V6's clients read it.

use chrono::{DateTime, Utc};
use parking_domain::document::Document;
use parking_domain::id::SiteId;
use parking_domain::site::SiteEvent;
use parking_projections::sites::read::Listed;
use parking_projections::spaces::read::Counts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;
use crate::http::v6::shared::counts::CountsView;

/// A site, and, where it was asked for, what is on it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteView {
    id: Uuid,
    tenant_id: Uuid,
    name: String,
    slug: String,
    address: Option<String>,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    timezone: String,
    #[schema(value_type = Object)]
    metadata: Document,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    space_count: Option<i64>,
    /// Devices at its spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    free_spaces: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    occupied_spaces: Option<i64>,
}

impl Item for SiteView {
    const PLURAL: &'static str = "sites";
}

impl SiteView {
    pub(crate) fn of(row: &Listed, with_stats: bool) -> Self {
        let (site, is) = (row.site.clone(), row.site.definition.clone());
        Self {
            id: site.site_id,
            tenant_id: site.tenant_id,
            name: site.name,
            slug: site.slug,
            address: is.address,
            city: is.city,
            state: is.state,
            postal_code: is.postal_code,
            country: is.country,
            latitude: is.position.map(|place| place.latitude),
            longitude: is.position.map(|place| place.longitude),
            timezone: is.timezone,
            metadata: is.metadata,
            created_at: site.created_at.utc(),
            updated_at: site.updated_at.utc(),
            space_count: with_stats.then_some(row.spaces),
            device_count: with_stats.then_some(row.devices),
            // Gateways are not registered yet.
            gateway_count: with_stats.then_some(0),
            free_spaces: with_stats.then_some(row.free),
            occupied_spaces: with_stats.then_some(row.occupied),
        }
    }
}

/// A site that is no more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ended {
    success: bool,
    site_id: Uuid,
    name: String,
    message: String,
}

impl Ended {
    pub(crate) fn of(site_id: SiteId, events: &[SiteEvent]) -> Self {
        let name = events.iter().find_map(|event| match event {
            SiteEvent::SiteArchived { name, .. } => Some(name.clone()),
            _ => None,
        });
        let name = name.unwrap_or_default();
        let message = format!("site {name} is archived");
        Self { success: true, site_id: site_id.uuid(), name, message }
    }
}

/// How a site is filled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OccupancyView {
    site_id: Uuid,
    site_name: String,
    /// The site's slug, by the name V6 had for it.
    site_code: String,
    tenant_id: Uuid,
    #[serde(flatten)]
    counts: CountsView,
}

impl OccupancyView {
    pub(crate) fn of_site(row: &Listed, counts: &Counts) -> Self {
        Self {
            site_id: row.site.site_id,
            site_name: row.site.name.clone(),
            site_code: row.site.slug.clone(),
            tenant_id: row.site.tenant_id,
            counts: counts.into(),
        }
    }
}

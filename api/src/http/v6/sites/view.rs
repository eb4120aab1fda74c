//! The views of sites, as V6's clients read them.

use chrono::{DateTime, Utc};
use parking_domain::document::Document;
use parking_domain::id::SiteId;
use parking_domain::site::SiteEvent;
use parking_projections::past::site::PastSite;
use parking_projections::registry::sites::read::Listed;
use parking_projections::registry::spaces::read::Counts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::kit::page::Item;
use crate::http::v6::shared::counts::CountsView;
use crate::http::v6::shared::last_event::LastEventView;

/// A site, on request with the counts of its spaces and devices.
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
    /// Devices assigned to the site's spaces.
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
    pub(crate) fn of(row: Listed, with_stats: bool) -> Self {
        let Listed { site, spaces, devices, free, occupied } = row;
        let definition = site.definition;
        Self {
            id: site.site_id,
            tenant_id: site.tenant_id,
            name: site.name,
            slug: site.slug,
            address: definition.address,
            city: definition.city,
            state: definition.state,
            postal_code: definition.postal_code,
            country: definition.country,
            latitude: definition.position.map(|position| position.latitude),
            longitude: definition.position.map(|position| position.longitude),
            timezone: definition.timezone,
            metadata: definition.metadata,
            created_at: site.created_at.utc(),
            updated_at: site.updated_at.utc(),
            space_count: with_stats.then_some(spaces),
            device_count: with_stats.then_some(devices),
            // Gateways are not registered yet.
            gateway_count: with_stats.then_some(0),
            free_spaces: with_stats.then_some(free),
            occupied_spaces: with_stats.then_some(occupied),
        }
    }
}

/// An archived site.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ended)]
pub(crate) struct SiteArchived {
    success: bool,
    site_id: Uuid,
    name: String,
    message: String,
}

impl SiteArchived {
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

/// The occupancy of a site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OccupancyView {
    site_id: Uuid,
    site_name: String,
    /// The site's slug, under V6's name.
    site_code: String,
    tenant_id: Uuid,
    #[serde(flatten)]
    counts: CountsView,
    #[serde(flatten)]
    #[schema(value_type = LastEventView)]
    last: Option<LastEventView>,
}

impl OccupancyView {
    pub(crate) fn of_site(row: Listed, counts: &Counts) -> Self {
        let site = row.site;
        Self {
            site_id: site.site_id,
            site_name: site.name,
            site_code: site.slug,
            tenant_id: site.tenant_id,
            counts: counts.into(),
            last: None,
        }
    }

    /// The occupancy at a past moment.
    pub(crate) fn of_past(site: PastSite) -> Self {
        Self {
            site_id: site.site_id,
            site_name: site.name,
            site_code: site.slug,
            tenant_id: site.tenant_id,
            counts: (&site.counts).into(),
            last: Some(site.last.into()),
        }
    }
}

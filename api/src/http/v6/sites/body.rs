//! Request bodies of sites.

use chrono_tz::Tz;
use parking_domain::geo::PositionPatch;
use parking_domain::patch::Patch;
use parking_domain::site::{Definition, SitePatch, SiteRefusal};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::fields::Body;
use crate::http::kit::lenient;
use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;
use crate::http::v6::shared::location::location;

/// The fields of a site. In an update, absent fields stay unchanged; null clears a field that a site need not have.
#[derive(Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SiteBody {
    /// Unique within the tenant, 1 to 255 characters. Required for a new site.
    #[schema(max_length = 255)]
    pub(crate) name: Option<String>,
    /// Unique within the tenant: letters, digits, `-` and `_`. Required for a new site.
    #[schema(max_length = 100)]
    pub(crate) slug: Option<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    address: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    city: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    state: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    postal_code: Patch<String>,
    #[schema(value_type = Option<String>, max_length = 255)]
    country: Patch<String>,
    /// Degrees north. A new location needs both coordinates. Then one may change alone, and null for one removes both.
    #[serde(deserialize_with = "lenient::number_change")]
    #[schema(value_type = Option<f64>)]
    latitude: Patch<f64>,
    /// Degrees east.
    #[serde(deserialize_with = "lenient::number_change")]
    #[schema(value_type = Option<f64>)]
    longitude: Patch<f64>,
    /// A time zone name of the IANA database. Defaults to `UTC`.
    #[schema(max_length = 50)]
    timezone: Option<String>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
}

impl Body for SiteBody {}

impl SiteBody {
    fn position(&self) -> PositionPatch {
        PositionPatch { latitude: self.latitude, longitude: self.longitude }
    }

    /// The definition of a new site.
    pub(crate) fn definition(self) -> Result<Definition, Problem> {
        let position = location(self.position())?;
        let timezone = known_zone(self.timezone)?.unwrap_or_else(|| "UTC".to_owned());
        Ok(Definition {
            address: self.address.value(),
            city: self.city.value(),
            state: self.state.value(),
            postal_code: self.postal_code.value(),
            country: self.country.value(),
            position,
            metadata: document("metadata", self.metadata)?.unwrap_or_default(),
            ..Definition::in_zone(timezone)
        })
    }

    /// The changes of an update.
    pub(crate) fn patch(self) -> Result<SitePatch, Problem> {
        Ok(SitePatch {
            position: self.position(),
            timezone: known_zone(self.timezone)?,
            address: self.address,
            city: self.city,
            state: self.state,
            postal_code: self.postal_code,
            country: self.country,
            policy: None,
            metadata: document("metadata", self.metadata)?,
        })
    }
}

/// Refuses a time zone that the IANA database does not contain.
fn known_zone(name: Option<String>) -> Result<Option<String>, Problem> {
    match name {
        Some(name) if name.parse::<Tz>().is_err() => Err(SiteRefusal::TimezoneInvalid.into()),
        name => Ok(name),
    }
}

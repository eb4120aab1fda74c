//! Request bodies of sites.

use chrono_tz::Tz;
use parking_domain::patch::Patch;
use parking_domain::site::{Definition, SitePatch, SiteRefusal};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::kit::own_data::{OwnData, document};
use crate::http::kit::problem::Problem;
use crate::http::v6::shared::location::location;

/// The fields of a site. In an update, absent and null fields stay unchanged, as in V6.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(crate) struct SiteBody {
    /// Unique within the tenant, 1 to 255 characters. Required for a new site.
    #[schema(max_length = 255)]
    pub(crate) name: Option<String>,
    /// Unique within the tenant: letters, digits, `-` and `_`. Required for a new site.
    #[schema(max_length = 100)]
    pub(crate) slug: Option<String>,
    #[schema(max_length = 255)]
    address: Option<String>,
    #[schema(max_length = 255)]
    city: Option<String>,
    #[schema(max_length = 255)]
    state: Option<String>,
    #[schema(max_length = 255)]
    postal_code: Option<String>,
    #[schema(max_length = 255)]
    country: Option<String>,
    /// Degrees north. Latitude and longitude must be given together.
    latitude: Option<f64>,
    /// Degrees east.
    longitude: Option<f64>,
    /// A time zone name of the IANA database. Defaults to `UTC`.
    #[schema(max_length = 50)]
    timezone: Option<String>,
    /// The caller's own data: at most 16 levels deep and 16 KiB of JSON.
    #[schema(value_type = Option<Object>)]
    metadata: OwnData,
}

impl SiteBody {
    /// The definition of a new site.
    pub(crate) fn definition(self) -> Result<Definition, Problem> {
        let position = location(self.latitude, self.longitude)?;
        let timezone = known_zone(self.timezone)?.unwrap_or_else(|| "UTC".to_owned());
        Ok(Definition {
            address: self.address,
            city: self.city,
            state: self.state,
            postal_code: self.postal_code,
            country: self.country,
            position,
            metadata: document("metadata", self.metadata)?.unwrap_or_default(),
            ..Definition::in_zone(timezone)
        })
    }

    /// The changes of an update.
    pub(crate) fn patch(self) -> Result<SitePatch, Problem> {
        let set = |value: Option<String>| value.map_or(Patch::Keep, Patch::Set);
        Ok(SitePatch {
            position: location(self.latitude, self.longitude)?.map_or(Patch::Keep, Patch::Set),
            timezone: known_zone(self.timezone)?,
            address: set(self.address),
            city: set(self.city),
            state: set(self.state),
            postal_code: set(self.postal_code),
            country: set(self.country),
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

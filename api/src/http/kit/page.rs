//! Pages of lists: the query parameters, and an envelope that all of V6's clients can read.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parking_domain::id::TenantId;
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::to_raw_value;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::http::kit::lenient;
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, QueryParams, invalid};

/// The highest page number.
const MAX_PAGE: i64 = 1_000_000;

/// A page of a list, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: i64,
    pub(crate) size: i64,
    pub(crate) envelope: Envelope,
}

/// The names of the items in the envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Envelope {
    /// The resource's own name and `items`.
    #[serde(skip)]
    #[default]
    Both,
    /// Only `items`.
    Items,
}

impl Envelope {
    /// Writes the items into an envelope.
    pub(crate) fn serialize_items<T: Item, M: SerializeMap>(
        self,
        items: &[T],
        map: &mut M,
    ) -> Result<(), M::Error> {
        if self == Self::Items {
            return map.serialize_entry("items", items);
        }
        let items = to_raw_value(items).map_err(M::Error::custom)?;
        map.serialize_entry(T::PLURAL, &items)?;
        map.serialize_entry("items", &items)
    }
}

/// The requested page. `DEFAULT` and `MAX` are the default and the highest page size.
pub(crate) struct Paged<const DEFAULT: i64, const MAX: i64>(pub(crate) Page);

#[derive(Default, PartialEq, Deserialize)]
#[serde(default)]
struct PageQuery {
    #[serde(deserialize_with = "lenient::integer")]
    page: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    page_size: Option<i64>,
    envelope: Option<Envelope>,
}

impl Parameters for PageQuery {}

impl<const DEFAULT: i64, const MAX: i64, S: Send + Sync> FromRequestParts<S> for Paged<DEFAULT, MAX> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let QueryParams(query) = QueryParams::<PageQuery>::of(&parts.uri)?;
        let number = within("page", query.page.unwrap_or(1), MAX_PAGE)?;
        let size = within("page_size", query.page_size.unwrap_or(DEFAULT), MAX)?;
        let envelope = query.envelope.unwrap_or_default();
        Ok(Self(Page { number, size, envelope }))
    }
}

fn within(name: &str, number: i64, max: i64) -> Result<i64, Problem> {
    let refused = || invalid(format!("{name} must be a whole number from 1 to {max}"));
    (1..=max).contains(&number).then_some(number).ok_or_else(refused)
}

impl Page {
    /// The number of rows before the page.
    pub(crate) fn offset(self) -> i64 {
        (self.number - 1) * self.size
    }

    /// The number of pages of this many items.
    pub(crate) fn pages(self, total: i64) -> i64 {
        (total + self.size - 1) / self.size
    }

    /// The envelope of the page's items, of all these items.
    pub(crate) fn of_all<T: Item>(
        self,
        all: impl ExactSizeIterator<Item = T>,
        tenant_id: TenantId,
    ) -> Json<Listing<T>> {
        let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let rows = |count| usize::try_from(count).unwrap_or(usize::MAX);
        self.of(all.skip(rows(self.offset())).take(rows(self.size)).collect(), total, tenant_id)
    }

    /// The envelope of the page's items and the total of all pages.
    pub(crate) fn of<T: Item>(self, items: Vec<T>, total: i64, tenant_id: TenantId) -> Json<Listing<T>> {
        let Self { number: page, size: page_size, envelope } = self;
        let pages = self.pages(total);
        Json(Listing {
            items,
            total,
            count: total,
            page,
            page_size,
            total_pages: pages,
            pages,
            tenant_id,
            envelope,
        })
    }
}

/// An item of a list.
pub(crate) trait Item: Serialize + ToSchema {
    /// The resource's name in the envelope.
    const PLURAL: &'static str;
}

/// A page of items. Without `envelope=items` they are also listed under the resource's own name (`spaces`, `sites`, …).
#[derive(Debug, ToSchema)]
pub(crate) struct Listing<T> {
    items: Vec<T>,
    /// Number of items on all pages.
    total: i64,
    /// Same as `total`.
    count: i64,
    page: i64,
    page_size: i64,
    total_pages: i64,
    /// Same as `total_pages`.
    pages: i64,
    /// The tenant that owns the items.
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    #[schema(ignore)]
    envelope: Envelope,
}

impl<T: Item> Serialize for Listing<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.envelope.serialize_items(&self.items, &mut map)?;
        map.serialize_entry("total", &self.total)?;
        map.serialize_entry("count", &self.count)?;
        map.serialize_entry("page", &self.page)?;
        map.serialize_entry("page_size", &self.page_size)?;
        map.serialize_entry("total_pages", &self.total_pages)?;
        map.serialize_entry("pages", &self.pages)?;
        map.serialize_entry("tenant_id", &self.tenant_id)?;
        map.end()
    }
}

impl<const DEFAULT: i64, const MAX: i64> IntoParams for Paged<DEFAULT, MAX> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let of = |name: &str, description: &str, default: i64, max: i64| {
            let schema = ObjectBuilder::new()
                .schema_type(Type::Integer)
                .minimum(Some(1))
                .maximum(Some(usize::try_from(max).unwrap_or(usize::MAX)))
                .default(Some(default.into()));
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(description))
                .schema(Some(schema))
                .build()
        };
        let envelope = ParameterBuilder::new()
            .name("envelope")
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some("`items`: the response lists the items only as `items`, not also under the resource's own name."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["items"]))));
        vec![
            of("page", "Page number, counted from 1.", 1, MAX_PAGE),
            of("page_size", "Number of items per page.", DEFAULT, MAX),
            envelope.build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, ToSchema)]
    struct Thing;

    impl Item for Thing {
        const PLURAL: &'static str = "things";
    }

    #[test]
    fn the_last_page_may_be_short() {
        let page = Page { number: 1, size: 20, envelope: Envelope::Both };
        let pages = |total| {
            let listing = page.of(Vec::<Thing>::new(), total, TenantId::DEFAULT).0;
            serde_json::to_value(listing).expect("plain data")["pages"].as_i64()
        };
        assert_eq!([0, 1, 20, 21].map(pages), [0, 1, 1, 2].map(Some));
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(Page { number: 3, size: 20, envelope: Envelope::Both }.offset(), 40);
        assert!(
            within("page", 0, 5).is_err() && within("page", 6, 5).is_err() && within("page", 5, 5).is_ok()
        );
    }
}

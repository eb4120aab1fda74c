//! Lists that a client can read page after page from one row to the next: a page names the cursor of the page after it.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use parking_domain::id::TenantId;
use parking_projections::engine::seek::{RowPosition, Start};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::http::kit::freshness::Freshness;
use crate::http::kit::page::{Envelope, Item, Page, Paged};
use crate::http::kit::problem::Problem;
use crate::http::kit::query::{Parameters, QueryParams, invalid};

/// An item of a list in the order of the log.
pub(crate) trait InLogOrder: Item {
    /// Its position among the rows of the list.
    fn row_position(&self) -> RowPosition;
}

/// The requested page of such a list: by its number, or after a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seek {
    page: Page,
    after: Option<RowPosition>,
}

/// The requested page. `DEFAULT` and `MAX` are the default and the highest page size.
pub(crate) struct SeekPage<const DEFAULT: i64, const MAX: i64>(pub(crate) Seek);

#[derive(Default, PartialEq, Deserialize)]
#[serde(default)]
struct SeekQuery {
    after: Option<String>,
    page: Option<String>,
}

impl Parameters for SeekQuery {}

impl<const DEFAULT: i64, const MAX: i64, S: Send + Sync> FromRequestParts<S> for SeekPage<DEFAULT, MAX> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let QueryParams(query) = QueryParams::<SeekQuery>::of(&parts.uri)?;
        let Paged(page) = Paged::<DEFAULT, MAX>::from_request_parts(parts, state).await?;
        let after = match query.after {
            Some(_) if query.page.is_some() => {
                return Err(invalid("after and page exclude each other: pass one of them"));
            }
            after => after.as_deref().map(read_cursor).transpose()?,
        };
        Ok(Self(Seek { page, after }))
    }
}

/// The position of a row as text.
fn cursor(RowPosition { position, ordinal }: RowPosition) -> String {
    format!("{position:x}.{ordinal:x}")
}

/// Reads a cursor exactly as it was written.
fn read_cursor(text: &str) -> Result<RowPosition, Problem> {
    let number = |digits| i64::from_str_radix(digits, 16).ok().filter(|number| *number >= 0);
    let row = text.split_once('.').and_then(|(position, ordinal)| {
        Some(RowPosition { position: number(position)?, ordinal: number(ordinal)? })
    });
    let refused = || invalid("after must be the next_after of a page, unchanged");
    row.filter(|row| cursor(*row) == text).ok_or_else(refused)
}

impl Seek {
    /// Where the page begins.
    pub(crate) fn start(self) -> Start {
        self.after.map_or(Start::Offset(self.page.offset()), Start::After)
    }

    /// The freshness that the page needs: a cursor is valid only where the read model has reached its row.
    pub(crate) fn freshness(self, freshness: Freshness) -> Freshness {
        let after = self.after.map(|row| row.position);
        Freshness { min_position: freshness.min_position.max(after) }
    }

    /// The number of rows to read: one more than the page has, which tells whether another page follows.
    pub(crate) fn limit(self) -> i64 {
        self.page.size + 1
    }

    /// The total of all pages. A page after a row has none, because counting costs more the longer the list is.
    pub(crate) async fn total(
        self,
        count: impl Future<Output = Result<i64, sqlx::Error>>,
    ) -> Result<Option<i64>, sqlx::Error> {
        match self.after {
            None => count.await.map(Some),
            Some(_) => Ok(None),
        }
    }

    /// The envelope of the page's items, which may be followed by one more, and the total.
    pub(crate) fn of<T: InLogOrder>(
        self,
        mut items: Vec<T>,
        total: Option<i64>,
        tenant_id: TenantId,
    ) -> Json<SeekListing<T>> {
        let Page { number, size: page_size, envelope } = self.page;
        let size = usize::try_from(page_size).unwrap_or(usize::MAX);
        let follows = items.len() > size;
        items.truncate(size);
        let next_after = items.last().filter(|_| follows).map(|item| cursor(item.row_position()));
        let page = total.map(|_| number);
        let pages = total.map(|total| self.page.pages(total));
        Json(SeekListing {
            items,
            total,
            count: total,
            page,
            page_size,
            total_pages: pages,
            pages,
            tenant_id,
            next_after,
            envelope,
        })
    }
}

/// A page of items of a list that can be read from page to page. Without `envelope=items` they are also listed under the
/// resource's own name.
#[derive(Debug, ToSchema)]
#[schema(as = Listing)]
pub(crate) struct SeekListing<T> {
    items: Vec<T>,
    /// Number of items on all pages. Null with `after`, like `count`, `page`, `total_pages` and `pages`.
    total: Option<i64>,
    /// Same as `total`.
    count: Option<i64>,
    page: Option<i64>,
    page_size: i64,
    total_pages: Option<i64>,
    /// Same as `total_pages`.
    pages: Option<i64>,
    /// The tenant that owns the items.
    #[schema(value_type = Uuid)]
    tenant_id: TenantId,
    /// The `after` of the next page; null on the last page.
    next_after: Option<String>,
    #[schema(ignore)]
    envelope: Envelope,
}

impl<T: Item> Serialize for SeekListing<T> {
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
        map.serialize_entry("next_after", &self.next_after)?;
        map.end()
    }
}

impl<const DEFAULT: i64, const MAX: i64> IntoParams for SeekPage<DEFAULT, MAX> {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let mut parameters = Paged::<DEFAULT, MAX>::into_params(place);
        let after = ParameterBuilder::new()
            .name("after")
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(
                "The `next_after` of the page before, unchanged: the page that follows it. Not together with `page`.",
            ))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        parameters.push(after.build());
        parameters
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_only_as_it_was_written() {
        for (position, ordinal) in [(1, 0), (255, 16), (i64::MAX, i64::MAX)] {
            let row = RowPosition { position, ordinal };
            assert_eq!(read_cursor(&cursor(row)).ok(), Some(row));
        }
        let malformed =
            ["", ".", "1", "1.", ".0", "-1.0", "+1.0", "01.0", "FF.0", "1.0.0", "8000000000000000.0", "1,0"];
        for text in malformed {
            assert!(read_cursor(text).is_err(), "{text}");
        }
    }
}

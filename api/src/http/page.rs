//! Pages of lists: the query that chooses one, and the envelope all of V6's clients can read.

use axum::http::StatusCode;
use parking_domain::id::TenantId;
use serde::Serialize;
use serde_json::{Map, Value};

use super::problem::Problem;

/// A page of a list. Counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) number: i64,
    pub(crate) size: i64,
}

/// The query of a list; the literals `undefined` and `null` that V6's front end sends mean absent.
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl Parameters {
    /// The value of a parameter, if it has one.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let given = self.0.iter().rfind(|(key, _)| key == name).map(|(_, value)| value.trim());
        given.filter(|text| !matches!(*text, "" | "undefined" | "null"))
    }

    /// The value of a parameter as a whole number within bounds.
    pub(crate) fn integer(&self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "parameter_invalid",
                format!("{name} must be a whole number from {min} to {max}"),
            )),
        }
    }

    /// The page asked for.
    pub(crate) fn page(&self, default_size: i64, max_size: i64) -> Result<Page, Problem> {
        let number = self.integer("page", 1, 1_000_000)?.unwrap_or(1);
        let size = self.integer("page_size", 1, max_size)?.unwrap_or(default_size);
        Ok(Page { number, size })
    }
}

impl Page {
    /// How many rows stand before the page.
    pub(crate) fn offset(self) -> i64 {
        (self.number - 1) * self.size
    }

    /// The superset envelope: the items under the resource's own name and as `items`, the total under both of its
    /// names.
    pub(crate) fn envelope<T: Serialize>(self, name: &str, items: &[T], total: i64) -> Map<String, Value> {
        let items = serde_json::to_value(items).expect("rows are plain data: they serialise");
        let pages = (total + self.size - 1) / self.size;
        let mut envelope = Map::new();
        envelope.insert(name.to_owned(), items.clone());
        envelope.insert("items".into(), items);
        let numbers = [
            ("total", total),
            ("count", total),
            ("page", self.number),
            ("page_size", self.size),
            ("total_pages", pages),
            ("pages", pages),
        ];
        envelope.extend(numbers.map(|(name, number)| (name.to_owned(), Value::from(number))));
        envelope
    }

    /// The same, saying whose items they are.
    pub(crate) fn envelope_of<T: Serialize>(
        self,
        name: &str,
        items: &[T],
        total: i64,
        tenant_id: TenantId,
    ) -> Value {
        let mut envelope = self.envelope(name, items, total);
        envelope.insert("tenant_id".into(), tenant_id.to_string().into());
        envelope.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &[(&str, &str)]) -> Option<Page> {
        let query = query.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Parameters(query).page(100, 500).ok()
    }

    #[test]
    fn absent_in_every_way_a_client_says_it() {
        let default = Some(Page { number: 1, size: 100 });
        assert_eq!(page(&[]), default);
        assert_eq!(page(&[("page", ""), ("page_size", "undefined")]), default);
        assert_eq!(page(&[("page", "null"), ("status", "undefined")]), default);
    }

    #[test]
    fn bounds_are_kept() {
        assert_eq!(page(&[("page", "3"), ("page_size", "20")]).map(Page::offset), Some(40));
        for bad in [("page", "0"), ("page", "x"), ("page_size", "501"), ("page_size", "-1"), ("page", "1.5")]
        {
            assert_eq!(page(&[bad]), None, "{bad:?}");
        }
    }

    #[test]
    fn the_last_page_may_be_short() {
        let page = Page { number: 1, size: 20 };
        let pages = |total| page.envelope::<i32>("things", &[], total)["pages"].clone();
        assert_eq!([pages(0), pages(1), pages(20), pages(21)], [0, 1, 1, 2].map(Value::from));
    }
}

//! A caller's own data in a request, checked so that a refusal names the field.

use parking_domain::document::Document;
use serde_json::{Map, Value};

use crate::http::kit::problem::Problem;

/// A field with a caller's own data, as it is read: not checked yet.
pub(crate) type OwnData = Option<Map<String, Value>>;

/// The data, if they may be kept.
pub(crate) fn document(field: &'static str, data: OwnData) -> Result<Option<Document>, Problem> {
    Ok(data.map(|data| Document::new(field, data)).transpose()?)
}

//! The caller's own data in a request, validated so that a refusal names the field.

use parking_domain::document::Document;
use serde_json::{Map, Value};

use crate::http::kit::problem::Problem;

/// A field with the caller's own data, not yet validated.
pub(crate) type OwnData = Option<Map<String, Value>>;

/// Validates the data of a field.
pub(crate) fn document(field: &'static str, data: OwnData) -> Result<Option<Document>, Problem> {
    Ok(data.map(|data| Document::new(field, data)).transpose()?)
}

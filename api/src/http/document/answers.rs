//! The description of each successful response: what its schema says, else the status. Refusals list their codes.

use axum::http::StatusCode;
use serde_json::Value;

use super::{for_each_operation, referenced, schemas};

pub(super) fn describe(document: &mut Value) {
    let named = schemas(document).clone();
    for_each_operation(document, |_, operation| {
        for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
            if response["description"].as_str().is_some_and(|text| !text.is_empty()) {
                continue;
            }
            let schema = &response["content"]["application/json"]["schema"];
            let of_schema =
                referenced(schema).and_then(|name| named[name]["description"].as_str()).map(str::to_owned);
            response["description"] = of_schema.unwrap_or_else(|| phrase(status)).into();
        }
    });
}

fn phrase(status: &str) -> String {
    let status = status.parse().ok().and_then(|code: u16| StatusCode::from_u16(code).ok());
    status.and_then(|status| status.canonical_reason()).unwrap_or("The answer").to_owned()
}

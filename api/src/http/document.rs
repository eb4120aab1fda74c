//! Completes the OpenAPI document: everything that can be said of all operations at once, so that no handler can forget it.

mod aliases;
mod answers;
mod bodies;
mod lists;
mod parameters;
mod samples;
mod schemas;
mod security;

use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

pub(in crate::http) use samples::Samples;

/// The completed document of the operations.
pub(in crate::http) fn complete(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).expect("a document always serialises");
    name_operations(&mut document);
    schemas::simplify(&mut document);
    lists::name_items(&mut document);
    aliases::document(&mut document);
    bodies::document(&mut document);
    parameters::exemplify(&mut document);
    security::document(&mut document);
    answers::describe(&mut document);
    document
}

/// Gives each operation a unique id: its tag and its handler's name.
fn name_operations(document: &mut Value) {
    for_each_operation(document, |_, operation| {
        let tag = operation["tags"][0].as_str().unwrap_or_default().replace(' ', "_");
        let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
        operation["operationId"] = format!("{tag}_{name}").into();
    });
}

/// Calls `change` with every operation and its name, such as `GET /api/v6/sites`.
fn for_each_operation(document: &mut Value, mut change: impl FnMut(&str, &mut Value)) {
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            change(&format!("{} {path}", method.to_uppercase()), operation);
        }
    }
}

/// The schemas by name.
fn schemas(document: &mut Value) -> &mut Map<String, Value> {
    document["components"]["schemas"].as_object_mut().expect("the operations have schemas")
}

/// The name of the schema that this one refers to.
fn referenced(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// A reference to a schema.
fn reference(name: &str) -> Value {
    serde_json::json!({ "$ref": format!("#/components/schemas/{name}") })
}

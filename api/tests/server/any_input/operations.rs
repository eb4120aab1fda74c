//! The operations of the OpenAPI document: new operations are tested automatically.

use serde_json::Value;

use crate::documented::OPENAPI;

/// An operation.
pub(super) struct Operation {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) tag: String,
    pub(super) parameters: Vec<Field>,
    /// The fields of the body; none for an operation without a body.
    pub(super) body: Option<Vec<Field>>,
}

/// A parameter or a field of a body, with its schema.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    /// `path`, `query`, `header` or `body`.
    pub(super) place: String,
    pub(super) schema: Value,
    /// The values that the schema lists.
    pub(super) values: Vec<String>,
    /// The description in the OpenAPI document.
    pub(super) description: String,
}

impl Operation {
    /// All operations.
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for (path, item) in OPENAPI["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                all.push(Self::of(method, path, operation));
            }
        }
        all
    }

    fn of(method: &str, path: &str, operation: &Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.filter(|parameter| !is_alias(parameter)).map(|parameter| {
            let place = parameter["in"].as_str().unwrap();
            field(parameter["name"].as_str().unwrap(), place, &parameter["schema"], &parameter["description"])
        });
        let body = operation.get("requestBody").map(|body| {
            let mut fields = Vec::new();
            collect(&body["content"]["application/json"]["schema"], &mut fields);
            fields
        });
        Self {
            method: method.to_uppercase(),
            path: path.to_owned(),
            tag: operation["tags"][0].as_str().unwrap_or_default().to_owned(),
            parameters: parameters.collect(),
            body,
        }
    }

    /// The operation's name, for people.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// True for reports of the network server: their schema is open.
    pub(super) fn is_report(&self) -> bool {
        self.tag == "webhooks" && self.body.is_some()
    }
}

impl Field {
    /// True when the description of the field contains `Required`.
    pub(super) fn is_required(&self) -> bool {
        self.description.contains("Required")
    }
}

fn field(name: &str, place: &str, schema: &Value, description: &Value) -> Field {
    let description = description.as_str().unwrap_or_default().to_owned();
    let values = values(schema).into_iter().map(str::to_owned).collect();
    Field { name: name.to_owned(), place: place.to_owned(), schema: schema.clone(), values, description }
}

/// True for a further name of another field: with values for both, nearly every request would be refused.
fn is_alias(field: &Value) -> bool {
    field["deprecated"] == true
}

/// The values that a schema or its parts list.
fn values(schema: &Value) -> Vec<&str> {
    let named = referenced(schema).into_iter().flat_map(values);
    let own = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    named.chain(own).chain(parts(schema).flat_map(values)).collect()
}

/// The schema that this one refers to.
fn referenced(schema: &Value) -> Option<&'static Value> {
    let name = schema["$ref"].as_str()?.rsplit('/').next()?;
    Some(&OPENAPI["components"]["schemas"][name])
}

fn parts(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "oneOf", "anyOf"].into_iter().flat_map(|parts| schema[parts].as_array().into_iter().flatten())
}

/// Collects the fields of an object's schema, including those of its parts.
fn collect(schema: &Value, fields: &mut Vec<Field>) {
    referenced(schema).into_iter().chain(parts(schema)).for_each(|part| collect(part, fields));
    let own = schema["properties"].as_object().into_iter().flatten();
    for (name, schema) in own.filter(|(_, schema)| !is_alias(schema)) {
        fields.push(field(name, "body", schema, &schema["description"]));
    }
}

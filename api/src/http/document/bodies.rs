//! Bodies: the fields that an operation cannot do without, and an example of each body that works as it stands.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{for_each_operation, reference, referenced, schemas};

/// The bodies that operations take.
const BODIES: &str = include_str!("bodies.json");

/// What some operations take.
#[derive(Deserialize)]
struct Body {
    /// The operations: methods, separated by `|`, and a path.
    operations: Vec<String>,
    /// The name of the body's schema where these operations need fields that others do not.
    schema: Option<String>,
    /// The fields that they need.
    #[serde(default)]
    required: Vec<String>,
    /// A body that works.
    example: Value,
}

impl Body {
    fn is_of(&self, operation: &str) -> bool {
        let Some((method, path)) = operation.split_once(' ') else { return false };
        let names = self.operations.iter().filter_map(|names| names.split_once(' '));
        names
            .filter(|(_, known)| *known == path)
            .any(|(methods, _)| methods.split('|').any(|one| one == method))
    }
}

pub(super) fn document(document: &mut Value) {
    let bodies: Vec<Body> = serde_json::from_str(BODIES).expect("a test reads the bodies");
    let named = schemas(document).clone();
    let mut added = Map::new();
    for_each_operation(document, |operation, described| {
        let content = described.pointer_mut("/requestBody/content/application~1json");
        let Some(content) = content.and_then(Value::as_object_mut) else { return };
        // A body that may be omitted: what is said of its null is said by `required`.
        if let Some(schema) = content["schema"].pointer_mut("/oneOf/0").map(Value::take) {
            content["schema"] = schema;
        }
        let Some(body) = bodies.iter().find(|body| body.is_of(operation)) else { return };
        content.insert("example".to_owned(), body.example.clone());
        if let (Some(name), Some(base)) = (&body.schema, referenced(&content["schema"])) {
            added.insert(name.clone(), requiring(named[base].clone(), &body.required));
            content.insert("schema".to_owned(), reference(name));
        }
    });
    schemas(document).extend(added);
}

/// The schema with these fields required; they cannot be null.
fn requiring(mut schema: Value, fields: &[String]) -> Value {
    for name in fields {
        let field = &mut schema["properties"][name];
        if let Some(types) = field["type"].as_array() {
            field["type"] = types.iter().find(|name| *name != "null").cloned().unwrap_or_default();
        }
        if let Some(choice) = field.pointer_mut("/oneOf/0").map(Value::take) {
            *field = choice;
        }
    }
    schema["required"] = fields.into();
    schema
}

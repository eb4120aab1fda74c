//! Schemas in a form that generators of clients understand: a copy of a named schema becomes a reference to it, what is common
//! to several alternatives is written into each, and no field defaults to null.

use std::collections::BTreeMap;
use std::mem::take;

use serde_json::{Map, Value, json};

use super::{reference, referenced, schemas};

pub(super) fn simplify(document: &mut Value) {
    remove_null_defaults(document);
    refer(document);
    distribute(schemas(document));
}

/// Of an optional field, a default of null says nothing, and it is invalid where the field cannot be null. Of a field that an
/// update may clear it would be wrong: an absent one is kept, and null clears it.
fn remove_null_defaults(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, value| name != "default" || !value.is_null());
            map.values_mut().for_each(remove_null_defaults);
        }
        Value::Array(list) => list.iter_mut().for_each(remove_null_defaults),
        _ => {}
    }
}

/// Replaces copies of named objects by references: utoipa writes the parts of a generic type out.
fn refer(document: &mut Value) {
    let is_object = |schema: &Value| schema.get("properties").or(schema.get("allOf")).is_some();
    let named: BTreeMap<String, String> = schemas(document)
        .iter()
        .filter(|(_, schema)| is_object(schema))
        .map(|(name, schema)| (schema.to_string(), name.clone()))
        .collect();
    let roots = schemas(document).values_mut().filter_map(Value::as_object_mut);
    roots.flat_map(Map::values_mut).for_each(|part| replace_copies(part, &named));
    replace_copies(&mut document["paths"], &named);
}

fn replace_copies(value: &mut Value, named: &BTreeMap<String, String>) {
    if let Some(name) = value.is_object().then(|| named.get(&value.to_string())).flatten() {
        *value = reference(name);
    }
    match value {
        Value::Object(map) => map.values_mut().for_each(|part| replace_copies(part, named)),
        Value::Array(list) => list.iter_mut().for_each(|part| replace_copies(part, named)),
        _ => {}
    }
}

/// Writes `all of (one of A, B), C` as `one of (all of A, C), (all of B, C)`: generators can make a type only of objects.
fn distribute(schemas: &mut Map<String, Value>) {
    for name in schemas.keys().cloned().collect::<Vec<_>>() {
        let parts = schemas[&name]["allOf"].as_array().cloned().unwrap_or_default();
        let alternatives = |part: &Value| schemas.get(referenced(part)?)?.get("oneOf")?.as_array().cloned();
        let Some((at, alternatives)) =
            parts.iter().enumerate().find_map(|(at, part)| Some((at, alternatives(part)?)))
        else {
            continue;
        };
        let mut choices = Vec::new();
        for alternative in alternatives {
            let mut parts = parts.clone();
            let choice = match referenced(&alternative) {
                Some(_) => format!("{name}_Read"),
                None => format!("{name}_Unread"),
            };
            parts[at] = alternative;
            choices.push(reference(&choice));
            schemas.insert(choice, json!({ "allOf": parts }));
        }
        let schema = &mut schemas[&name];
        let description = take(&mut schema["description"]);
        *schema = json!({ "description": description, "oneOf": choices });
    }
}

//! The further names of fields and parameters, which their descriptions list: "`space_number` is an accepted alias."

use serde_json::{Value, json};

use super::{for_each_operation, schemas};

pub(super) fn document(document: &mut Value) {
    for schema in schemas(document).values_mut() {
        let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) else { continue };
        for (name, field) in fields.clone() {
            for alias in aliases(description(&field)) {
                fields.entry(alias).or_insert_with(|| same_as(&name, &field));
            }
        }
    }
    for_each_operation(document, |_, operation| {
        let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else { return };
        for parameter in parameters.clone() {
            for alias in aliases(description(&parameter)) {
                let name = parameter["name"].as_str().unwrap_or_default();
                let mut same = same_as(name, &parameter);
                same["name"] = alias.into();
                parameters.push(same);
            }
        }
    });
}

/// The description of a field, of the field itself or of what it may contain besides null.
fn description(field: &Value) -> &str {
    let own = field["description"].as_str();
    own.or_else(|| field["oneOf"][0]["description"].as_str()).unwrap_or_default()
}

fn same_as(name: &str, field: &Value) -> Value {
    let mut same = field.clone();
    if let Some(Value::Object(choice)) = same.pointer_mut("/oneOf/0") {
        choice.remove("description");
    }
    same["description"] = json!(format!("Same as `{name}`."));
    same["deprecated"] = json!(true);
    same
}

/// The names in the sentence about aliases.
fn aliases(description: &str) -> Vec<String> {
    // Not "… are accepted aliases of `active`": those are values.
    let end = ["is an accepted alias.", "is an\naccepted alias.", "are accepted aliases."];
    let Some(end) = end.iter().find_map(|end| description.find(end)) else { return Vec::new() };
    let sentence = description[..end].rsplit(". ").next().unwrap_or_default();
    // Every second part is between backticks.
    sentence.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_read_from_their_sentence() {
        assert_eq!(aliases("Defaults to `x`. `a`, `b` and\n`c` are accepted aliases."), ["a", "b", "c"]);
        assert_eq!(aliases("`a` is an\naccepted alias. Not `b`."), ["a"]);
        for none in ["Defaults to `x`.", "`a` and `b` are accepted aliases of `c`."] {
            assert_eq!(aliases(none), [""; 0]);
        }
    }
}

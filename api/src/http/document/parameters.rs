//! Examples of the parameters that a request cannot do without.

use serde_json::Value;

use super::for_each_operation;
use super::samples::SAMPLES;

pub(super) fn exemplify(document: &mut Value) {
    for_each_operation(document, |_, operation| {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let sample = SAMPLES.iter().find(|(of, _)| *of == name).map(|(_, sample)| *sample);
            // A window is a pair of times that may also be given by their aliases, so neither is marked in the handlers.
            let is_window = matches!(name, "from" | "to") && parameter["deprecated"] != true;
            if let Some(sample) = sample
                && (is_window || parameter["required"] == true)
            {
                parameter["example"] = sample.into();
                parameter["required"] = true.into();
            }
        }
    });
}

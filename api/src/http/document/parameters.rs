//! Examples of the parameters that a request cannot do without.

use serde_json::Value;

use super::for_each_operation;
use super::samples::SAMPLES;

/// The operations that need a window in their query. Its two times may also be given by their aliases, so neither is marked
/// in the handlers.
const WINDOWS: [&str; 2] =
    ["GET /api/v6/spaces/{space_id}/availability", "POST /api/v6/reservations/{space_id}/check-availability"];

pub(super) fn exemplify(document: &mut Value) {
    for_each_operation(document, |name, operation| {
        let has_window = WINDOWS.contains(&name);
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let sample = SAMPLES.iter().find(|(of, _)| *of == name).map(|(_, sample)| *sample);
            let is_window = has_window && matches!(name, "from" | "to");
            if let Some(sample) = sample
                && (is_window || parameter["required"] == true)
            {
                parameter["example"] = sample.into();
                parameter["required"] = true.into();
            }
        }
    });
}

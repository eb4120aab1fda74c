//! The credential of the webhooks, so that `/docs` can send it (its button "Authorize").

use serde_json::{Value, json};

use super::for_each_operation;

pub(super) fn document(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "webhook_bearer": {
            "type": "http", "scheme": "bearer",
            "description": "The webhook secret (CHIRPSTACK_WEBHOOK_SECRET) as `Authorization: Bearer`.",
        },
        "webhook_token": {
            "type": "apiKey", "in": "header", "name": "X-Webhook-Token",
            "description": "The webhook secret (CHIRPSTACK_WEBHOOK_SECRET) as a header of its own.",
        },
    });
    for_each_operation(document, |_, operation| {
        // Without a secret, on loopback, none is needed.
        if operation["responses"].get("401").is_some() {
            operation["security"] = json!([{}, { "webhook_bearer": [] }, { "webhook_token": [] }]);
        }
    });
}

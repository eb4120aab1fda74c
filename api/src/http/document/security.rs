//! Who may call each operation: the credentials in the document, so that `/docs` can send them (its button "Authorize"), and
//! the needed role in words.

use serde_json::{Value, json};
use utoipa::openapi::OpenApi;

use super::for_each_operation;
use crate::http::kit::documented::PERMISSION;
use crate::http::kit::guarded::Guarded;
use crate::http::kit::permission::{Needs, needs};

pub(super) fn document(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "access_token": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "The `access_token` of POST /api/auth/login. A server started with --open needs none.",
        },
        "tenant_slug": {
            "type": "apiKey", "in": "header", "name": "X-Tenant-Slug",
            "description": "The tenant of the request, if it is another one than the session's: one of the user's, or for a \
                            platform admin any.",
        },
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
        operation["security"] = match permission(operation) {
            Some((name, needs)) => {
                say(operation, &name, needs);
                let role = match needs {
                    Needs::Nothing | Needs::Token | Needs::Session | Needs::Login => json!([]),
                    needs => json!([needs.to_string()]),
                };
                json!([{ "access_token": role }, { "access_token": role, "tenant_slug": [] }])
            }
            // Without a secret, on loopback, a report needs none.
            None if operation["tags"] == json!(["webhooks"])
                && operation["responses"].get("401").is_some() =>
            {
                json!([{}, { "webhook_bearer": [] }, { "webhook_token": [] }])
            }
            None => json!([]),
        };
    });
}

/// What each operation needs of its caller.
pub(in crate::http) fn guarded(document: &OpenApi) -> Guarded {
    let mut document = serde_json::to_value(document).expect("a document always serialises");
    let mut guarded = Guarded::default();
    for_each_operation(&mut document, |operation, content| {
        if let Some((method, path)) = operation.split_once(' ')
            && let Some((_, needs)) = permission(content)
        {
            guarded.add(method, path, needs);
        }
    });
    guarded
}

/// The permission of an operation, which is taken out of the document, and who has it.
fn permission(operation: &mut Value) -> Option<(String, Needs)> {
    let forbidden = operation.pointer_mut("/responses/403")?.as_object_mut()?;
    let name = forbidden.remove(PERMISSION)?.as_str()?.to_owned();
    let needs = needs(&name)?;
    if matches!(needs, Needs::Role(_) | Needs::PlatformAdmin | Needs::Metrics) {
        let codes = forbidden["description"].as_str().unwrap_or_default();
        forbidden["description"] = format!("{codes}, forbidden").into();
    }
    Some((name, needs))
}

/// Says in the description who may call the operation.
fn say(operation: &mut Value, name: &str, needs: Needs) {
    let who = match needs {
        Needs::Nothing => return,
        Needs::Token | Needs::Session | Needs::Login => "Needs a login.".to_owned(),
        Needs::Role(role) => format!("Needs the role {role} or a higher one (`{name}`)."),
        Needs::PlatformAdmin => format!("Needs an admin of the platform (`{name}`)."),
        Needs::Metrics => {
            format!("Needs an admin of the platform (`{name}`), or the token of `PARKING_METRICS_TOKEN`.")
        }
    };
    let text = operation["description"].as_str().filter(|text| !text.is_empty());
    operation["description"] = text.map_or_else(|| who.clone(), |text| format!("{text}\n\n{who}")).into();
}

//! Every status and every code that a test receives must be documented, and every executed command has a position.

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;

use crate::support::Answer;

/// The kept OpenAPI document.
pub(crate) static OPENAPI: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap());

/// Fails the test unless the operation is documented with this status and, for a refusal, with this code.
pub(crate) fn assert(method: &Method, path: &str, answer: &Answer) {
    let operation = operation(method, path).unwrap_or_else(|| panic!("{method} {path} is not documented"));
    let response = &operation["responses"][answer.status.to_string()];
    assert!(response.is_object(), "{method} {path} is not documented to answer {answer:?}");
    if answer.status >= 400 {
        let code = answer.json()["code"].as_str().unwrap().to_owned();
        let codes = response["description"].as_str().unwrap();
        assert!(codes.split(", ").any(|known| known == code), "{method} {path}: {code} is not in {codes}");
    } else if is_command(method.as_str(), operation) {
        for name in ["x-position", "x-log-id"] {
            assert!(!answer.header(name).is_empty(), "{method} {path} answers without {name}: {answer:?}");
        }
    }
}

/// True for a command. Reports are none, nor are reads with a body, which wait for a position.
pub(crate) fn is_command(method: &str, operation: &Value) -> bool {
    let mut parameters = operation["parameters"].as_array().into_iter().flatten();
    let is_read = method == "GET" || parameters.any(|parameter| parameter["name"] == "min_position");
    !is_read && operation["tags"] != serde_json::json!(["webhooks"])
}

fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next()?.trim_end_matches('/');
    let path = match path.strip_prefix("/api/") {
        Some(rest) if !rest.starts_with("v6/") && !rest.starts_with("v1/") => format!("/api/v6/{rest}"),
        _ => path.to_owned(),
    };
    let paths = OPENAPI["paths"].as_object()?;
    let exact = paths.get(&path);
    let templated = || paths.iter().find(|(template, _)| fits(template, &path)).map(|(_, item)| item);
    exact.or_else(templated)?.get(method.as_str().to_ascii_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(name), Some(part)) if name.starts_with('{') || name == part => {}
            _ => return false,
        }
    }
}

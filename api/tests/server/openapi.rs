//! The OpenAPI document is kept up to date, and its page loads nothing from other servers.

use parking_testkit::TestDatabase;
use serde_json::Value;

use crate::documented::OPENAPI;
use crate::support::TestServer;

/// The kept `docs/openapi.json` makes changes of the API visible. With `UPDATE_GOLDEN` set, it is rewritten.
#[tokio::test]
async fn the_documentation_is_the_one_that_is_kept() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let answer = server.client.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
        std::fs::write(path, answer.body + "\n").unwrap();
        return;
    }
    assert_eq!(answer.json(), *OPENAPI, "run this test with UPDATE_GOLDEN=1 and look at what changed");
}

#[tokio::test]
async fn every_operation_has_a_unique_id_and_a_summary() {
    let mut names = Vec::new();
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 10), "{method} {path}");
            names.push(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[tokio::test]
async fn every_response_has_a_description_and_every_body_an_example() {
    for (path, item) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let described = response["description"].as_str().is_some_and(|text| !text.is_empty());
                assert!(described, "{method} {path}: {status} has no description");
            }
            if let Some(body) = operation.get("requestBody") {
                let content = &body["content"]["application/json"];
                assert!(
                    content["example"].is_object(),
                    "{method} {path}: write an example into document/bodies.json"
                );
                assert!(
                    content["schema"]["$ref"].is_string(),
                    "{method} {path}: the body's schema has no name"
                );
            }
        }
    }
    let required = |name: &str| OPENAPI["components"]["schemas"][name]["required"].clone();
    assert_eq!(required("NewReservation"), serde_json::json!(["space_id", "start_time", "end_time"]));
    assert_eq!(required("NewSpace"), serde_json::json!(["code"]));
    assert!(!OPENAPI.to_string().contains("\"default\":null"));
}

/// The page can send the webhook's secret.
#[tokio::test]
async fn webhooks_have_a_security_scheme() {
    let schemes = &OPENAPI["components"]["securitySchemes"];
    assert_eq!(
        (&schemes["webhook_bearer"]["scheme"], &schemes["webhook_token"]["name"]),
        (&"bearer".into(), &"X-Webhook-Token".into())
    );
    let mut secured = 0;
    for operation in
        OPENAPI["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values())
    {
        let needs_none = operation["responses"].get("401").is_none();
        assert_eq!(operation["security"].is_null(), needs_none);
        secured += usize::from(!needs_none);
    }
    assert_eq!(secured, 3);
}

#[tokio::test]
async fn the_documentation_page_loads_nothing_from_other_servers() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let page = server.client.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("swagger-ui"), "{}", page.body);
    let sources = page.body.split('"').filter(|part| part.starts_with("http") || part.starts_with("//"));
    assert_eq!(sources.collect::<Vec<_>>(), [""; 0]);
    let configuration = server.client.get("/docs/swagger-initializer.js").await;
    assert!(configuration.body.contains("/openapi.json"));
    for part in ["swagger-ui.css", "swagger-ui-bundle.js"] {
        assert_eq!(server.client.get(&format!("/docs/{part}")).await.status, 200, "{part}");
    }
}

#[tokio::test]
async fn versions_of_openapi_with_json_schema() {
    assert_eq!(OPENAPI["openapi"], Value::from("3.1.0"));
}

/// Calls `found` with every array in a schema, by its path.
fn arrays(schema: &Value, path: &str, found: &mut impl FnMut(&str, &Value)) {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        return arrays(&OPENAPI["components"]["schemas"][name], name, found);
    }
    if schema["type"] == "array"
        || schema["type"].as_array().is_some_and(|types| types.contains(&"array".into()))
    {
        found(path, schema);
    }
    for (name, inner) in schema.as_object().into_iter().flatten() {
        arrays(inner, &format!("{path}.{name}"), found);
    }
    for inner in schema.as_array().into_iter().flatten() {
        arrays(inner, path, found);
    }
}

#[tokio::test]
async fn every_list_in_a_response_has_a_documented_bound() {
    let (mut paged, mut bounded) = (0, 0);
    for (path, operations) in OPENAPI["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array();
            let mut sizes =
                parameters.into_iter().flatten().filter(|parameter| parameter["name"] == "page_size");
            let is_paged = sizes.next().is_some_and(|size| size["schema"]["maximum"].is_u64());
            for response in operation["responses"].as_object().unwrap().values() {
                arrays(&response["content"]["application/json"]["schema"], "", &mut |list, array| {
                    let own_name =
                        array["description"].as_str().is_some_and(|text| text.starts_with("Same as `items`"));
                    let is_page = is_paged && (own_name || list.rsplit('.').next() == Some("items"));
                    // A schema of the whole response has no place for a bound.
                    let in_words =
                        operation["summary"].as_str().is_some_and(|text| text.contains("first 1000"));
                    assert!(
                        is_page || array["maxItems"].is_u64() || in_words,
                        "{method} {path}: {list} has no bound"
                    );
                    paged += usize::from(is_page);
                    bounded += usize::from(!is_page);
                });
            }
        }
    }
    assert!(paged > 10 && bounded > 10, "{paged} pages, {bounded} other lists");
}

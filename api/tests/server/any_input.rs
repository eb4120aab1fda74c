//! Random input for every operation and every field. Each response is a success or a documented refusal, every projection
//! keeps running, the auditor finds no defect, and a restarted server gives the same responses to all reads.
//!
//! The operations and their fields come from the OpenAPI document. `TEST_SEED` sets the seed, `TEST_ANY_INPUT` the number of
//! requests.

pub(crate) mod checks;
mod draw;
mod operations;

use std::collections::BTreeMap;

use parking_testkit::TestDatabase;
use serde_json::{Value, json};

use crate::random::Random;
use crate::support::{Answer, Client, TestServer, UPLINK, eventually};
use draw::Draw;
use operations::{Field, Operation};

const REQUESTS: usize = 4000;

/// One request.
#[derive(Debug)]
struct Request {
    method: String,
    target: String,
    key: Option<String>,
    body: Option<String>,
}

#[tokio::test]
async fn any_input_gets_a_documented_response_and_stays_readable() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let mut draw = Draw::new(Random::seeded());
    let operations = Operation::all();
    let requests = std::env::var("TEST_ANY_INPUT").map_or(REQUESTS, |count| count.parse().unwrap());
    let mut answered = BTreeMap::<(String, u16, String), usize>::new();
    for n in 0..6 {
        server.client.ask("POST", "/api/v6/spaces", json!({"code": format!("FIRST-{n}")})).await.ok();
    }
    for count in 0..requests {
        // Every operation in turn; commands more often than reads, and reports most often.
        let operation = if count % 3 == 0 {
            &operations[count / 3 % operations.len()]
        } else {
            changing(&mut draw, &operations)
        };
        let request = request(&mut draw, operation);
        let answer = ask(&server.client, &request).await;
        let fits = (200..300).contains(&answer.status) || (400..500).contains(&answer.status);
        assert!(fits, "request {count}: {request:.2000?}\n{answer:.2000?}");
        if answer.status < 300 && request.method == "DELETE" {
            draw.forget(&request.target);
        } else if answer.status < 300 {
            draw.learn(operation, &serde_json::from_str(&answer.body).unwrap_or_default());
        }
        let code = if answer.status < 400 { String::new() } else { answer.code().unwrap_or_default() };
        *answered.entry((operation.name(), answer.status, code)).or_default() += 1;
    }
    for ((operation, status, code), count) in &answered {
        println!("{count:5} {operation}: {status} {code}");
    }
    every_command_succeeded(&operations, &answered);
    checks::nothing_is_stuck(&database, &server).await;
    let reads = checks::reads(&draw, &operations);
    checks::a_restart_changes_nothing(&database, server, &reads).await;
    checks::the_auditor_finds_nothing(&database).await;
}

/// A command. Creation is more likely than deletion.
fn changing<'a>(draw: &mut Draw, operations: &'a [Operation]) -> &'a Operation {
    if draw.chance(20) {
        return operations.iter().find(|operation| UPLINK.starts_with(&*operation.path)).unwrap();
    }
    loop {
        let operation = draw.pick(operations);
        match &*operation.method {
            "GET" => {}
            "DELETE" if draw.chance(80) => {}
            _ => return operation,
        }
    }
}

/// Commands that never succeed would go untested: all must succeed at least once, except for one in ten.
fn every_command_succeeded(operations: &[Operation], answered: &BTreeMap<(String, u16, String), usize>) {
    if answered.values().sum::<usize>() < REQUESTS {
        return;
    }
    let succeeded = |operation: &Operation| {
        answered.keys().any(|(name, status, _)| *name == operation.name() && *status < 300)
    };
    let never: Vec<_> = operations
        .iter()
        // Those on users need a login, which random input does not have.
        .filter(|operation| !matches!(&*operation.tag, "auth" | "users"))
        .filter(|operation| operation.body.is_some() && !succeeded(operation))
        .map(Operation::name)
        .collect();
    assert!(never.len() <= operations.len() / 10, "too many never succeeded: {never:?}");
}

fn request(draw: &mut Draw, operation: &Operation) -> Request {
    let (mut path, mut query, mut key) = (operation.path.clone(), Vec::new(), None);
    for field in &operation.parameters {
        match &*field.place {
            "path" => {
                let text = draw.text(field);
                let text = if text.is_empty() { "-".to_owned() } else { text };
                path = path.replace(&format!("{{{}}}", field.name), &encoded(&text));
            }
            "query" if draw.chance(35) || field.name.ends_with("_eui") => {
                query.push(format!("{}={}", field.name, encoded(&draw.text(field))));
            }
            "header" if draw.chance(15) => key = Some(format!("key-{}", draw.random.below(40))),
            _ => {}
        }
    }
    let body = match &operation.body {
        None => None,
        Some(_) if operation.is_report() => Some(report(draw)),
        Some(fields) => {
            let wanted = *draw.pick(&[5, 15, 30, 95]);
            let is_wanted = |field: &&Field| {
                let required = operation.method == "POST" && field.is_required();
                let percent = if required { 95 } else { wanted };
                draw.chance(percent)
            };
            let fields: Vec<_> = fields.iter().filter(is_wanted).cloned().collect();
            let one = draw.chance(25).then(|| draw.random.below(fields.len().max(1)));
            let entries = fields.iter().enumerate().map(|(n, field)| {
                let value = if one == Some(n) { draw.odd() } else { draw.json(field, one.is_none()) };
                format!("\"{}\":{value}", field.name)
            });
            Some(format!("{{{}}}", entries.collect::<Vec<_>>().join(",")))
        }
    };
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    Request { method: operation.method.clone(), target: path + &query, key, body }
}

/// A report of a real network server, with some values replaced or removed.
fn report(draw: &mut Draw) -> String {
    let mut report: Value = serde_json::from_str(include_str!("../../../docs/examples/uplink.json")).unwrap();
    let eui = draw.known("dev_eui").to_vec();
    report["deviceInfo"]["devEui"] = draw.pick(&eui).clone().into();
    report["deduplicationId"] =
        format!("{:08x}-0000-4000-8000-000000000000", draw.random.below(1 << 20)).into();
    report["fCnt"] = draw.random.below(5000).into();
    let mut odd = BTreeMap::new();
    for n in 0..draw.random.below(5) {
        let mark = format!("odd {n}");
        let place = place(draw, &mut report);
        *place = mark.clone().into();
        odd.insert(mark, draw.odd());
    }
    odd.iter().fold(report.to_string(), |text, (mark, value)| text.replace(&format!("\"{mark}\""), value))
}

/// A random place inside a value, not the value itself.
fn place<'a>(draw: &mut Draw, value: &'a mut Value) -> &'a mut Value {
    let stop = draw.chance(50);
    let inner: &mut Value = match value {
        Value::Object(entries) => {
            let name = draw.pick(&entries.keys().cloned().collect::<Vec<_>>()).clone();
            entries.get_mut(&name).unwrap()
        }
        Value::Array(items) => {
            let index = draw.random.below(items.len());
            &mut items[index]
        }
        _ => unreachable!("the value of a report is an object"),
    };
    let ends = match inner {
        Value::Object(entries) => entries.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    if stop || ends { inner } else { place(draw, inner) }
}

/// The response, repeated while the server is busy. It must be documented.
async fn ask(client: &Client, request: &Request) -> Answer {
    let Request { method, target, key, body } = request;
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.as_deref().map(|key| ("idempotency-key", key)));
    eventually("it is not busy", async || {
        let answer = client.ask_raw(method, target, &headers, body.clone().unwrap_or_default()).await;
        (answer.status != 503).then_some(answer)
    })
    .await
}

fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    text.bytes()
        .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

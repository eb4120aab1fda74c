//! Bodies that are not reports: each is refused with a reason, none is stored, and none does harm.

use parking_testkit::TestDatabase;

use crate::log::Log;
use crate::support::{TestServer, UPLINK};
use crate::uplinks::uplink;

const BODY_LIMIT: usize = 256 * 1024;

const JSON: &str = "application/json";

struct Case {
    name: &'static str,
    content_type: Option<&'static str>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
}

fn json(name: &'static str, body: impl Into<Vec<u8>>, status: u16, code: &'static str) -> Case {
    Case { name, content_type: Some(JSON), body: body.into(), status, code }
}

fn no_json() -> Vec<Case> {
    let malformed = |name, body: &[u8]| json(name, body, 400, "malformed_json");
    let not_utf8 = [br#"{"deviceInfo":{"devEui":"58a0cb0000100001"},"x":""#, &b"\xff\"}"[..]].concat();
    vec![
        malformed("nothing", b""),
        malformed("white space", b" \n"),
        malformed("a word", b"hello"),
        malformed("cut off", br#"{"deviceInfo":{"devEui":"58a0cb0000100001"}"#),
        malformed("two objects", b"{}{}"),
        malformed("a comma too many", br#"{"deviceInfo":{"devEui":"58a0cb0000100001"},}"#),
        malformed("single quotes", b"{'deviceInfo':{}}"),
        malformed("a number that is none", br#"{"deviceInfo":{"devEui":"58a0cb0000100001"},"fCnt":NaN}"#),
        malformed("a bare NUL", b"{\"deviceInfo\":{\"devEui\":\"58a0cb0000100001\"},\"x\":\"\0\"}"),
        malformed("not UTF-8", &not_utf8),
        malformed("UTF-16", b"\xff\xfe{\0}\0"),
        malformed("random bytes", &[0, 159, 146, 150, 255, 254]),
        // Well-formed JSON, but not in the shape of a report.
        malformed("a list", b"[]"),
        malformed("a text", br#""58a0cb0000100001""#),
        malformed("a number", b"1"),
        malformed("null", b"null"),
        malformed("a deep list", &[vec![b'['; 100_000], vec![b']'; 100_000]].concat()),
    ]
}

fn no_device() -> Vec<Case> {
    let missing = |name, body: &str| json(name, body, 422, "dev_eui_missing");
    let invalid = |name, body: &str| json(name, body, 422, "dev_eui_invalid");
    let deep = [br#"{"a":"#.repeat(40_000), b"1".to_vec(), b"}".repeat(40_000)].concat();
    vec![
        missing("an empty object", "{}"),
        missing("no deviceInfo", r#"{"fCnt":1,"devEui":"58a0cb0000100001"}"#),
        missing("deviceInfo null", r#"{"deviceInfo":null}"#),
        missing("deviceInfo a text", r#"{"deviceInfo":"58a0cb0000100001"}"#),
        missing("deviceInfo a list", r#"{"deviceInfo":[{"devEui":"58a0cb0000100001"}]}"#),
        missing("no devEui", r#"{"deviceInfo":{}}"#),
        missing("devEui null", r#"{"deviceInfo":{"devEui":null}}"#),
        missing("devEui a number", r#"{"deviceInfo":{"devEui":5844}}"#),
        missing("devEui a list", r#"{"deviceInfo":{"devEui":["58a0cb0000100001"]}}"#),
        missing("devEui empty", r#"{"deviceInfo":{"devEui":""}}"#),
        json("nothing but depth", deep, 422, "dev_eui_missing"),
        invalid("devEui not hex", r#"{"deviceInfo":{"devEui":"58a0cb000010000g"}}"#),
        invalid("devEui too short", r#"{"deviceInfo":{"devEui":"58a0cb000010000"}}"#),
        invalid("devEui too long", r#"{"deviceInfo":{"devEui":"58a0cb00001000010"}}"#),
        invalid("devEui with NUL", r#"{"deviceInfo":{"devEui":"58a0cb000010\u00000001"}}"#),
        invalid("devEui in other digits", r#"{"deviceInfo":{"devEui":"٥٨٠٠٠٠٠٠٠٠١٠٠٠٠١"}}"#),
        invalid(
            "the last devEui counts",
            r#"{"deviceInfo":{"devEui":"58a0cb0000100001"},"deviceInfo":{"devEui":"x"}}"#,
        ),
    ]
}

fn no_json_by_name() -> Vec<Case> {
    let other = |content_type| Case {
        name: content_type,
        content_type: Some(content_type),
        body: uplink(1, 0).to_string().into(),
        status: 415,
        code: "unsupported_encoding",
    };
    [
        "text/plain",
        "text/plain; charset=utf-8",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "application/xml",
        "multipart/form-data; boundary=x",
        "json",
        "application/jsonx",
        "",
    ]
    .map(other)
    .into()
}

#[tokio::test]
async fn each_is_refused_with_a_reason_and_the_next_valid_one_is_accepted() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let too_large = json("too large", " ".repeat(BODY_LIMIT + 1), 413, "body_too_large");
    let cases = [no_json(), no_device(), no_json_by_name(), vec![too_large]];
    for case in cases.into_iter().flatten() {
        println!("{}", case.name);
        let headers: Vec<_> = case.content_type.map(|value| ("content-type", value)).into_iter().collect();
        for path in [UPLINK, "/webhooks/chirpstack/uplink", "/webhooks/chirpstack/join"] {
            let answer = server.client.post_with(path, &headers, case.body.clone()).await;
            answer.problem(case.status, case.code);
        }
    }
    let log = Log::of(&database);
    assert_eq!(log.size().await, 0);
    server.client.post(UPLINK, uplink(1, 0).to_string()).await.accepted();
    assert_eq!(log.size().await, 1);
    assert!(!server.log().contains("panicked"));
}

#[tokio::test]
async fn the_body_limit_applies_with_and_without_content_length() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let body = uplink(1, 0).to_string();
    let exact = body.clone() + &" ".repeat(BODY_LIMIT - body.len());
    client.post(UPLINK, exact.clone()).await.accepted();
    for too_large in [exact.clone() + " ", " ".repeat(1024 * 1024)] {
        client.post(UPLINK, too_large).await.problem(413, "body_too_large");
    }

    let chunked = |body: &str| {
        let head = format!(
            "POST {UPLINK} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {JSON}\r\ntransfer-encoding: chunked"
        );
        let chunks = body.as_bytes().chunks(16 * 1024);
        let chunks =
            chunks.map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        [format!("{head}\r\n\r\n").into_bytes(), chunks.collect::<Vec<_>>().concat(), b"0\r\n\r\n".to_vec()]
            .concat()
    };
    let answer = client.raw(&chunked(&exact)).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"duplicate\""), "{answer}");
    let answer = client.raw(&chunked(&(exact + " "))).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("\"body_too_large\""), "{answer}");
    assert_eq!(Log::of(&database).size().await, 1);
}

#[tokio::test]
async fn an_event_of_an_unknown_type_is_ignored_regardless_of_its_body() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    let good = uplink(1, 0).to_string().into_bytes();
    for event in ["integration", "up%00", "%ff%", "up,join", "ein+ereignis"] {
        for body in [good.as_slice(), b"", b"{", b"\xff"] {
            let answer = client.post(&format!("/api/v1/uplink?event={event}"), body).await;
            assert_eq!((answer.status, &answer.json()["status"]), (200, &"ignored".into()), "{event}");
            assert_eq!(answer.header("x-position"), "");
        }
    }
    // The configured URL may have a query of its own: ChirpStack adds the last `event`.
    let path = "/api/v1/uplink?event=integration&source=1&event=up";
    client.post(path, good.clone()).await.accepted();
    // Without a type it is an uplink.
    client.post("/api/v1/uplink", good).await.duplicate();
    assert_eq!(Log::of(&database).size().await, 1);
}

#[tokio::test]
async fn an_absent_event_type_means_an_uplink_in_every_spelling() {
    let database = TestDatabase::create().await;
    let client = &TestServer::start(&database).await.client;
    for (n, query) in
        ["", "?event=", "?event=undefined", "?event=null", "?event=UP", "?event=+up+&event=", "/?event=up"]
            .iter()
            .enumerate()
    {
        let body = uplink(1, u32::try_from(n).unwrap()).to_string();
        client.post(&format!("/api/v1/uplink{query}"), body).await.accepted();
    }
}

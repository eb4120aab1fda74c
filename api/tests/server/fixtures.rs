//! The real events and requests of `tests/fixtures`. Its README names their sources.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The token of the requests, in place of the recorded one, which is too short for a secret.
pub(crate) const TOKEN: &str = "test-token-of-the-requests";
const RECORDED: &str = "test-token";

/// A request in ChirpStack's format, without the server's address.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    pub(crate) name: String,
    /// The event type by ChirpStack's name.
    pub(crate) event: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Fixture {
    /// The stream and the event type that the log must contain.
    pub(crate) fn place(&self) -> (String, &'static str) {
        let body: Value = serde_json::from_slice(&self.body).unwrap();
        let stream = format!("platform/{}", body["deviceInfo"]["devEui"].as_str().unwrap());
        let event_type = match self.event.as_str() {
            "up" => "UplinkReceived",
            "join" => "DeviceJoined",
            "status" => "DeviceStatusReported",
            "ack" => "DownlinkAcknowledged",
            "txack" => "DownlinkTransmitted",
            "log" => "NetworkLogged",
            "location" => "DeviceLocated",
            other => panic!("{}: no event type {other}", self.name),
        };
        (stream, event_type)
    }
}

/// All events and all JSON requests.
pub(crate) fn reports() -> Vec<Fixture> {
    [events(), wire(|name| !name.starts_with("pb_"))].concat()
}

/// The events collected as bodies.
pub(crate) fn events() -> Vec<Fixture> {
    [bodies("chirpstack-events"), bodies("chirpstack-events/generated")].concat()
}

/// Events without a device.
pub(crate) fn shapes() -> Vec<Fixture> {
    bodies("chirpstack-events/generated/shapes")
}

/// The requests in ChirpStack's protobuf encoding.
pub(crate) fn protobuf() -> Vec<Fixture> {
    wire(|name| name.starts_with("pb_"))
}

/// One complete request, byte for byte except for the path.
pub(crate) fn raw_request(path: &str) -> Vec<u8> {
    let bytes = fs::read(folder("chirpstack-wire").join("raw_http_request_up.http")).unwrap();
    let request = String::from_utf8(bytes).unwrap();
    assert!(request.starts_with("POST /hook?event=up HTTP/1.1\r\n"));
    request.replacen("/hook", path, 1).replacen(RECORDED, TOKEN, 1).into_bytes()
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The JSON files of a folder, by name.
fn files(name: &str) -> Vec<(String, PathBuf)> {
    let paths = fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path());
    let json = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut files: Vec<_> =
        json.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path)).collect();
    files.sort();
    files
}

fn bodies(name: &str) -> Vec<Fixture> {
    let fixture = |(name, path): (String, PathBuf)| Fixture {
        event: name.trim_start_matches("default-").split('-').next().unwrap().to_owned(),
        headers: vec![("content-type".into(), "application/json".into())],
        body: fs::read(path).unwrap(),
        name,
    };
    files(name).into_iter().map(fixture).collect()
}

/// A file of `chirpstack-wire`.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "request_line")]
    line: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    /// The exact text; if it is missing, the file contains the body itself.
    body_raw: Option<String>,
    body_base64: Option<String>,
    body: Option<Box<RawValue>>,
}

impl Request {
    fn fixture(self, name: String) -> Fixture {
        let (_, event) = self.line.split_once("?event=").unwrap();
        let event = event.trim_end_matches(" HTTP/1.1").to_owned();
        // The client sets these itself.
        let kept = |(name, _): &(String, String)| !matches!(name.as_str(), "host" | "content-length");
        let named = |(name, value): (String, String)| (name, value.replace(RECORDED, TOKEN));
        let mut headers: Vec<_> = self.headers.into_iter().filter(kept).map(named).collect();
        if headers.is_empty() {
            headers.push(("content-type".into(), "application/json".into()));
        }
        let body = match (self.body_raw, self.body_base64, self.body) {
            (Some(text), ..) => text.into_bytes(),
            (_, Some(base64), _) => STANDARD.decode(base64).unwrap(),
            (.., Some(json)) => json.get().as_bytes().to_vec(),
            _ => panic!("{name} has no body"),
        };
        Fixture { name, event, headers, body }
    }
}

fn wire(wanted: impl Fn(&str) -> bool) -> Vec<Fixture> {
    let requests = |(name, path): (String, PathBuf)| {
        let text = fs::read_to_string(path).unwrap();
        let requests: Vec<Request> = if text.starts_with('[') {
            serde_json::from_str(&text).unwrap()
        } else {
            vec![serde_json::from_str(&text).unwrap()]
        };
        let named = move |(n, request): (usize, Request)| request.fixture(format!("{name} [{n}]"));
        requests.into_iter().enumerate().map(named)
    };
    let files = files("chirpstack-wire").into_iter().filter(|(name, _)| name != "INDEX" && wanted(name));
    files.flat_map(requests).collect()
}

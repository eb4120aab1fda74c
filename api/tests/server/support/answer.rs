//! What the server answers, and what a test expects of it.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Reads a whole response with a `Content-Length`.
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let (first, fields) = head.split_once("\r\n").unwrap();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let field = |line: &str| -> (HeaderName, HeaderValue) {
            let (name, value) = line.split_once(": ").unwrap();
            (name.parse().unwrap(), value.parse().unwrap())
        };
        let answer =
            Self { status, headers: fields.split("\r\n").map(field).collect(), body: body.to_owned() };
        assert_eq!(answer.header("content-length"), body.len().to_string(), "{answer:?}");
        answer
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a refusal.
    pub(crate) fn code(&self) -> Option<String> {
        let json: Value = serde_json::from_str(&self.body).ok()?;
        json["code"].as_str().map(str::to_owned)
    }

    /// The JSON of a success; a refusal fails the test.
    pub(crate) fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.json()
    }

    /// The position of an accepted report; any other response fails the test.
    pub(crate) fn accepted(&self) -> i64 {
        let json = self.json();
        assert_eq!((self.status, json["status"].as_str()), (200, Some("accepted")), "{self:?}");
        assert_eq!(self.header("x-position"), json["position"].to_string());
        json["position"].as_i64().unwrap()
    }

    /// Fails the test unless the report is a duplicate.
    pub(crate) fn duplicate(&self) {
        assert_eq!((self.status, self.json()["status"].as_str()), (200, Some("duplicate")), "{self:?}");
    }

    /// Fails the test unless this is a refusal with this status and code, in the common format.
    pub(crate) fn problem(&self, status: u16, code: &str) {
        let json = self.json();
        assert_eq!((self.status, json["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(json["status"], status);
        assert_eq!(json["type"], "about:blank");
        let texts = ["title", "detail", "request_id"].map(|name| json[name].as_str().unwrap_or_default());
        assert!(texts.iter().all(|text| !text.is_empty()), "{self:?}");
        let more = usize::from(json.get("conflicts").is_some());
        assert_eq!(json.as_object().unwrap().len(), 6 + more, "{self:?}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.header("x-request-id"), json["request_id"]);
    }
}

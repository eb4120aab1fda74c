//! Values for parameters and fields: valid ones, so that commands succeed, ones at and beyond their limits, and odd ones.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::operations::{Field, Operation};
use crate::random::Random;
use crate::uplinks::dev_eui;

/// JSON values that are unexpected for most fields.
const ODD: [&str; 42] = [
    "null",
    "true",
    "0",
    "-1",
    "-0",
    "-0.0",
    "1.5",
    "1e15",
    "1e308",
    "5e-324",
    "1e999",
    "-1e999",
    "255",
    "65536",
    "4294967296",
    "18446744073709551616",
    "123456789012345678901234567890",
    r#""""#,
    r#"" ""#,
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud800""#,
    r#""\udc00\ud800""#,
    r#""\ud83d\ude00""#,
    r#""\u2028\ufffe\u200f""#,
    r#""NaN""#,
    r#""-""#,
    r#""%00""#,
    r#""'; drop table events; --""#,
    "[]",
    "[[]]",
    r"[null]",
    "{}",
    r#"{"":""}"#,
    r#"{"\u0000":1}"#,
    r#"{"a":{"b":[1,2,{"c":"\ud800"}]}}"#,
    r#"{"n":[-0.0,1e308,5e-324,18446744073709551615]}"#,
    r#"{"a":1,"a":2}"#,
    r#"{"__proto__":{"constructor":1}}"#,
    r#"{"parts":["red",{"byte":7}]}"#,
    r#"{"f_port":15,"layout":{"parts":["red","blue",{"byte":255}]}}"#,
    r#"{"f_port":1,"layout":{"codes":[["ff0000","AQ=="],["00ff00","Ag=="]]}}"#,
];

/// Times in valid and invalid forms.
const TIMES: [&str; 22] = [
    "2035-06-01T08:00:00Z",
    "2035-06-01T09:00:00Z",
    "2035-06-01T10:00:00+02:00",
    "2035-06-02T00:00:00",
    "2035-06-02",
    "2035-06-01 11:00:00",
    "2035-06-01T09:00:00.123456789Z",
    "2035-06-30T23:59:60Z",
    "2035-06-30T23:59:60.999999999Z",
    "2035-06-01T09:00:00.999999999999Z",
    "2000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0000-12-31T23:59:59Z",
    "-0001-01-01T00:00:00Z",
    "9998-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59.999999999Z",
    "9999-12-31T23:59:59-23:59",
    "+10000-01-01T00:00:00Z",
    "+262142-12-31T23:59:59Z",
    "-262143-01-01T00:00:00Z",
    "1969-12-31T23:59:59.5Z",
    "0001-01-01T00:00:00+23:59",
];

/// Valid values of fields with a special format, by the suffix of the field's name.
const FORMS: [(&str, &[&str]); 6] = [
    ("_color", &["ff8000", "00FF00", "000000"]),
    ("rate", &["12.50", "0", "999999999999.999999"]),
    ("total_cost", &["12.50", "0"]),
    ("timezone", &["UTC", "Europe/Paris", "Asia/Kolkata"]),
    ("codec", &["browan-tbms100"]),
    ("slug", &["north", "south", "east", "west", "a", "b", "c"]),
];

/// Draws values, and remembers the ids of existing resources.
pub(super) struct Draw {
    pub(super) random: Random,
    /// Ids by parameter name.
    known: BTreeMap<String, Vec<String>>,
}

impl Draw {
    pub(super) fn new(random: Random) -> Self {
        let euis: Vec<String> = (1..=8).map(dev_eui).collect();
        let known =
            ["device_id", "dev_eui", "sensor_eui", "display_eui"].map(|name| (name.to_owned(), euis.clone()));
        Self { random, known: known.into() }
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.random.below(from.len())]
    }

    /// True with this probability in per cent.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.random.below(100) < percent
    }

    /// Remembers the ids in a response.
    pub(super) fn learn(&mut self, operation: &Operation, answer: &Value) {
        let below = Operation::all().iter().find_map(|one| named_below(&one.path, &operation.path));
        for item in answer["items"].as_array().into_iter().flatten().take(4).chain([answer]) {
            if let (Some(name), Some(id)) = (&below, item["id"].as_str()) {
                self.note(name, id);
            }
            for (name, value) in item.as_object().into_iter().flatten() {
                if let Some(id) = value.as_str().filter(|_| name.ends_with("_id")) {
                    self.note(name, id);
                }
            }
        }
    }

    fn note(&mut self, name: &str, id: &str) {
        let known = self.known.entry(name.to_owned()).or_default();
        if !known.iter().any(|other| other == id) {
            known.push(id.to_owned());
        }
        if known.len() > 12 {
            known.remove(0);
        }
    }

    /// Forgets the resource at the end of a path: it has been deleted.
    pub(super) fn forget(&mut self, target: &str) {
        let path = target.split('?').next().unwrap_or_default();
        self.known
            .values_mut()
            .for_each(|known| known.retain(|id| id.len() < 32 || !path.ends_with(id.as_str())));
    }

    /// The known ids for a parameter.
    pub(super) fn known(&self, name: &str) -> &[String] {
        self.known.get(name).map_or(&[], Vec::as_slice)
    }

    /// A string for a path or query parameter.
    pub(super) fn text(&mut self, field: &Field) -> String {
        if self.chance(if field.place == "path" { 90 } else { 70 }) {
            return match self.fitting(field) {
                Value::String(text) => text,
                other => other.to_string(),
            };
        }
        let odd = [
            "x",
            "\0",
            "é",
            "-1",
            "0",
            "1e9",
            "null",
            "undefined",
            "99999999999999999999",
            "a,b",
            "%00",
            "\u{202e}",
        ];
        let odd = (*self.pick(&odd)).to_owned();
        if self.chance(10) { "x".repeat(1 + self.random.below(2000)) } else { odd }
    }

    /// JSON for a field of a body. With `all_fits` it is always valid, otherwise mostly.
    pub(super) fn json(&mut self, field: &Field, all_fits: bool) -> String {
        if all_fits || self.chance(88) { self.fitting(field).to_string() } else { self.odd() }
    }

    /// JSON of any kind.
    pub(super) fn odd(&mut self) -> String {
        match self.random.below(10) {
            0 => nested(1 + self.random.below(200)),
            1 => Value::from("x".repeat(self.random.below(20_000))).to_string(),
            2 => Value::from(*self.pick(&TIMES)).to_string(),
            _ => (*self.pick(&ODD)).to_owned(),
        }
    }

    /// A value that fits the schema, sometimes at its limits.
    fn fitting(&mut self, field: &Field) -> Value {
        let Field { name, schema, values, description, .. } = field;
        let known = self.known(name).len();
        if known > 0 && self.chance(95) {
            let which = self.random.below(known);
            return self.known(name)[which].clone().into();
        }
        if let Some((_, examples)) = FORMS.iter().find(|(end, _)| name.ends_with(end))
            && self.chance(85)
        {
            return json!(*self.pick(examples));
        }
        if !values.is_empty() && self.chance(85) {
            return json!(*self.pick(values));
        }
        let is_type = |kind: &str| {
            schema["type"] == kind || schema["type"].as_array().is_some_and(|all| all.contains(&kind.into()))
        };
        let format = schema["format"].as_str().unwrap_or_default();
        let words: Vec<&str> = description.split('`').skip(1).step_by(2).collect();
        if is_type("string") && format == "uuid" {
            json!(format!("0192f0c1-2d3e-7a4b-8c5d-{:012x}", self.random.below(4)))
        } else if format == "date-time" {
            let hour = self.random.below(10);
            if self.chance(60) {
                json!(format!("2035-06-01T{hour:02}:30:00Z"))
            } else {
                json!(*self.pick(&TIMES))
            }
        } else if is_type("string") && !words.is_empty() && self.chance(70) {
            json!(*self.pick(&words))
        } else if is_type("string") {
            self.string(schema["maxLength"].as_u64())
        } else if is_type("integer") || is_type("number") {
            self.number(schema)
        } else if is_type("boolean") {
            json!(self.chance(50))
        } else {
            let depth = 1 + self.random.below(18);
            serde_json::from_str(&nested(depth)).unwrap()
        }
    }

    fn string(&mut self, longest: Option<u64>) -> Value {
        let longest = usize::try_from(longest.unwrap_or(40)).unwrap();
        let length = match self.random.below(20) {
            0 => longest + 1,
            1 => longest,
            _ => 1 + self.random.below(longest.min(12)),
        };
        let letters = ["a", "B", "7", "-", "é", "😀", "1", "0"];
        let plain = if self.chance(80) { 3 } else { letters.len() };
        (0..length).map(|_| letters[self.random.below(plain)]).collect::<String>().into()
    }

    fn number(&mut self, schema: &Value) -> Value {
        let bound = |name: &str, other: i64| schema[name].as_i64().unwrap_or(other);
        let (low, high) = (bound("minimum", 0), bound("maximum", 90));
        match self.random.below(10) {
            0 => json!(low - 1),
            1 => json!(high + 1),
            2 => json!(low),
            3 => json!(high),
            _ => json!(low + i64::try_from(self.random.below(60)).unwrap().min(high - low)),
        }
    }
}

/// The placeholder that a path has in addition to the other path.
fn named_below(path: &str, other: &str) -> Option<String> {
    let rest = path.strip_prefix(other)?.strip_prefix("/{")?.strip_suffix('}')?;
    (!rest.contains('/')).then(|| rest.to_owned())
}

/// Nested lists and objects.
fn nested(levels: usize) -> String {
    let (mut open, mut close) = (String::new(), String::new());
    for level in 0..levels {
        let (begin, end) = if level % 3 == 1 { ("[", "]") } else { (r#"{"a":"#, "}") };
        open += begin;
        close.insert_str(0, end);
    }
    format!("{open}1{close}")
}

//! The limits on text lengths and on the depth and size of user data: one list for all inputs and decisions.
//!
//! Lengths are in characters (Unicode scalar values), as `maxLength` of JSON Schema counts them.

use std::{fmt, io};

use serde_json::{Map, Value};

use crate::characters::{self, Fault};

/// The maximum length of a name or a short description: a city, a floor, a model, an id of another system.
pub const LABEL: usize = 255;

/// The maximum length of a reason.
pub const REASON: usize = 1000;

/// The maximum length of the reason to skip an event.
pub const SKIP_REASON: usize = 500;

/// The maximum length of a downlink's reason, which is a keyword.
pub const DOWNLINK_REASON: usize = 100;

/// The maximum length of a slug.
pub const SLUG: usize = 100;

/// The maximum length of a display policy's name.
pub const POLICY_NAME: usize = 100;

/// The maximum length of the name of a tenant's feature or limit.
pub const ENTITLEMENT: usize = 100;

/// The maximum length of a time zone's name.
pub const TIMEZONE: usize = 50;

/// The maximum length of an id in a report; ChirpStack's ids are UUIDs of 36 characters.
pub const REPORTED_ID: usize = 64;

/// The maximum length of a description.
pub const DESCRIPTION: usize = 1000;

/// The maximum length of the notes of a reservation or an override.
pub const NOTES: usize = 2000;

/// The maximum length of an e-mail address: 64 characters, `@` and 255 characters.
pub const EMAIL: usize = 320;

/// The maximum length of a phone number, including separators and remarks.
pub const PHONE: usize = 64;

/// The maximum nesting depth of user data; `{}` has depth 1. JSON parsers stop at 128, and an event adds a few levels.
pub const MAX_DEPTH: usize = 16;

/// The maximum size of user data as compact JSON, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

/// The limit that a value exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Too many characters.
    Characters(usize),
    /// Too many entries.
    Entries(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    Depth,
    /// Larger than [`MAX_BYTES`].
    Bytes,
    /// Contains the character U+0000, which PostgreSQL cannot store.
    Nul,
    /// Contains a control or bidirectional formatting character where one line of text is shown.
    Control,
    /// Contains an invisible character where one line of text is shown.
    Invisible,
    /// Contains a control character other than line breaks and tabs, or overrides the direction of what follows.
    Controlling,
}

/// A field whose value exceeds a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitExceeded {
    /// The field's name in requests.
    pub field: &'static str,
    /// The exceeded limit.
    pub limit: Limit,
}

impl fmt::Display for LimitExceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, limit } = self;
        match limit {
            Limit::Characters(most) => write!(f, "{field} may have at most {most} characters: shorten it"),
            Limit::Entries(most) => write!(f, "{field} may have at most {most} entries: leave some out"),
            Limit::Depth => write!(f, "{field} may be nested at most {MAX_DEPTH} levels deep: flatten it"),
            Limit::Bytes => write!(f, "{field} may have at most {MAX_BYTES} bytes as JSON: keep less in it"),
            Limit::Nul => write!(f, "{field} must not hold the character U+0000: leave it out"),
            Limit::Control => write!(
                f,
                "{field} must not hold control characters, line breaks or bidirectional formatting: leave them out"
            ),
            Limit::Invisible => {
                write!(
                    f,
                    "{field} must not hold invisible characters such as zero-width spaces: leave them out"
                )
            }
            Limit::Controlling => write!(
                f,
                "{field} must not hold bidirectional overrides, nor control characters except line breaks and tabs: \
                 leave them out"
            ),
        }
    }
}

impl std::error::Error for LimitExceeded {}

/// Refuses a free text that is longer than `most` characters, contains U+0000, or controls more than its own lines.
pub fn text(field: &'static str, text: &str, most: usize) -> Result<(), LimitExceeded> {
    let limit = match short(text, most) {
        Err(limit) => limit,
        Ok(()) if characters::is_controlling(text) => Limit::Controlling,
        Ok(()) => return Ok(()),
    };
    Err(LimitExceeded { field, limit })
}

/// As [`text()`], for a text that is shown in one line, such as a name: control characters and those that change the
/// direction of what follows make it look like another one, or change the lines around it; with invisible characters, two
/// different names look the same.
pub fn line(field: &'static str, text: &str, most: usize) -> Result<(), LimitExceeded> {
    let limit = match (short(text, most), characters::fault_in_line(text)) {
        (Err(limit), _) => limit,
        (Ok(()), Some(Fault::Control)) => Limit::Control,
        (Ok(()), Some(Fault::Invisible)) => Limit::Invisible,
        (Ok(()), None) => return Ok(()),
    };
    Err(LimitExceeded { field, limit })
}

fn short(text: &str, most: usize) -> Result<(), Limit> {
    if is_longer(text, most) { Err(Limit::Characters(most)) } else { check_text(text) }
}

/// As [`line()`], for an optional name or short description.
pub fn label(field: &'static str, text: Option<&str>) -> Result<(), LimitExceeded> {
    text.map_or(Ok(()), |text| line(field, text, LABEL))
}

/// As [`text()`], for an optional text.
pub fn optional(field: &'static str, text: Option<&str>, most: usize) -> Result<(), LimitExceeded> {
    text.map_or(Ok(()), |text| self::text(field, text, most))
}

/// As [`text()`], for a reason.
pub(crate) fn reason(reason: Option<&String>) -> Result<(), LimitExceeded> {
    optional("reason", reason.map(String::as_str), REASON)
}

/// The text cut after `most` characters, with U+FFFD for U+0000: for machine input, which is not refused.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    without_nul(text)
}

/// Replaces U+0000 with U+FFFD: JSON can contain it and PostgreSQL's text cannot.
pub(crate) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Refuses an object that is too deep or too large, or contains U+0000.
pub(crate) fn check_object(object: &Map<String, Value>) -> Result<(), Limit> {
    check_entries(object, MAX_DEPTH)?;
    let mut size = Size(0);
    // Serialising an object of texts and numbers fails only in the writer.
    serde_json::to_writer(&mut size, object).map_err(|_| Limit::Bytes)
}

/// Counts the written bytes and fails beyond [`MAX_BYTES`].
struct Size(usize);

impl io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        if self.0 > MAX_BYTES { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// True for a text of more than `most` characters.
pub(crate) fn is_longer(text: &str, most: usize) -> bool {
    // A character has at least one byte, so most texts need no counting.
    text.len() > most && text.chars().nth(most).is_some()
}

fn check_value(value: &Value, levels: usize) -> Result<(), Limit> {
    match value {
        Value::String(text) => check_text(text),
        Value::Array(items) => {
            let levels = levels.checked_sub(1).ok_or(Limit::Depth)?;
            items.iter().try_for_each(|item| check_value(item, levels))
        }
        Value::Object(entries) => check_entries(entries, levels),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn check_entries(entries: &Map<String, Value>, levels: usize) -> Result<(), Limit> {
    let levels = levels.checked_sub(1).ok_or(Limit::Depth)?;
    entries.iter().try_for_each(|(name, value)| check_text(name).and_then(|()| check_value(value, levels)))
}

fn check_text(text: &str) -> Result<(), Limit> {
    if text.contains('\0') { Err(Limit::Nul) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_in_characters() {
        assert_eq!(text("name", &"é".repeat(10), 10), Ok(()));
        let too_long = LimitExceeded { field: "name", limit: Limit::Characters(10) };
        assert_eq!(text("name", &"é".repeat(11), 10), Err(too_long));
        assert_eq!(too_long.to_string(), "name may have at most 10 characters: shorten it");
        assert_eq!(text("name", "a\0", 10).map_err(|error| error.limit), Err(Limit::Nul));
        assert_eq!(optional("name", None, 0), Ok(()));
    }

    #[test]
    fn names_and_texts_are_refused_for_what_they_hold() {
        let limit = |result: Result<(), LimitExceeded>| result.map_err(|error| error.limit);
        for (name, fault) in
            [("a\u{1b}", Limit::Control), ("a\u{200b}", Limit::Invisible), ("a\0", Limit::Nul)]
        {
            assert_eq!(limit(line("name", name, 10)), Err(fault), "{name:?}");
        }
        for reason in ["\u{1b}[2J", "a\u{202e}b", "a\u{2066}b"] {
            assert_eq!(limit(text("reason", reason, 10)), Err(Limit::Controlling), "{reason:?}");
        }
        assert_eq!(text("reason", "a\n\tb\r\nc", 10), Ok(()));
        assert_eq!((line("name", "A 1", 10), label("city", None)), (Ok(()), Ok(())));
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("éééé".to_owned(), 3), "ééé");
        assert_eq!(cut("ééé".to_owned(), 3), "ééé");
        assert_eq!(cut("a\0".to_owned(), 3), "a\u{fffd}");
    }
}

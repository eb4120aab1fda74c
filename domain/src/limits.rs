//! How long a text and how deep and large a person's own data may be: the one list, for every door and every decision.
//!
//! Lengths are counted in characters (Unicode scalar values), as `maxLength` of JSON Schema counts them.

use std::{fmt, io};

use serde_json::{Map, Value};

/// The longest name and the longest short description: a city, a floor, a model, an id of another system.
pub const LABEL: usize = 255;

/// The longest reason: why something was done, in words.
pub const REASON: usize = 1000;

/// The longest reason why a projection is to pass an event over.
pub const SKIP_REASON: usize = 500;

/// The longest reason of a downlink: a word, not a story.
pub const DOWNLINK_REASON: usize = 100;

/// The longest slug.
pub const SLUG: usize = 100;

/// The longest name of a display policy.
pub const POLICY_NAME: usize = 100;

/// The longest name of a feature or a limit of a tenant.
pub const ENTITLEMENT: usize = 100;

/// The longest name of a time zone.
pub const TIMEZONE: usize = 50;

/// The longest id in a report: ChirpStack's are UUIDs of 36 characters.
pub const REPORTED_ID: usize = 64;

/// The longest description of something for people.
pub const DESCRIPTION: usize = 1000;

/// The longest free text about a reservation or an override.
pub const NOTES: usize = 2000;

/// The longest e-mail: 64 characters, `@` and 255 characters.
pub const EMAIL: usize = 320;

/// The longest phone number, with all that people write into one.
pub const PHONE: usize = 64;

/// How deep a person's own data may be nested: `{}` is 1 deep. JSON readers give up at 128, and an event puts a value a
/// few levels deeper.
pub const MAX_DEPTH: usize = 16;

/// The most bytes of a person's own data, as compact JSON.
pub const MAX_BYTES: usize = 16 * 1024;

/// What a value exceeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It has more characters.
    Characters(usize),
    /// It has more entries.
    Entries(usize),
    /// It is nested deeper than [`MAX_DEPTH`].
    Depth,
    /// It is larger than [`MAX_BYTES`].
    Bytes,
    /// It holds the character U+0000, which PostgreSQL cannot keep.
    Nul,
}

/// A value that is not kept: which, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitExceeded {
    /// The field, as people name it in requests.
    pub field: &'static str,
    /// What it exceeds.
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
        }
    }
}

impl std::error::Error for LimitExceeded {}

/// Refuses a text of more than so many characters, or with U+0000.
pub fn text(field: &'static str, text: &str, most: usize) -> Result<(), LimitExceeded> {
    let limit = if is_longer(text, most) {
        Limit::Characters(most)
    } else if text.contains('\0') {
        Limit::Nul
    } else {
        return Ok(());
    };
    Err(LimitExceeded { field, limit })
}

/// The same for a text that may be absent.
pub fn optional(field: &'static str, text: Option<&str>, most: usize) -> Result<(), LimitExceeded> {
    text.map_or(Ok(()), |text| self::text(field, text, most))
}

/// The same for why something is done.
pub(crate) fn reason(reason: Option<&String>) -> Result<(), LimitExceeded> {
    optional("reason", reason.map(String::as_str), REASON)
}

/// The text, cut after so many characters and with U+FFFD for U+0000: for what comes from machines and is not refused.
pub(crate) fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
    }
    without_nul(text)
}

/// JSON can write U+0000 and PostgreSQL's text cannot hold it: it becomes U+FFFD.
pub(crate) fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Refuses an object that is too deep or too large, or holds U+0000.
pub(crate) fn check_object(object: &Map<String, Value>) -> Result<(), Limit> {
    of_entries(object, MAX_DEPTH)?;
    let mut size = Size(0);
    // Writing an object of texts and numbers fails only where it is written to.
    serde_json::to_writer(&mut size, object).map_err(|_| Limit::Bytes)
}

/// Counts the bytes that are written, and takes no more than may be kept.
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

/// True for a text of more than so many characters.
pub(crate) fn is_longer(text: &str, most: usize) -> bool {
    // A character has at least one byte: most texts need not be counted.
    text.len() > most && text.chars().nth(most).is_some()
}

fn of_value(value: &Value, levels: usize) -> Result<(), Limit> {
    match value {
        Value::String(text) => of_text(text),
        Value::Array(items) => {
            let levels = levels.checked_sub(1).ok_or(Limit::Depth)?;
            items.iter().try_for_each(|item| of_value(item, levels))
        }
        Value::Object(entries) => of_entries(entries, levels),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn of_entries(entries: &Map<String, Value>, levels: usize) -> Result<(), Limit> {
    let levels = levels.checked_sub(1).ok_or(Limit::Depth)?;
    entries.iter().try_for_each(|(name, value)| of_text(name).and_then(|()| of_value(value, levels)))
}

fn of_text(text: &str) -> Result<(), Limit> {
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
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("éééé".to_owned(), 3), "ééé");
        assert_eq!(cut("ééé".to_owned(), 3), "ééé");
        assert_eq!(cut("a\0".to_owned(), 3), "a\u{fffd}");
    }
}

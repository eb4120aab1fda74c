//! Varies an event as if from another device at another time. Values that differ between reports must not enter the
//! dictionary, because they would take space from the common parts.

use fastrand::Rng;

/// The members whose values differ between reports.
const DIFFERENT: [&str; 15] = [
    "context",
    "data",
    "deduplicationId",
    "devAddr",
    "devEui",
    "fCnt",
    "fineTimeSinceGpsEpoch",
    "gatewayId",
    "gwTime",
    "nsTime",
    "rssi",
    "time",
    "timeSinceGpsEpoch",
    "uplinkId",
    "queueItemId",
];

/// The event on one line, as ChirpStack posts it, with other values of the same form for those members.
pub(crate) fn varied(event: &str, rng: &mut Rng) -> String {
    let mut out = String::with_capacity(event.len());
    let mut rest = event;
    let mut member = "";
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(length(rest, first));
        rest = after;
        let is_name = first == '"' && rest.trim_start().starts_with(':');
        if is_name {
            member = token.trim_matches('"');
        }
        match first {
            _ if first.is_whitespace() => {}
            _ if is_name || !DIFFERENT.contains(&member) => out.push_str(token),
            _ => out.extend(token.chars().map(|c| vary(c, member, rng))),
        }
    }
    out
}

/// The length of the string, number, word or single character at the beginning.
fn length(text: &str, first: char) -> usize {
    let is_word_char = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    match first {
        '"' => {
            let mut escaped = false;
            let end = text[1..].find(|c| {
                let is_end = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                is_end
            });
            end.map_or(text.len(), |end| end + 2)
        }
        _ if is_word_char(first) => text.find(|c| !is_word_char(c)).unwrap_or(text.len()),
        _ => first.len_utf8(),
    }
}

fn vary(c: char, member: &str, rng: &mut Rng) -> char {
    match c {
        '1'..='9' => rng.char('1'..='9'),
        'A'..='Z' | 'a'..='z' | '0' if ["data", "context"].contains(&member) => rng.alphanumeric(),
        'a'..='f' => rng.char('a'..='f'),
        _ => c,
    }
}

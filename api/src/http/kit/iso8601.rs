//! Times as clients write them: ISO 8601 with a calendar date.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use parking_domain::instant::Instant;

/// Reads a time: a date, alone or with a time of day, with or without an offset. Without an offset it is in UTC, as V6 wrote
/// it; a date means its first moment. A space may stand for the `T`, and, in a query, for the `+` of an offset.
pub(crate) fn read_time(text: &str) -> Option<Instant> {
    let text = text.trim();
    let is_separator = |c: char| matches!(c, 'T' | 't' | ' ');
    let (date, rest) = match text.find(is_separator) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (date, is_extended) = read_date(date)?;
    let Some(rest) = rest else {
        return is_extended.then(|| at_utc(date, TimeDelta::zero()))?;
    };
    let (time_of_day, offset) = split_offset(rest);
    at_utc(date, since_midnight(time_of_day, is_extended)? - TimeDelta::minutes(read_offset(offset)?))
}

fn at_utc(date: NaiveDate, since_midnight: TimeDelta) -> Option<Instant> {
    let midnight: DateTime<Utc> = date.and_time(NaiveTime::MIN).and_utc();
    midnight.checked_add_signed(since_midnight)?.try_into().ok()
}

/// `2026-11-23`, or `20261123` before a time of day.
fn read_date(text: &str) -> Option<(NaiveDate, bool)> {
    let is_extended = text.len() == 10;
    let (year, month, day) = match text.len() {
        10 if text.is_ascii() && &text[4..5] == "-" && &text[7..8] == "-" => {
            (&text[..4], &text[5..7], &text[8..])
        }
        8 if text.is_ascii() => (&text[..4], &text[4..6], &text[6..]),
        _ => return None,
    };
    let date = NaiveDate::from_ymd_opt(digits(year)?.try_into().ok()?, digits(month)?, digits(day)?)?;
    Some((date, is_extended))
}

/// `10`, `10:00`, `10:00:00` or `10:00:00.5`; in the basic format without colons. `24:00` is the end of the day.
fn since_midnight(text: &str, is_extended: bool) -> Option<TimeDelta> {
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let parts: Vec<&str> = if is_extended { whole.split(':').collect() } else { pairs(whole)? };
    let are_pairs = matches!(parts.len(), 1..=3) && parts.iter().all(|part| part.len() == 2);
    if !are_pairs || (fraction.is_some() && parts.len() < 3) {
        return None;
    }
    let number = |n: usize| parts.get(n).map_or(Some(0), |part| digits(part));
    let (hour, minute, second) = (number(0)?, number(1)?, number(2)?);
    let nanos = fraction.map_or(Some(0), nanoseconds)?;
    let is_end_of_day = (hour, minute, second, nanos) == (24, 0, 0, 0);
    // A leap second cannot be stored.
    if (hour > 23 && !is_end_of_day) || minute > 59 || second > 59 {
        return None;
    }
    Some(TimeDelta::seconds(i64::from(hour * 3600 + minute * 60 + second)) + TimeDelta::nanoseconds(nanos))
}

/// The nanoseconds of a fraction of a second; further digits are cut off.
fn nanoseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    padded.parse().ok()
}

/// The time of day and the offset, with its sign.
fn split_offset(text: &str) -> (&str, &str) {
    let at = text.find(['Z', 'z', '+', '-', ' ']).unwrap_or(text.len());
    (&text[..at], &text[at..])
}

/// The minutes of `Z`, `+02`, `+0200` or `+02:00`; 0 of nothing.
fn read_offset(text: &str) -> Option<i64> {
    if matches!(text, "" | "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match text.split_at(1) {
        ("+" | " ", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest.len() {
        2 => (rest, "00"),
        4 if rest.is_ascii() => rest.split_at(2),
        5 => rest.split_once(':')?,
        _ => return None,
    };
    let is_pair = |text: &str| text.len() == 2;
    let (hours, minutes) =
        (is_pair(hours).then(|| digits(hours))??, is_pair(minutes).then(|| digits(minutes))??);
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some(sign * i64::from(hours * 60 + minutes))
}

fn pairs(text: &str) -> Option<Vec<&str>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| std::str::from_utf8(pair).ok()).collect()
}

fn digits(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time_means_the_same_moment() {
        let at = read_time("2027-06-05T10:00:00Z");
        assert!(at.is_some());
        for text in [
            "2027-06-05T10:00",
            "2027-06-05T10",
            "2027-06-05T10:00Z",
            "2027-06-05T10:00:00",
            "2027-06-05T10:00:00.000Z",
            "2027-06-05T10:00:00,0",
            "2027-06-05T12:00+02:00",
            "2027-06-05T12:00 02:00",
            "2027-06-05T12:00+0200",
            "2027-06-05T12:00:00+02",
            "2027-06-05T07:30:00.000000-02:30",
            "2027-06-05 10:00",
            "2027-06-05 10:00:00",
            "2027-06-05 10:00Z",
            "2027-06-05 12:00+02:00",
            "2027-06-05 12:00 02:00",
            "2027-06-05t10:00z",
            " 2027-06-05T10:00 ",
            "20270605T100000Z",
            "20270605T1000",
            "2027-06-06T00:00+14:00",
        ] {
            assert_eq!(read_time(text), at, "{text}");
        }
        assert_eq!(read_time("2026-12-29 10:00"), read_time("2026-12-29T10:00:00Z"));
        assert_eq!(read_time("2026-12-29"), read_time("2026-12-28T24:00"));
    }

    #[test]
    fn other_texts_are_no_times() {
        for text in [
            "",
            "tomorrow",
            "2027",
            "20270605",
            "2027-6-5",
            "2027-02-29",
            "2027-06-05T",
            "2027-06-05T1",
            "2027-06-05T10:0",
            "2027-06-05T24:01",
            "2027-06-05T10:60",
            "2027-06-05T10:00:60",
            "2027-06-05T10:00:00.",
            "2027-06-05T10.5",
            "2027-06-05T10:00+2",
            "2027-06-05T10:00+24:00",
            "2027-06-05T10:00+02:00Z",
            "2027-06-05T10:00Z02:00",
            "2027-06-05T10:00Z0200",
            "2027-06-05T10:00z05",
            "2027-06-05T10:00 Z",
            "20270605T",
            "20270605TZ",
            "20270605T+02",
            "2027-06-05TZ",
            "2027-06-05T10:00+",
            "2027-06-05T10:",
            "20270605T100",
            "2027-06-05T10:00:00.5.5",
            "2027-06-05T10:00+0é:0",
            "2027-W22-6",
            "0000-12-31T23:59:59Z",
            "+10000-01-01T00:00:00Z",
            "9999-12-31T23:30:00-01:00",
        ] {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}

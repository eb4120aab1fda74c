//! A point in time that the log, the database and every client can represent: whole microseconds in UTC, the years 1 to
//! 9998, no leap second.
//!
//! Every time enters the platform through this type: from a clock, a request, a report, a command line, or the log.
//! Finer digits are truncated on entry, so that a value in memory equals the value read back. Both ends of the range
//! leave room: adding an offset or an hour still gives a time that every reader can write.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time: microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

/// Why a time is not an [`Instant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnInstant {
    /// The text is not a time.
    #[error("a time is written as in 2026-11-27T09:30:00Z")]
    Malformed,
    /// The year is out of range.
    #[error("a time is between the years 1 and 9998")]
    OutOfRange,
    /// The second is the 61st of its minute.
    #[error("leap seconds (:60) are not supported: give the second before or after")]
    LeapSecond,
}

impl Instant {
    /// 0001-01-01T00:00:00Z, the minimum.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9998-12-31T23:59:59.999999Z, the maximum.
    pub const MAX: Self = Self(253_370_764_799_999_999);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z, clamped to the range.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// The latest instant that is not later than `time`, clamped to the range: for clocks, which cannot be refused. A
    /// leap second counts as the second before it.
    pub fn at_or_before(time: DateTime<Utc>) -> Self {
        Self::from_micros(time.with_nanosecond(time.nanosecond() % NANOS).unwrap_or(time).timestamp_micros())
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The instant as a chrono time, which sqlx also uses.
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).expect("the years 1 to 9998 are within chrono's range")
    }

    /// The instant plus `time`, if it is within the range.
    pub fn checked_add(self, time: TimeDelta) -> Option<Self> {
        let micros = self.0.checked_add(time.num_microseconds()?)?;
        (Self::MIN.0..=Self::MAX.0).contains(&micros).then_some(Self(micros))
    }
}

/// Nanoseconds in a second. chrono represents a leap second as a nanosecond value beyond it.
const NANOS: u32 = 1_000_000_000;

impl TryFrom<DateTime<Utc>> for Instant {
    type Error = NotAnInstant;

    /// Digits finer than a microsecond are truncated.
    fn try_from(time: DateTime<Utc>) -> Result<Self, NotAnInstant> {
        if time.nanosecond() >= NANOS {
            return Err(NotAnInstant::LeapSecond);
        }
        let micros = time.timestamp_micros();
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(NotAnInstant::OutOfRange)
        }
    }
}

impl From<Instant> for DateTime<Utc> {
    fn from(instant: Instant) -> Self {
        instant.utc()
    }
}

impl FromStr for Instant {
    type Err = NotAnInstant;

    /// Parses RFC 3339 with any offset and any number of digits.
    fn from_str(text: &str) -> Result<Self, NotAnInstant> {
        DateTime::parse_from_rfc3339(text).map_err(|_| NotAnInstant::Malformed)?.to_utc().try_into()
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC, with as many digits as needed: `2026-11-27T09:30:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.utc().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Instant {
    /// As text, or as microseconds in a format that is not for people.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.utc().serialize(serializer)
        } else {
            serializer.serialize_i64(self.micros())
        }
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            DateTime::deserialize(deserializer)?.try_into().map_err(de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self::from_micros)
        }
    }
}

impl Add<TimeDelta> for Instant {
    type Output = Self;

    /// Clamped to the range.
    fn add(self, time: TimeDelta) -> Self {
        let micros =
            time.num_microseconds().unwrap_or(if time < TimeDelta::zero() { i64::MIN } else { i64::MAX });
        Self::from_micros(self.0.saturating_add(micros))
    }
}

impl Sub<TimeDelta> for Instant {
    type Output = Self;

    /// Clamped to the range.
    fn sub(self, time: TimeDelta) -> Self {
        self + -time
    }
}

impl Sub for Instant {
    type Output = TimeDelta;

    fn sub(self, other: Self) -> TimeDelta {
        // The whole range is 3.2e17 microseconds, which fits.
        TimeDelta::microseconds(self.0 - other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, NotAnInstant> {
        text.parse::<Instant>().map(|instant| instant.to_string())
    }

    #[test]
    fn finer_digits_are_truncated_and_offsets_become_utc() {
        for (text, expected) in [
            ("2026-11-27T09:30:00Z", "2026-11-27T09:30:00Z"),
            ("2026-11-27T10:30:00.5+01:00", "2026-11-27T09:30:00.500Z"),
            ("2027-06-12T10:00:00.1234564Z", "2027-06-12T10:00:00.123456Z"),
            ("2024-07-12T08:20:14.999999999Z", "2024-07-12T08:20:14.999999Z"),
            ("1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(read(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_time_that_a_reader_cannot_represent_is_refused() {
        for (text, expected) in [
            ("2027-06-12T23:59:60.5Z", NotAnInstant::LeapSecond),
            ("2016-12-31T23:59:60.5Z", NotAnInstant::LeapSecond),
            ("9999-12-31T23:59:59.9999999Z", NotAnInstant::OutOfRange),
            ("0000-01-01T00:00:00Z", NotAnInstant::OutOfRange),
            ("0001-01-01T00:00:00+00:01", NotAnInstant::OutOfRange),
            ("9998-12-31T23:59:59-00:01", NotAnInstant::OutOfRange),
            ("yesterday", NotAnInstant::Malformed),
            ("", NotAnInstant::Malformed),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn arithmetic_is_clamped_to_the_range() {
        assert_eq!(Instant::MIN.to_string(), "0001-01-01T00:00:00Z");
        assert_eq!(Instant::MAX.to_string(), "9998-12-31T23:59:59.999999Z");
        let day = TimeDelta::days(1);
        assert_eq!((Instant::MAX + day, Instant::MIN - day), (Instant::MAX, Instant::MIN));
        assert_eq!(
            (Instant::MAX + TimeDelta::MAX, Instant::MIN + TimeDelta::MIN),
            (Instant::MAX, Instant::MIN)
        );
        assert_eq!((Instant::MAX.checked_add(day), Instant::MIN.checked_add(-day)), (None, None));
        assert_eq!(Instant::UNIX_EPOCH.checked_add(day), Some(Instant::UNIX_EPOCH + day));
        assert_eq!(Instant::MAX - (Instant::MAX - Instant::MIN), Instant::MIN);
        assert_eq!(Instant::at_or_before(DateTime::<Utc>::MAX_UTC), Instant::MAX);
        assert_eq!(Instant::at_or_before(DateTime::<Utc>::MIN_UTC), Instant::MIN);
    }

    #[test]
    fn an_instant_reads_back_as_written() {
        for micros in [Instant::MIN.0, -1, 0, 1, 1_790_000_000_123_456, Instant::MAX.0] {
            let instant = Instant::from_micros(micros);
            let json = serde_json::to_string(&instant).expect("serialises");
            assert_eq!(serde_json::from_str::<Instant>(&json).expect("deserialises"), instant, "{json}");
            assert_eq!(Instant::try_from(instant.utc()), Ok(instant));
        }
        assert!(serde_json::from_str::<Instant>("\"2027-06-12T23:59:60.5Z\"").is_err());
    }
}

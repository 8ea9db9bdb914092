//! [`Time`]: when an object was last written.

use chrono::{DateTime, Utc};

/// A time in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanoseconds: u32,
}

impl Time {
    /// Parses RFC 3339 (S3, listings), RFC 2822 (Azure), and milliseconds since 1970.
    pub(crate) fn parse(text: &str) -> Option<Time> {
        let text = text.trim();
        if let Ok(milliseconds) = text.parse::<i64>() {
            return Time::from_millis(milliseconds);
        }
        // A time without a zone is in UTC.
        let with_zone = format!("{}Z", text.replacen(' ', "T", 1));
        let parsed = DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_rfc2822(text))
            .or_else(|_| DateTime::parse_from_rfc3339(&with_zone));
        let parsed = parsed.ok()?;
        Some(Time::from(parsed.to_utc()))
    }

    pub(crate) fn from_millis(milliseconds: i64) -> Option<Time> {
        DateTime::from_timestamp_millis(milliseconds).map(Time::from)
    }

    pub(crate) fn from_micros(microseconds: i64) -> Option<Time> {
        DateTime::from_timestamp_micros(microseconds).map(Time::from)
    }
}

impl From<DateTime<Utc>> for Time {
    fn from(time: DateTime<Utc>) -> Time {
        Time { seconds: time.timestamp(), nanoseconds: time.timestamp_subsec_nanos() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_stores_are_read() {
        for text in [
            "2016-05-30T10:39:00Z",
            "2016-05-30T10:39:00.000Z",
            "2016-05-30T12:39:00+02:00",
            "2016-05-30 10:39:00",
            "Mon, 30 May 2016 10:39:00 GMT",
            "1464604740000",
        ] {
            let time = Time::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(time, Time { seconds: 1_464_604_740, nanoseconds: 0 }, "{text}");
        }
        assert_eq!(Time::parse("yesterday"), None);
    }
}

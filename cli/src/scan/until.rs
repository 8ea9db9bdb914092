//! `--until`: the time at which a scan ends.

use std::time::SystemTime;

use chrono::{DateTime, Days, FixedOffset, LocalResult, NaiveTime, TimeDelta, TimeZone, Utc};

/// The time at which a scan ends, as the user wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Until {
    /// The next time at which clocks on the wall show this.
    Clock(NaiveTime),
    /// A time of the world.
    Time(DateTime<FixedOffset>),
    /// After the start of the scan.
    After(TimeDelta),
}

/// Units of durations, in seconds.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// The longest duration in seconds: a century.
const LONGEST: i64 = 100 * 366 * 86_400;

impl Until {
    /// Parses `06:00`, `2026-12-01T06:00:00+01:00`, and `2h` or `1h30m`.
    ///
    /// # Errors
    /// Fails if the text has none of these forms.
    pub(crate) fn parse(text: &str) -> Result<Until, String> {
        let text = text.trim();
        let clock = ["%H:%M", "%H:%M:%S"].iter();
        let mut clock = clock.filter_map(|form| NaiveTime::parse_from_str(text, form).ok());
        if let Some(clock) = clock.next() {
            return Ok(Until::Clock(clock));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            return Ok(Until::Time(time));
        }
        duration(text).map(Until::After).ok_or_else(|| {
            "it is a local time (06:00), a duration (2h, 1h30m) or a time of RFC 3339 \
             (2026-12-01T06:00:00+01:00)"
                .to_owned()
        })
    }

    /// Returns the time at which a scan that starts at `now` ends.
    ///
    /// # Errors
    /// Fails if the time has passed.
    pub(crate) fn end<Zone: TimeZone>(&self, now: DateTime<Zone>) -> Result<SystemTime, String> {
        let start = now.with_timezone(&Utc);
        let end = match self {
            Until::Clock(clock) => next(&now, *clock),
            Until::Time(time) => Some(time.with_timezone(&Utc)),
            Until::After(duration) => start.checked_add_signed(*duration),
        };
        match end {
            Some(end) if end > start => Ok(end.into()),
            _ => Err("this time has passed".to_owned()),
        }
    }
}

/// Returns the next time after `now` at which clocks in its zone show `clock`. If clocks skip it, as
/// at the start of daylight saving time, returns the time one hour later.
fn next<Zone: TimeZone>(now: &DateTime<Zone>, clock: NaiveTime) -> Option<DateTime<Utc>> {
    let zone = now.timezone();
    (0..=2).find_map(|day| {
        let date = now.date_naive().checked_add_days(Days::new(day))?;
        let local = date.and_time(clock);
        let times = match zone.from_local_datetime(&local) {
            LocalResult::None => {
                let later = local.checked_add_signed(TimeDelta::hours(1))?;
                [zone.from_local_datetime(&later).earliest(), None]
            }
            LocalResult::Single(time) => [Some(time), None],
            // At the end of daylight saving time, clocks show it twice.
            LocalResult::Ambiguous(first, second) => [Some(first), Some(second)],
        };
        times.into_iter().flatten().map(|time| time.with_timezone(&Utc)).find(|time| time > now)
    })
}

/// Parses numbers with units, the longest unit first.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut units = UNITS.iter();
    let (mut rest, mut seconds) = (text, 0_i64);
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(digits)?;
        let mut chars = after.chars();
        let name = chars.next()?;
        let (_, unit) = units.find(|(unit, _)| *unit == name.to_ascii_lowercase())?;
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(*unit)?)?;
        rest = chars.as_str();
    }
    let is_possible = (1..=LONGEST).contains(&seconds);
    TimeDelta::try_seconds(seconds).filter(|_| is_possible)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the end of a scan that starts at 22:30 in a zone one hour east of Greenwich.
    fn end(text: &str) -> Result<String, String> {
        let now = DateTime::parse_from_rfc3339("2026-11-30T22:30:00+01:00").unwrap();
        let end = Until::parse(text)?.end(now)?;
        Ok(DateTime::<Utc>::from(end).to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
    }

    #[test]
    fn the_end_is_a_local_time_a_duration_or_a_time_of_rfc_3339() {
        let cases = [
            // The next morning.
            ("06:00", "2026-12-01T05:00:00Z"),
            ("6:00", "2026-12-01T05:00:00Z"),
            ("23:59:30", "2026-11-30T22:59:30Z"),
            ("22:30", "2026-12-01T21:30:00Z"),
            ("2h", "2026-11-30T23:30:00Z"),
            ("1h30m", "2026-11-30T23:00:00Z"),
            ("90M", "2026-11-30T23:00:00Z"),
            ("1d", "2026-12-01T21:30:00Z"),
            ("2026-12-01T06:00:00+01:00", "2026-12-01T05:00:00Z"),
            ("2026-12-01T05:00:00Z", "2026-12-01T05:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(end(text).as_deref(), Ok(expected), "{text}");
        }
        for text in
            ["", "6", "25:00", "h", "2", "0s", "30m1h", "1h1h", "-2h", "9999999999999999999s"]
        {
            assert!(end(text).is_err_and(|why| why.contains("06:00")), "{text}");
        }
        assert_eq!(end("2026-11-30T22:30:00+01:00"), Err("this time has passed".to_owned()));
    }
}

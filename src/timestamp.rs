//! [`Timestamp`]: a time in UTC, to the second.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::kinds::serde_by_name;

/// A time in UTC, to the second, in the years 0 to 9999. Its text is RFC 3339: `2016-05-30T10:39:00Z`. An
/// earlier or later time becomes the first or the last of these. The order is that of time. Leap seconds do
/// not exist: a second of 60 is the first of the next minute.
///
/// ```
/// use rmsight::Timestamp;
///
/// let time: Timestamp = "2016-05-30T10:39".parse()?;
/// assert_eq!(time.to_string(), "2016-05-30T10:39:00Z");
/// assert_eq!(time.plus_seconds(60).unix() - time.unix(), 60);
/// # Ok::<(), rmsight::InvalidTimestamp>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a time in a form that [`Timestamp::parse`] reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("`{0}` is not a time such as 2016-05-30T10:39:00Z")]
pub struct InvalidTimestamp(String);

const DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: RFC 3339 has years of four digits.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

impl Timestamp {
    /// Returns the time `seconds` after 1970-01-01T00:00:00Z, or before it if `seconds` is negative.
    pub fn from_unix(seconds: i64) -> Timestamp {
        Timestamp(seconds.clamp(FIRST, LAST))
    }

    /// Returns the seconds since 1970-01-01T00:00:00Z; negative for earlier times.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Returns the time `seconds` later, or earlier if `seconds` is negative.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Timestamp {
        Timestamp::from_unix(self.0.saturating_add(seconds))
    }

    /// Reads `YYYY-MM-DD`, `YYYY-MM-DDThh:mm` (the form of XrML, in UTC) and `YYYY-MM-DDThh:mm:ss`, each with
    /// or without a final `Z` and white space around it. Returns `None` for other text, such as fractions of
    /// seconds and offsets from UTC. [`FromStr`] does the same and returns an error.
    pub fn parse(text: &str) -> Option<Timestamp> {
        match text.as_bytes().first_chunk().filter(|_| text.len() == 16).and_then(xrml_fields) {
            Some(fields) => Timestamp::new(fields),
            None => Timestamp::parse_any(text),
        }
    }

    fn parse_any(text: &str) -> Option<Timestamp> {
        let text = text.trim();
        let text = text.strip_suffix('Z').unwrap_or(text);
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let [year, month, day] = fields(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = match time {
            Some(time) if time.len() == 5 => {
                let [hour, minute] = fields(time, ':', [2, 2])?;
                [hour, minute, 0]
            }
            Some(time) => fields(time, ':', [2, 2, 2])?,
            None => [0; 3],
        };
        Timestamp::new([year, month, day, hour, minute, second])
    }

    fn new([year, month, day, hour, minute, second]: [i64; 6]) -> Option<Timestamp> {
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let seconds = hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?;
        let days = days_from_civil(year, month, day)?;
        let seconds = days.checked_mul(DAY)?.checked_add(seconds)?.checked_add(second)?;
        Some(Timestamp::from_unix(seconds))
    }
}

/// Fast path: reads the numbers of `YYYY-MM-DDThh:mm`; `None` for other forms.
fn xrml_fields(text: &[u8; 16]) -> Option<[i64; 6]> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2] = *text else {
        return None;
    };
    let number = |digits: [u8; 2]| {
        let [tens, ones] = digits.map(|digit| digit.wrapping_sub(b'0'));
        let is_number = tens < 10 && ones < 10;
        // At most 99: this does not wrap.
        is_number.then(|| i64::from(tens.wrapping_mul(10).wrapping_add(ones)))
    };
    let year = number([y1, y2])?.checked_mul(100)?.checked_add(number([y3, y4])?)?;
    let [month, day] = [number([m1, m2])?, number([d1, d2])?];
    Some([year, month, day, number([h1, h2])?, number([n1, n2])?, 0])
}

/// Reads `N` unsigned numbers of the given widths between separators.
fn fields<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(separator);
    let mut values = [0; N];
    for (value, width) in values.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *value = part.parse().ok()?;
    }
    parts.next().is_none().then_some(values)
}

/// Returns the days since 1970-01-01 in the proleptic Gregorian calendar; `None` for invalid dates.
///
/// The algorithm is `days_from_civil` of Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms". Years have four digits, so it does not overflow.
#[allow(clippy::arithmetic_side_effects)] // all operands are below 10^7
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(0..=9999).contains(&year) || !(1..=length).contains(&day) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

/// Returns year, month and day: the inverse, `civil_from_days` of the same source. Defined for the
/// days of all seconds in an `i64`.
#[allow(clippy::arithmetic_side_effects)] // an i64 of seconds has fewer than 2^47 days
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Returns year, month, day, hour, minute and second.
#[allow(clippy::arithmetic_side_effects)] // constants divide a number below a day
fn civil(time: Timestamp) -> [i64; 6] {
    let (year, month, day) = civil_from_days(time.0.div_euclid(DAY));
    let second = time.0.rem_euclid(DAY);
    [year, month, day, second / 3600, second / 60 % 60, second % 60]
}

/// Returns the last two digits of a number.
fn two_digits(number: i64) -> [u8; 2] {
    let number = u8::try_from(number.rem_euclid(100)).unwrap_or_default();
    let digit = |digit: u8| b'0'.wrapping_add(digit);
    [digit(number / 10), digit(number % 10)]
}

/// Formats a time whose year has four digits. `write!` needs several times the instructions, and records
/// have six times.
fn text([year, month, day, hour, minute, second]: [i64; 6]) -> [u8; 20] {
    let [y1, y2] = two_digits(year.div_euclid(100));
    let [y3, y4] = two_digits(year);
    let [m1, m2] = two_digits(month);
    let [d1, d2] = two_digits(day);
    let [h1, h2] = two_digits(hour);
    let [n1, n2] = two_digits(minute);
    let [s1, s2] = two_digits(second);
    [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z']
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&text(civil(*self))).unwrap_or_default())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Timestamp, InvalidTimestamp> {
        Timestamp::parse(text).ok_or_else(|| InvalidTimestamp(text.to_owned()))
    }
}

serde_by_name!(Timestamp);

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Timestamp {
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Timestamp::from_unix(i64::try_from(after.as_secs()).unwrap_or(i64::MAX)),
            Err(before) => {
                let before = before.duration();
                let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
                // Fractions are rounded down, also before 1970.
                let partial = i64::from(before.subsec_nanos() > 0);
                Timestamp::from_unix(0_i64.saturating_sub(seconds).saturating_sub(partial))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_and_times_are_parsed() {
        let cases = [
            ("2016-05-30T10:39", "2016-05-30T10:39:00Z"),
            (" 2017-01-11T23:27 ", "2017-01-11T23:27:00Z"),
            ("2024-02-29T00:00", "2024-02-29T00:00:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
            ("2258-03-03", "2258-03-03T00:00:00Z"),
        ];
        for (text, expected) in cases {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in
            ["", "2023-02-29", "2016-13-01", "2016-5-30T10:39", "+016-05-30", "2016-05-30T24:00"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn times_outside_of_rfc_3339_become_the_first_or_last_time() {
        for (seconds, expected) in [
            (i64::MAX, "9999-12-31T23:59:59Z"),
            (i64::MIN, "0000-01-01T00:00:00Z"),
            (-62_167_219_201, "0000-01-01T00:00:00Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).to_string(), expected);
            assert_eq!(Timestamp::from_unix(0).plus_seconds(seconds).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn formatted_time_is_parsed_back(seconds in -62_167_219_200i64..253_402_300_800) {
            let time = Timestamp::from_unix(seconds);
            prop_assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        }

        #[test]
        fn fast_path_equals_plain_path_for_any_text(text in "[0-9]{3}[0-9Z-][-T0]([01-3][0-9:T-]){4}[0-9:T-]{3}") {
            prop_assert_eq!(Timestamp::parse(&text), Timestamp::parse_any(&text));
        }

        #[test]
        fn fast_path_equals_plain_path_for_any_minute(
            year in 0..10_000, month in 0..14, day in 0..33, hour in 0..26, minute in 0..62,
        ) {
            let text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}");
            prop_assert_eq!(Timestamp::parse(&text), Timestamp::parse_any(&text));
        }

        #[test]
        fn format_is_that_of_the_fields(seconds in prop_oneof![any::<i64>(), FIRST..=LAST]) {
            let time = Timestamp::from_unix(seconds);
            let [year, month, day, hour, minute, second] = civil(time);
            let expected = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z");
            prop_assert_eq!(time.to_string(), expected);
        }
    }
}

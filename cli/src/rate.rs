//! Not asking more of a file server than it was agreed on.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// Files or bytes a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rate {
    Files(u64),
    Bytes(u64),
}

impl Rate {
    /// `500` or `500/s` is files; with a unit (`B`, `kB`, `MB`, `GB`, `KiB`, `MiB`, `GiB`) bytes.
    pub(crate) fn parse(text: &str) -> Result<Rate, String> {
        let form = || "it has the form 500 (files a second) or 20MB (bytes a second)".to_owned();
        let text = text.trim().trim_end_matches("/s").trim_end();
        let digits = text.find(|found: char| !found.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().map_err(|_| form())?;
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "files" if number > 0 => return Ok(Rate::Files(number)),
            "b" => 1,
            "kb" => 1000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            _ => return Err(form()),
        };
        number.checked_mul(factor).filter(|rate| *rate > 0).map(Rate::Bytes).ok_or_else(form)
    }
}

/// Makes all workers together keep to a rate.
#[derive(Debug)]
pub(crate) struct Throttle {
    rate: Option<Rate>,
    /// Ends waiting.
    stop: Stop,
    /// When what was taken until now would be taken at that rate.
    next: Mutex<Instant>,
}

/// How long to sleep before looking whether the scan is stopped.
const SLICE: Duration = Duration::from_millis(200);

/// What may be caught up on after a pause.
const SLACK: Duration = Duration::from_millis(100);

impl Throttle {
    pub(crate) fn new(rate: Option<Rate>, stop: Stop) -> Throttle {
        Throttle { rate, stop, next: Mutex::new(Instant::now()) }
    }

    pub(crate) fn file(&self) {
        if let Some(Rate::Files(rate)) = self.rate {
            self.take(1, rate);
        }
    }

    pub(crate) fn bytes(&self, bytes: usize) {
        if let Some(Rate::Bytes(rate)) = self.rate {
            self.take(u64::try_from(bytes).unwrap_or(u64::MAX), rate);
        }
    }

    fn take(&self, amount: u64, rate: u64) {
        let micros = u128::from(amount) * 1_000_000 / u128::from(rate.max(1));
        let cost = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
        let now = Instant::now();
        let until = {
            let mut next = self.next.lock().unwrap_or_else(|error| error.into_inner());
            let from = (*next).max(now.checked_sub(SLACK).unwrap_or(now));
            *next = from.checked_add(cost).unwrap_or(from);
            from
        };
        while let Some(wait) = until.checked_duration_since(Instant::now()) {
            if wait.is_zero() || self.stop.is_raised() {
                return;
            }
            thread::sleep(wait.min(SLICE));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn rates_are_files_or_bytes() {
        let cases = [
            ("500", Some(Rate::Files(500))),
            ("500/s", Some(Rate::Files(500))),
            ("20MB", Some(Rate::Bytes(20_000_000))),
            ("20 MiB/s", Some(Rate::Bytes(20 << 20))),
            ("0", None),
            ("0kB", None),
            ("fast", None),
            ("1.5MB", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Rate::parse(text).ok(), expected, "{text}");
        }
    }
}

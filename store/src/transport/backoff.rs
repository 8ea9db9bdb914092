//! How long a failed request waits before it is sent again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// Upper bound of the first wait. It doubles with each attempt.
const FIRST: Duration = Duration::from_millis(200);

/// Upper bound of every wait.
const LONGEST: Duration = Duration::from_secs(20);

/// Longest wait that a server may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// Returns the wait after failed attempt `attempt`, counted from 1: a random time, so that the
/// requests of a refused burst do not come back together. `asked` is the wait that the server asks
/// for (`Retry-After`).
pub(super) fn wait(attempt: u32, asked: Option<Duration>) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let bound = FIRST.saturating_mul(1_u32.wrapping_shl(doublings)).min(LONGEST);
    let random = random_below(u64::try_from(bound.as_millis()).unwrap_or(u64::MAX));
    let own = Duration::from_millis(random);
    match asked {
        // Jitter follows the time that the server asks for.
        Some(asked) => asked.min(LONGEST_ASKED).saturating_add(own.min(Duration::from_secs(1))),
        None => own,
    }
}

/// Returns a number below `bound`, not for cryptography.
fn random_below(bound: u64) -> u64 {
    // Each state has its own random keys.
    RandomState::new().build_hasher().finish().checked_rem(bound).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_is_bounded_and_follows_the_servers_wish() {
        for attempt in 1..40 {
            assert!(wait(attempt, None) <= LONGEST);
        }
        assert!(wait(1, None) <= FIRST);
        let asked = wait(1, Some(Duration::from_secs(3)));
        assert!((3..=4).contains(&asked.as_secs()), "{asked:?}");
        assert!(wait(1, Some(Duration::from_secs(86_400))) <= Duration::from_secs(61));
    }
}

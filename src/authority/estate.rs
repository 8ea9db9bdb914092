//! [`Estate`], and how it answers for one license.

use std::collections::HashMap;

use super::check::{self, Mistake};
use super::host::{Located, is_within, locate};
use super::{Authority, Key, KeyMatch};

/// Seconds of a day: what clocks may differ by if nobody says.
const DAY: i64 = 86_400;

/// Where a key stands: the authority, and the key within it.
type Place = (usize, usize);

/// Everything the operator knows. [`Estate::default`] is knowing nothing.
#[derive(Debug, Clone)]
pub struct Estate {
    authorities: Vec<Authority>,
    clock_skew: i64,
    digest: Option<String>,
    by_key: HashMap<String, Place>,
    by_id: HashMap<String, Place>,
    by_host: HashMap<String, usize>,
    /// Names with a leading dot, the longest first.
    suffixes: Vec<(String, usize)>,
}

impl Default for Estate {
    fn default() -> Estate {
        Estate::index(Vec::new())
    }
}

/// What the estate knows about one license.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'e> {
    /// What of it matched.
    pub(crate) matched: KeyMatch,
    /// Whose it is.
    pub(crate) authority: Option<&'e Authority>,
    /// The key, where the key itself matched; nothing less can decide.
    pub(crate) key: Option<&'e Key>,
    /// The id belongs to another authority than the key.
    pub(crate) id_elsewhere: bool,
    /// The id is declared, with another key.
    pub(crate) id_with_other_key: bool,
}

impl Estate {
    /// An estate of these authorities.
    ///
    /// # Errors
    /// What an estate file may not say either, such as one key in two authorities.
    pub fn new(authorities: Vec<Authority>) -> Result<Estate, Vec<Mistake>> {
        let wrong = check::all(&authorities);
        if wrong.is_empty() {
            Ok(Estate::index(authorities))
        } else {
            Err(wrong.into_iter().map(|(_, message)| Mistake { line: None, message }).collect())
        }
    }

    /// Builds the indexes of authorities that were checked: no key, id or host is there twice.
    pub(crate) fn index(authorities: Vec<Authority>) -> Estate {
        let mut estate = Estate {
            authorities: Vec::new(),
            clock_skew: DAY,
            digest: None,
            by_key: HashMap::new(),
            by_id: HashMap::new(),
            by_host: HashMap::new(),
            suffixes: Vec::new(),
        };
        for (number, authority) in authorities.iter().enumerate() {
            for (at, key) in authority.keys.iter().enumerate() {
                if let Some(fingerprint) = &key.key {
                    estate.by_key.insert(fingerprint.clone(), (number, at));
                }
                if let Some(id) = &key.id {
                    estate.by_id.insert(id.clone(), (number, at));
                }
            }
            for host in &authority.hosts {
                if host.name.starts_with('.') {
                    estate.suffixes.push((host.name.clone(), number));
                } else {
                    estate.by_host.insert(host.name.clone(), number);
                }
            }
        }
        estate.suffixes.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        estate.authorities = authorities;
        estate
    }

    #[cfg(feature = "estate")]
    #[must_use]
    pub(crate) fn with_digest(mut self, digest: String) -> Estate {
        self.digest = Some(digest);
        self
    }

    /// The same estate with another allowance for clocks that differ, in seconds (a day if nobody
    /// says).
    #[must_use]
    pub fn with_clock_skew(mut self, seconds: u32) -> Estate {
        self.clock_skew = i64::from(seconds);
        self
    }

    /// The authorities, in the order of the file.
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }

    /// By how many seconds clocks may differ before a time says something.
    pub fn clock_skew(&self) -> i64 {
        self.clock_skew
    }

    /// SHA-256 of the file that it was read from, 64 hex digits.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    /// What is known of a key, by the key before its id before the host of its address.
    pub(crate) fn lookup(
        &self,
        slc_key: Option<&str>,
        slc_id: Option<&str>,
        slc_address: Option<&str>,
    ) -> Answer<'_> {
        let key = slc_key.and_then(|key| self.at(self.by_key.get(key)));
        let id = slc_id.and_then(|id| self.at(self.by_id.get(id)));
        let id_with_other_key = id.is_some_and(|(_, declared)| {
            declared.key.as_deref().zip(slc_key).is_some_and(|(one, other)| one != other)
        });
        let mut answer = Answer {
            matched: KeyMatch::None,
            authority: None,
            key: None,
            id_elsewhere: false,
            id_with_other_key,
        };
        if let Some((authority, key)) = key {
            answer.matched = KeyMatch::Key;
            answer.authority = Some(authority);
            answer.key = Some(key);
            answer.id_elsewhere = id.is_some_and(|(other, _)| other.name != authority.name);
        } else if let Some((authority, _)) = id {
            answer.matched = KeyMatch::Id;
            answer.authority = Some(authority);
        } else if let Some(authority) = self.by_address(slc_address) {
            answer.matched = KeyMatch::Host;
            answer.authority = Some(authority);
        }
        answer
    }

    fn at(&self, place: Option<&Place>) -> Option<(&Authority, &Key)> {
        let (number, at) = place?;
        let authority = self.authorities.get(*number)?;
        Some((authority, authority.keys.get(*at)?))
    }

    fn by_address(&self, address: Option<&str>) -> Option<&Authority> {
        if self.by_host.is_empty() && self.suffixes.is_empty() {
            return None;
        }
        let Located::At(host) = locate(address) else {
            return None;
        };
        let below = || {
            let ends = |suffix: &str| {
                suffix
                    .strip_prefix('.')
                    .is_some_and(|domain| host.len() > suffix.len() && is_within(&host, domain))
            };
            self.suffixes.iter().find(|(suffix, _)| ends(suffix)).map(|(_, number)| number)
        };
        let number = self.by_host.get(host.as_ref()).or_else(below)?;
        self.authorities.get(*number)
    }
}

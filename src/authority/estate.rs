//! [`Estate`]: the declarations of an operator, with an index for lookups.

use std::collections::HashMap;

use super::check::{self, EstateError, EstateMistake};
use super::host::{AddressHost, is_within};
use super::model::{Authority, AuthorityKey, KeyMatch};

/// The default clock skew in seconds: a day.
const DEFAULT_CLOCK_SKEW: i64 = 86_400;

/// The index of an authority, and of a key within it.
type KeyIndex = (usize, usize);

/// The authorities and keys that an operator declares. [`Estate::default`] is empty: no key is known, and
/// nearly all that is protected is judged `possible`.
///
/// It is `Send + Sync` and is not changed after it was made: threads share one.
///
/// ```
/// use rmsight::{Authority, AuthorityKey, AuthorityKind, Estate, KeyStatus};
///
/// let mut key = AuthorityKey::new(KeyStatus::Active);
/// key.key = Some(format!("sha256:{}", "0".repeat(64)));
/// let mut cluster = Authority::new("Headquarters", AuthorityKind::AdRms);
/// cluster.keys.push(key);
/// let estate = Estate::new(vec![cluster])?;
/// assert_eq!(estate.authorities()[0].name, "Headquarters");
/// # Ok::<(), rmsight::EstateError>(())
/// ```
///
/// # Serialized form (feature `serde`)
///
/// A struct with three fields, in this order:
///
/// | field | value |
/// |---|---|
/// | `clock_skew` | a number of seconds, 0 to 2^32 - 1 |
/// | `digest` | 64 hex digits as [`digest`](Estate::digest) returns them, or null |
/// | `authority` | the list of [`Authority`], in the order of [`authorities`](Estate::authorities) |
///
/// The fields of [`Authority`], [`AuthorityHost`](crate::AuthorityHost) and [`AuthorityKey`] have their Rust
/// names, except `key` for [`Authority::keys`], `slc_key` for [`AuthorityKey::key`] and `slc_id` for
/// [`AuthorityKey::id`]. Values of enums are their names as text: `retiring` is `"true"`, `"false"` or `"?"`.
/// Times are text in RFC 3339. All fields are written; `None` is null.
///
/// When an estate is read, these fields are required: `name`, `kind` and `retiring` of an authority, `name`
/// and `role` of a host, `status` and `origin` of a key. Others can be missing: a missing list is empty, a
/// missing `clock_skew` is a day, and any other missing value is `None`. Reading fails for an unknown field
/// or name, and for the mistakes that [`Estate::new`] reports. The digest is kept as it is, and is not
/// checked.
///
/// An estate that is read back equals the one that was written. Not part of the form: a version, the text and
/// comments of the estate file, and [`open_questions`](Estate::open_questions), which are computed. The form
/// is no estate file, even as TOML: there `clock_skew` is text with a unit, `retiring` is a boolean or
/// `"?"`, and no `digest` is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estate {
    authorities: Vec<Authority>,
    clock_skew: i64,
    digest: Option<String>,
    by_key: HashMap<String, KeyIndex>,
    by_id: HashMap<String, KeyIndex>,
    by_host: HashMap<String, usize>,
    /// Suffixes with a leading dot, the longest first.
    suffixes: Vec<(String, usize)>,
}

impl Default for Estate {
    fn default() -> Estate {
        Estate::index(Vec::new())
    }
}

/// The declarations that match one license.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EstateMatch<'e> {
    /// The part of the license that matched.
    pub(crate) matched: KeyMatch,
    /// The matching authority.
    pub(crate) authority: Option<&'e Authority>,
    /// The declared key, if the key matched. Only this decides a verdict.
    pub(crate) key: Option<&'e AuthorityKey>,
    /// The estate declares the id for another authority than the key.
    pub(crate) id_elsewhere: bool,
    /// The estate declares the id with another key.
    pub(crate) id_with_other_key: bool,
}

impl Estate {
    /// Returns an estate of the authorities, with a clock skew of a day and without a digest.
    ///
    /// # Errors
    /// Fails with all mistakes of the declarations, such as one key in two authorities. The documentation of
    /// [`Authority`], [`AuthorityHost`](crate::AuthorityHost) and [`AuthorityKey`] states the form of each
    /// value.
    pub fn new(authorities: Vec<Authority>) -> Result<Estate, EstateError> {
        let mistakes = check::all(&authorities);
        if mistakes.is_empty() {
            return Ok(Estate::index(authorities));
        }
        let mistakes = mistakes.into_iter();
        let mistakes = mistakes.map(|(_, message)| EstateMistake { line: None, message });
        Err(EstateError::new(mistakes.collect()))
    }

    /// Builds the indexes of checked authorities: no key, id or host is declared twice.
    pub(crate) fn index(authorities: Vec<Authority>) -> Estate {
        let mut estate = Estate {
            authorities: Vec::new(),
            clock_skew: DEFAULT_CLOCK_SKEW,
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

    #[cfg(any(feature = "estate", feature = "serde"))]
    #[must_use]
    pub(crate) fn with_digest(mut self, digest: String) -> Estate {
        self.digest = Some(digest);
        self
    }

    /// Sets the clock skew: the number of seconds by which the clocks of clients and servers can differ. The
    /// default is 86,400, a day. In an estate file it is text with a unit: `clock_skew = "12h"`.
    ///
    /// It matters only to keys with the status `read-only`. Their time [`since`](AuthorityKey::since) is
    /// compared with times that clients and servers wrote into a license. Up to `since` plus the clock skew
    /// such a time counts as before. Three anomalies depend on it:
    ///
    /// - `clc-issued-after-read-only` (M24): the client certificate is later
    /// - `published-with-old-clc` (M25): the license is later, and the client certificate is not
    /// - `server-published-after-read-only` (M26): the license of a server is later
    ///
    /// A larger skew reports fewer of them for publishing shortly after `since`. `need`, `dependency` and
    /// `confidence` never depend on it. `edited-after-read-only` (M27) uses `since` without the skew.
    #[must_use]
    pub fn with_clock_skew(mut self, seconds: u32) -> Estate {
        self.clock_skew = i64::from(seconds);
        self
    }

    /// Returns the authorities, in the order of the file or of [`Estate::new`].
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }

    /// Returns the clock skew in seconds, 0 to 2^32 - 1. [`with_clock_skew`](Estate::with_clock_skew)
    /// describes its effect.
    pub fn clock_skew(&self) -> i64 {
        self.clock_skew
    }

    /// Returns the SHA-256 of the bytes of the estate file in 64 lower-case hex digits; `None` if the estate
    /// is not from a file. Verdicts contain it ([`Verdict::estate`](crate::Verdict::estate)), to tell by
    /// which declarations they were made.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Whether the estate declares no authority.
    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    /// Finds the declarations for a license: by key, else by id, else by the host of the address.
    pub(crate) fn lookup(
        &self,
        slc_key: Option<&str>,
        slc_id: Option<&str>,
        slc_address: Option<&str>,
    ) -> EstateMatch<'_> {
        let key = slc_key.and_then(|key| self.at(self.by_key.get(key)));
        let id = slc_id.and_then(|id| self.at(self.by_id.get(id)));
        let id_with_other_key = id.is_some_and(|(_, declared)| {
            declared.key.as_deref().zip(slc_key).is_some_and(|(one, other)| one != other)
        });
        let mut found = EstateMatch {
            matched: KeyMatch::None,
            authority: None,
            key: None,
            id_elsewhere: false,
            id_with_other_key,
        };
        if let Some((authority, key)) = key {
            found.matched = KeyMatch::Key;
            found.authority = Some(authority);
            found.key = Some(key);
            found.id_elsewhere = id.is_some_and(|(other, _)| other.name != authority.name);
        } else if let Some((authority, _)) = id {
            found.matched = KeyMatch::Id;
            found.authority = Some(authority);
        } else if let Some(authority) = self.by_address(slc_address) {
            found.matched = KeyMatch::Host;
            found.authority = Some(authority);
        }
        found
    }

    fn at(&self, index: Option<&KeyIndex>) -> Option<(&Authority, &AuthorityKey)> {
        let (number, at) = index?;
        let authority = self.authorities.get(*number)?;
        Some((authority, authority.keys.get(*at)?))
    }

    fn by_address(&self, address: Option<&str>) -> Option<&Authority> {
        if self.by_host.is_empty() && self.suffixes.is_empty() {
            return None;
        }
        let AddressHost::Known(host) = AddressHost::of(address) else {
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

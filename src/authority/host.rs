//! Hosts of the addresses in licenses. Some of these addresses violate RFC 3986.

use std::borrow::Cow;

use fluent_uri::Iri;

/// The host of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AddressHost<'a> {
    /// The address is missing or empty.
    Absent,
    /// The host is unknown, or clients disagree about it.
    Unclear,
    /// The host in lower case, without port, user information and trailing dot.
    Known(Cow<'a, str>),
}

impl<'a> AddressHost<'a> {
    /// Returns the host of an address.
    ///
    /// Parses only the text from `://` to the next `/`, `?` or `#`. Paths in licenses contain
    /// blanks, line breaks and raw non-ASCII text, and these change nothing. Within the authority
    /// part they make the host unclear. So do a backslash, which clients interpret in different
    /// ways, a scheme other than `http` and `https`, a missing or percent-encoded host, and an
    /// empty label. A host name outside ASCII is known, and differs from all names within ASCII.
    pub(crate) fn of(address: Option<&'a str>) -> AddressHost<'a> {
        let address = address.map(str::trim).unwrap_or_default();
        if address.is_empty() {
            return AddressHost::Absent;
        }
        host_of(address).map_or(AddressHost::Unclear, AddressHost::Known)
    }
}

fn host_of(address: &str) -> Option<Cow<'_, str>> {
    let (scheme, rest) = address.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let length = scheme.len().checked_add("://".len())?.checked_add(end)?;
    let iri = Iri::parse(address.get(..length)?).ok()?;
    let is_web =
        ["http", "https"].iter().any(|web| iri.scheme().as_str().eq_ignore_ascii_case(web));
    clean(iri.authority().filter(|_| is_web)?.host())
}

/// Returns the canonical form of a host name or address literal; `None` if it is not valid.
pub(crate) fn clean(host: &str) -> Option<Cow<'_, str>> {
    if host.starts_with('[') {
        return Some(Cow::Owned(host.to_ascii_lowercase()));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_name_char =
        |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char) || !char.is_ascii();
    if host.split('.').any(str::is_empty) || !host.chars().all(is_name_char) {
        return None;
    }
    if host.chars().any(char::is_uppercase) {
        Some(Cow::Owned(host.to_lowercase()))
    } else {
        Some(Cow::Borrowed(host))
    }
}

/// Whether `host` is `domain` or a name below it.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

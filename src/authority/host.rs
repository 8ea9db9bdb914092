//! Hosts of addresses as licenses hold them, which is not always as RFC 3986 would have them.

use std::borrow::Cow;

use fluent_uri::Iri;

/// What an address says about its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Located<'a> {
    /// There is no address, or an empty one.
    Absent,
    /// Nobody can tell which host it means.
    Bad,
    /// A host: lower case, no port, no user, no trailing dot.
    At(Cow<'a, str>),
}

/// Which host an address means.
///
/// Only what stands between `://` and the next `/`, `?` or `#` is parsed, so a blank, a line break
/// or raw non-ASCII in the path changes nothing (licenses hold such paths); within the authority
/// they do, and so does a backslash, which clients read in different ways. Also bad: no `http` or
/// `https`, no host, a percent-encoded host, an empty label. A name outside ASCII is a host like
/// any other; it equals none within ASCII, whatever it looks like.
pub(crate) fn locate(address: Option<&str>) -> Located<'_> {
    let address = address.map(str::trim).unwrap_or_default();
    if address.is_empty() {
        return Located::Absent;
    }
    host_of(address).map_or(Located::Bad, Located::At)
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

/// A host name or address literal in its one form, or nothing if no name can be like that.
pub(crate) fn clean(host: &str) -> Option<Cow<'_, str>> {
    if host.starts_with('[') {
        return Some(Cow::Owned(host.to_ascii_lowercase()));
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let of_a_name =
        |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char) || !char.is_ascii();
    if host.split('.').any(str::is_empty) || !host.chars().all(of_a_name) {
        return None;
    }
    if host.chars().any(char::is_uppercase) {
        Some(Cow::Owned(host.to_lowercase()))
    } else {
        Some(Cow::Borrowed(host))
    }
}

/// Whether `host` is `domain` or lies below it.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

//! [`SecretUrl`]: an address whose query may contain a signature.

use std::fmt;

use http::Uri;

use crate::error::StoreError;

/// An address of a web server. Only its part before the query is shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretUrl {
    uri: Uri,
    shown: String,
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretUrl").field(&self.shown).finish()
    }
}

impl SecretUrl {
    /// # Errors
    /// Fails if the text is not the address of a web server. The error does not contain the text.
    pub(crate) fn parse(text: &str) -> Result<SecretUrl, StoreError> {
        let wrong = || StoreError::config("it is not a valid address of a web server");
        let text = text.split('#').next().unwrap_or_default();
        let uri: Uri = escaped(text).parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(wrong());
        };
        if !matches!(scheme, "http" | "https") || host.is_empty() {
            return Err(wrong());
        }
        // User and password, which precede the host, are not shown.
        let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        // The last segment of a path is a name: see `escape`.
        let path = match uri.path() {
            "" | "/" => "/%2F".to_owned(),
            path => path.strip_suffix('/').map_or_else(|| path.to_owned(), |it| format!("{it}%2F")),
        };
        let shown = format!("{scheme}://{host}{port}{path}");
        Ok(SecretUrl { uri, shown })
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    pub(crate) fn has_query(&self) -> bool {
        self.uri.query().is_some_and(|query| !query.is_empty())
    }
}

/// Percent-encodes characters that an address does not contain: listings may have them.
fn escaped(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    for char in text.trim().chars() {
        if char.is_ascii_graphic() {
            whole.push(char);
        } else {
            let mut bytes = [0; 4];
            for byte in char.encode_utf8(&mut bytes).bytes() {
                whole.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_user_and_password_are_not_shown() {
        let url = SecretUrl::parse("https://user:pass@h.example:8443/a b?sig=geheim#frag").unwrap();
        assert_eq!(url.shown(), "https://h.example:8443/a%20b");
        assert!(!format!("{url:?}").contains("geheim"), "{url:?}");
        let error = SecretUrl::parse("https://?sig=geheim").unwrap_err();
        assert!(!error.to_string().contains("geheim"));
    }
}

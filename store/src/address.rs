//! [`Address`]: where an object is, in one canonical form.

use std::fmt;

use crate::error::StoreError;
use crate::escape::{escape, unescape};
use crate::secret::SecretUrl;

/// The service that contains an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Provider {
    /// Azure Blob Storage and Data Lake Storage.
    Azure,
    /// Amazon S3, and services with its interface.
    S3,
    /// Google Cloud Storage.
    Gcs,
}

/// A container or bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Container {
    pub(crate) provider: Provider,
    /// The storage account; empty except for Azure.
    pub(crate) account: String,
    pub(crate) name: String,
}

/// The address of an object, of a prefix of objects, or of a file on a web server.
///
/// The canonical form, which is displayed, is `az://ACCOUNT/CONTAINER/KEY`, `s3://BUCKET/KEY`,
/// `gs://BUCKET/KEY`, or the address of the web server without its query.
///
/// ```
/// use rmsight_store::Address;
///
/// for text in [
///     "az://contoso/share/a b.docx",
///     "abfss://share@contoso.dfs.core.windows.net/a b.docx",
///     "https://contoso.blob.core.windows.net/share/a%20b.docx",
/// ] {
///     let address = Address::parse(text).unwrap()?;
///     assert_eq!(address.to_string(), "az://contoso/share/a b.docx");
/// }
/// assert!(Address::parse("/mnt/share").is_none());
/// # Ok::<(), rmsight_store::StoreError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(pub(crate) Place);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Object { container: Container, key: String },
    Web(SecretUrl),
}

/// The ends of host names of Azure storage accounts in the public cloud.
const AZURE_HOSTS: [&str; 2] = [".blob.core.windows.net", ".dfs.core.windows.net"];

impl Address {
    /// Parses an address. Returns `None` if the text is none, but the path of a file.
    ///
    /// # Errors
    /// Fails if the text has the scheme of an address, and is not a valid one.
    pub fn parse(text: &str) -> Option<Result<Address, StoreError>> {
        let (scheme, rest) = text.split_once("://")?;
        Some(match scheme.to_ascii_lowercase().as_str() {
            "az" | "azure" => azure(rest),
            "abfs" | "abfss" | "wasb" | "wasbs" => data_lake(rest),
            "s3" | "s3a" => bucket(Provider::S3, rest),
            "gs" => bucket(Provider::Gcs, rest),
            "http" | "https" => web(text, rest),
            _ => return None,
        })
    }

    /// Returns the address of the object `key` in the container of this address.
    pub(crate) fn with_key(&self, key: &str) -> Address {
        match &self.0 {
            Place::Object { container, .. } => Address::object(container.clone(), key.to_owned()),
            Place::Web(_) => self.clone(),
        }
    }

    pub(crate) fn object(container: Container, key: String) -> Address {
        Address(Place::Object { container, key })
    }

    /// Returns the address of an object in Azure Blob Storage.
    pub(crate) fn azure_object(account: &str, container: &str, key: &str) -> Address {
        let (account, name) = (account.to_owned(), container.to_owned());
        let container = Container { provider: Provider::Azure, account, name };
        Address::object(container, key.to_owned())
    }

    /// Returns the address of an object in S3.
    pub(crate) fn s3_object(bucket: &str, key: &str) -> Address {
        let (account, name) = (String::new(), bucket.to_owned());
        let container = Container { provider: Provider::S3, account, name };
        Address::object(container, key.to_owned())
    }

    /// Returns the address as that of a folder: without slashes at its end.
    pub fn into_root(self) -> Address {
        match self.0 {
            Place::Object { container, key } => {
                Address::object(container, key.trim_end_matches('/').to_owned())
            }
            Place::Web(_) => self,
        }
    }

    /// Returns the provider; `None` for a file on a web server.
    pub fn provider(&self) -> Option<Provider> {
        match &self.0 {
            Place::Object { container, .. } => Some(container.provider),
            Place::Web(_) => None,
        }
    }

    /// Returns the key without escapes; empty for a file on a web server.
    pub fn key(&self) -> &str {
        match &self.0 {
            Place::Object { key, .. } => key,
            Place::Web(_) => "",
        }
    }

    /// Returns whether `other` is this address, or is in the folder that it names.
    pub fn contains(&self, other: &Address) -> bool {
        match (&self.0, &other.0) {
            (Place::Object { container, key }, Place::Object { container: theirs, key: inner }) => {
                let folder = folder(key);
                container == theirs && (key == inner || inner.starts_with(&folder))
            }
            (Place::Web(own), Place::Web(other)) => own == other,
            _ => false,
        }
    }
}

/// Returns the prefix of the keys in a folder.
pub(crate) fn folder(key: &str) -> String {
    if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Object { container, key } => {
                let Container { provider, account, name } = container;
                match provider {
                    Provider::Azure => write!(f, "az://{account}/{name}")?,
                    Provider::S3 => write!(f, "s3://{name}")?,
                    Provider::Gcs => write!(f, "gs://{name}")?,
                }
                if key.is_empty() {
                    return Ok(());
                }
                let mut escaped = String::with_capacity(key.len());
                escape(key, &mut escaped);
                write!(f, "/{escaped}")
            }
            Place::Web(url) => f.write_str(url.shown()),
        }
    }
}

fn invalid(words: &str) -> StoreError {
    StoreError::config(words)
}

fn key_of(text: &str) -> Result<String, StoreError> {
    unescape(text).ok_or_else(|| invalid("the key is not UTF-8"))
}

/// Splits a name from the path that follows it.
fn first(text: &str) -> (&str, &str) {
    text.split_once('/').unwrap_or((text, ""))
}

fn checked(name: &str, what: &str) -> Result<String, StoreError> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.$".contains(&byte);
    match !name.is_empty() && name.bytes().all(is_name) {
        true => Ok(name.to_owned()),
        false => Err(invalid(&format!("{what} is missing or not valid"))),
    }
}

fn azure(rest: &str) -> Result<Address, StoreError> {
    let form = "az://ACCOUNT/CONTAINER/KEY";
    let (account, rest) = first(rest);
    let (name, key) = first(rest);
    let account = checked(account, &format!("the account of {form}"))?;
    let name = checked(name, &format!("the container of {form}"))?;
    Ok(Address::object(Container { provider: Provider::Azure, account, name }, key_of(key)?))
}

/// `abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/KEY`, the form of Hadoop, whose keys have no
/// escapes.
fn data_lake(rest: &str) -> Result<Address, StoreError> {
    let (authority, key) = first(rest);
    let Some((name, host)) = authority.split_once('@') else {
        return Err(invalid("it has the form abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/KEY"));
    };
    let (account, _) = host.split_once('.').unwrap_or((host, ""));
    let account = checked(account, "the account")?;
    let name = checked(name, "the container")?;
    let container = Container { provider: Provider::Azure, account, name };
    Ok(Address::object(container, key.to_owned()))
}

fn bucket(provider: Provider, rest: &str) -> Result<Address, StoreError> {
    let (name, key) = first(rest);
    let name = checked(name, "the bucket")?;
    Ok(Address::object(Container { provider, account: String::new(), name }, key_of(key)?))
}

fn web(text: &str, rest: &str) -> Result<Address, StoreError> {
    let url = SecretUrl::parse(text)?;
    let (authority, path) = first(rest);
    let host = authority.to_ascii_lowercase();
    let account = AZURE_HOSTS.iter().find_map(|end| host.strip_suffix(end));
    // An address with a signature is read as it is.
    if let Some(account) = account.filter(|_| !url.has_query()) {
        let path = path.split('#').next().unwrap_or_default();
        let (name, key) = first(path);
        let account = checked(account, "the account")?;
        let name = checked(name, "the container")?;
        let container = Container { provider: Provider::Azure, account, name };
        return Ok(Address::object(container, key_of(key)?));
    }
    Ok(Address(Place::Web(url)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<Result<String, String>> {
        let parsed = Address::parse(text)?;
        Some(parsed.map(|it| it.to_string()).map_err(|error| error.to_string()))
    }

    #[test]
    fn addresses_have_one_canonical_form() {
        for (text, expected) in [
            ("az://acct/box", "az://acct/box"),
            ("az://acct/box/", "az://acct/box"),
            ("AZ://acct/box/a/b.docx", "az://acct/box/a/b.docx"),
            ("az://acct/box/a//b", "az://acct/box/a/%2Fb"),
            ("az://acct/box/a/%2Fb", "az://acct/box/a/%2Fb"),
            ("abfss://box@acct.dfs.core.windows.net/a/100%.docx", "az://acct/box/a/100%25.docx"),
            ("https://acct.blob.core.windows.net/box/a%20b", "az://acct/box/a b"),
            ("s3://bucket/a?b", "s3://bucket/a?b"),
            ("s3a://bucket/dir/", "s3://bucket/dir%2F"),
            ("gs://bucket", "gs://bucket"),
            ("https://example.com/a.docx?sig=s#f", "https://example.com/a.docx"),
            (
                "https://acct.blob.core.windows.net/box/a?sig=s",
                "https://acct.blob.core.windows.net/box/a",
            ),
        ] {
            assert_eq!(shown(text), Some(Ok(expected.to_owned())), "{text}");
        }
        for text in ["/mnt/share", "C:\\a", "file:///a", "a", "//server/share"] {
            assert_eq!(shown(text), None, "{text}");
        }
        for text in ["az://", "az://acct", "s3://", "s3://a b/c", "abfss://box/a", "https://"] {
            assert!(shown(text).unwrap().is_err(), "{text}");
        }
    }

    #[test]
    fn folder_contains_its_objects_and_no_neighbors() {
        let address = |text| Address::parse(text).unwrap().unwrap();
        let folder = address("az://acct/box/a");
        for (text, expected) in [
            ("az://acct/box/a", true),
            ("az://acct/box/a/b", true),
            ("az://acct/box/ab", false),
            ("az://acct/bo/a/b", false),
            ("az://other/box/a/b", false),
        ] {
            assert_eq!(folder.contains(&address(text)), expected, "{text}");
        }
        assert!(address("az://acct/box").contains(&folder));
    }
}

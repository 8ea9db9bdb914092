//! [`ListedObject`]: an object as a listing describes it.

use crate::address::{Address, Place};
use crate::time::Time;

/// An object as a listing describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedObject {
    /// Where it is read.
    pub address: Address,
    /// What it is called in records: the canonical form of its address, or the name that a listing
    /// gives.
    pub name: String,
    /// Bytes; `None` if the listing does not tell.
    pub size: Option<u64>,
    /// The last change.
    pub modified: Option<Time>,
    /// The entity tag, without the quotes that HTTP puts around it.
    pub etag: Option<String>,
    /// The version, if the listing tells.
    pub version_id: Option<String>,
    /// The storage class as the store names it.
    pub tier: Option<String>,
    /// It is not an object, but a marker of a folder, without content.
    pub is_folder: bool,
}

/// Storage classes that cannot be read before an object is restored. `GLACIER_IR` can.
const ARCHIVES: [&str; 5] = ["archive", "glacier", "deep_archive", "snow", "outposts_archive"];

impl ListedObject {
    /// Creates an object of which only the address is known.
    pub fn new(address: Address) -> ListedObject {
        ListedObject {
            name: address.to_string(),
            address,
            size: None,
            modified: None,
            etag: None,
            version_id: None,
            tier: None,
            is_folder: false,
        }
    }

    /// Returns whether the storage class says that the object cannot be read.
    pub fn is_archived(&self) -> bool {
        let tier = self.tier.as_deref().unwrap_or_default();
        ARCHIVES.iter().any(|archive| tier.eq_ignore_ascii_case(archive))
    }

    /// Returns whether the address was given with a query, which may be a signature.
    pub fn is_web(&self) -> bool {
        matches!(self.address.0, Place::Web(_))
    }
}

/// Removes the quotes of HTTP from an entity tag. Listings write it with and without them. A weak tag
/// (`W/"…"`) stays.
pub(crate) fn without_quotes(etag: &str) -> &str {
    let inner = etag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or(etag)
}

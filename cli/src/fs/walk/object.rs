//! Objects of stores, as a walk and its workers see them.

use std::fmt::Debug;
use std::sync::Arc;

use rmsight::{ErrorCode, ReadAt};

use super::stamp::{ObjectStamp, Stamp};

/// An object that was opened.
pub(crate) struct OpenObject {
    pub(crate) source: Box<dyn ReadAt>,
    /// As the store says.
    pub(crate) stamp: Stamp,
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
}

/// Why an object or a page of a listing was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectFailure {
    pub(crate) code: ErrorCode,
    pub(crate) words: String,
}

/// Opens one object.
pub(crate) trait ObjectReader: Debug + Send + Sync {
    fn open(&self) -> Result<OpenObject, ObjectFailure>;
}

/// What a job needs of an object.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) stamp: ObjectStamp,
    pub(crate) reader: Box<dyn ObjectReader>,
}

/// An entry of a listing.
#[derive(Debug)]
#[cfg_attr(not(feature = "object-store"), expect(dead_code, reason = "only stores list objects"))]
pub(crate) enum ListedEntry {
    Object(FoundObject),
    /// A marker of a folder, an earlier version or a deleted object.
    LeftOut,
}

/// An object that a listing contains.
#[derive(Debug)]
pub(crate) struct FoundObject {
    /// The path of its records. It does not end with a slash.
    pub(crate) path: String,
    pub(crate) stamp: Option<Stamp>,
    /// Its storage class says that it cannot be read.
    pub(crate) is_archived: bool,
    pub(crate) object: Object,
}

/// Pages of a listing.
pub(crate) type ObjectPages = Box<dyn Iterator<Item = Result<Vec<ListedEntry>, ObjectFailure>>>;

/// Lists the objects of a root.
pub(crate) trait ObjectLister: Debug + Send + Sync {
    fn pages(&self) -> ObjectPages;

    /// Returns whether it is a list: objects that are missing from it are not gone.
    fn is_list(&self) -> bool;
}

/// A lister that roots share.
pub(crate) type SharedLister = Arc<dyn ObjectLister>;

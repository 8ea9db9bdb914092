//! The columns of listings, by the names that different tools give them.

use crate::error::StoreError;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The name in records, or the address of an object.
    Path,
    /// Where the bytes are; it may be signed.
    Url,
    /// Container and key of Azure Blob Inventory.
    Name,
    Bucket,
    Key,
    Size,
    Etag,
    Modified,
    Tier,
    Version,
    /// False for an earlier version.
    IsLatest,
    /// True for what is not an object now.
    IsDeleted,
    Snapshot,
    IsFolder,
}

/// Names in lower case, without other characters than letters and digits.
const NAMES: &[(&str, Field)] = &[
    ("path", Field::Path),
    ("url", Field::Url),
    ("downloadurl", Field::Url),
    ("name", Field::Name),
    ("bucket", Field::Bucket),
    ("key", Field::Key),
    ("size", Field::Size),
    ("contentlength", Field::Size),
    ("etag", Field::Etag),
    ("modified", Field::Modified),
    ("lastmodified", Field::Modified),
    ("lastmodifieddate", Field::Modified),
    ("tier", Field::Tier),
    ("accesstier", Field::Tier),
    ("storageclass", Field::Tier),
    ("versionid", Field::Version),
    ("islatest", Field::IsLatest),
    ("iscurrentversion", Field::IsLatest),
    ("isdeletemarker", Field::IsDeleted),
    ("deleted", Field::IsDeleted),
    ("snapshot", Field::Snapshot),
    ("hdiisfolder", Field::IsFolder),
];

impl Field {
    pub(super) fn named(name: &str) -> Option<Field> {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        let plain: String = letters.map(|char| char.to_ascii_lowercase()).collect();
        NAMES.iter().find(|(known, _)| *known == plain).map(|(_, field)| *field)
    }
}

/// The fields of the columns of a table; `None` for a column that is not used.
#[derive(Debug, Clone)]
pub(super) struct Columns(Vec<Option<Field>>);

impl Columns {
    pub(super) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Columns {
        Columns(names.map(|name| Field::named(name.trim_start_matches('\u{feff}'))).collect())
    }

    /// Returns the used columns with their positions.
    pub(super) fn fields(&self) -> impl Iterator<Item = (usize, Field)> {
        self.0.iter().enumerate().filter_map(|(at, field)| Some((at, (*field)?)))
    }

    /// # Errors
    /// Fails if no column names an object.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let names = [Field::Path, Field::Url, Field::Name, Field::Key];
        match self.fields().any(|(_, field)| names.contains(&field)) {
            true => Ok(()),
            false => Err(StoreError::config(
                "it needs a header with a column path or url, or with those of an inventory",
            )),
        }
    }
}

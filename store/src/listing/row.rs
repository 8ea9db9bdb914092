//! [`Row`]: one row of a listing, and the object that it describes.

use serde_json::Value as Json;

use super::columns::Field;
use crate::address::Address;
use crate::error::StoreError;
use crate::escape::unescape;
use crate::object::{ListedObject, without_quotes};
use crate::time::Time;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Int(i64),
    Time(Time),
    Bool(bool),
}

impl Cell {
    /// Returns `None` for null and for values that no column has.
    pub(super) fn of_json(value: &Json) -> Option<Cell> {
        match value {
            Json::String(text) => Some(Cell::Text(text.clone())).filter(|_| !text.is_empty()),
            Json::Number(number) => number.as_i64().map(Cell::Int),
            Json::Bool(truth) => Some(Cell::Bool(*truth)),
            _ => None,
        }
    }

    fn int(&self) -> Option<u64> {
        match self {
            Cell::Int(number) => u64::try_from(*number).ok(),
            Cell::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    fn time(&self) -> Option<Time> {
        match self {
            Cell::Time(time) => Some(*time),
            Cell::Text(text) => Time::parse(text),
            Cell::Int(milliseconds) => Time::from_millis(*milliseconds),
            Cell::Bool(_) => None,
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Cell::Bool(truth) => *truth,
            Cell::Text(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }
}

/// One row of a listing.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) cells: Vec<(Field, Cell)>,
    /// Keys are percent-encoded, as in the CSV files of S3 Inventory.
    pub(super) is_encoded: bool,
    /// The bucket of an S3 Inventory.
    pub(super) bucket: Option<String>,
}

impl Row {
    fn cell(&self, field: Field) -> Option<&Cell> {
        self.cells.iter().find(|(found, _)| *found == field).map(|(_, cell)| cell)
    }

    fn text(&self, field: Field) -> Option<&str> {
        match self.cell(field)? {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the object of the row; `None` for an earlier version, a deleted object or a snapshot.
    ///
    /// # Errors
    /// Fails if a value is missing or not valid.
    pub(super) fn object(&self, account: Option<&str>) -> Result<Option<ListedObject>, StoreError> {
        let is_past = self.cell(Field::IsLatest).is_some_and(|cell| !cell.is_true())
            || self.cell(Field::IsDeleted).is_some_and(Cell::is_true)
            || self.cell(Field::Snapshot).is_some();
        if is_past {
            return Ok(None);
        }
        let (address, name) = self.place(account)?;
        let mut object = ListedObject::new(address);
        if let Some(name) = name {
            object.name = name;
        }
        let wrong = |what: &str| StoreError::config(format!("its {what} is not valid"));
        if let Some(size) = self.cell(Field::Size) {
            object.size = Some(size.int().ok_or_else(|| wrong("size"))?);
        }
        if let Some(modified) = self.cell(Field::Modified) {
            object.modified = Some(modified.time().ok_or_else(|| wrong("time"))?);
        }
        object.etag = self.text(Field::Etag).map(|etag| without_quotes(etag).to_owned());
        object.version_id = self.text(Field::Version).map(str::to_owned);
        object.tier = self.text(Field::Tier).map(str::to_owned);
        object.is_folder = self.cell(Field::IsFolder).is_some_and(Cell::is_true)
            || (object.address.key().ends_with('/') && object.size.unwrap_or(0) == 0);
        Ok(Some(object))
    }

    /// Returns the address, and the name in records if it is not the address.
    fn place(&self, account: Option<&str>) -> Result<(Address, Option<String>), StoreError> {
        if let Some(name) = self.text(Field::Name).filter(|_| self.text(Field::Path).is_none()) {
            let account = account.ok_or_else(|| {
                StoreError::config("an Azure Blob Inventory needs --listing-account")
            })?;
            let (container, key) = name
                .split_once('/')
                .ok_or_else(|| StoreError::config("its name has no container and key"))?;
            return Ok((Address::azure_object(account, container, key), None));
        }
        if let Some(key) = self.text(Field::Key) {
            let bucket = self.text(Field::Bucket).or(self.bucket.as_deref());
            let bucket = bucket.ok_or_else(|| StoreError::config("it has no bucket"))?;
            let key = match self.is_encoded {
                true => unescape(&key.replace('+', " "))
                    .ok_or_else(|| StoreError::config("its key is not UTF-8"))?,
                false => key.to_owned(),
            };
            return Ok((Address::s3_object(bucket, &key), None));
        }
        let path = self.text(Field::Path);
        let known = path.and_then(Address::parse).transpose()?;
        let Some(url) = self.text(Field::Url) else {
            let words = "it has neither a url nor the address of an object as its path";
            return known.map(|it| (it, None)).ok_or_else(|| StoreError::config(words));
        };
        let address = Address::parse(url)
            .ok_or_else(|| StoreError::config("its url is not an address"))
            .flatten()?;
        let name = match (known, path) {
            (Some(known), _) => Some(known.to_string()),
            (None, Some(path)) if path.ends_with('/') => {
                return Err(StoreError::config("its path ends with a slash"));
            }
            (None, path) => path.map(str::to_owned),
        };
        Ok((address, name))
    }
}

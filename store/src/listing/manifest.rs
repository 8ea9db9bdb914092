//! [`Manifest`]: `manifest.json` of S3 Inventory.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::columns::Columns;
use super::failed;
use crate::error::StoreError;

/// The files of an S3 Inventory.
#[derive(Debug)]
pub(super) struct Manifest {
    pub(super) bucket: String,
    /// The columns of CSV files; `None` for Parquet.
    pub(super) columns: Option<Columns>,
    /// The files, as they are on this computer.
    pub(super) files: Vec<PathBuf>,
}

impl Manifest {
    /// # Errors
    /// Fails if the file is not such a manifest, or if a file that it names is missing.
    pub(super) fn read(file: &Path) -> Result<Manifest, StoreError> {
        let text = fs::read_to_string(file).map_err(|error| failed(file, error))?;
        let json: Json = serde_json::from_str(&text).map_err(|_| {
            failed(file, "it is neither NDJSON nor the manifest of an S3 Inventory")
        })?;
        let field = |name: &str| {
            let text = json.get(name).and_then(Json::as_str);
            text.ok_or_else(|| failed(file, format_args!("a manifest of S3 Inventory has {name}")))
        };
        let bucket = field("sourceBucket")?.to_owned();
        let columns = match field("fileFormat")? {
            "CSV" => {
                let columns = Columns::new(field("fileSchema")?.split(',').map(str::trim));
                columns.check().map_err(|error| failed(file, error))?;
                Some(columns)
            }
            "Parquet" => None,
            _ => {
                return Err(failed(file, "S3 Inventory as CSV or Parquet can be read, not as ORC"));
            }
        };
        let keys = json.get("files").and_then(Json::as_array).map(Vec::as_slice);
        let keys = keys.unwrap_or_default().iter().map(|it| it.get("key").and_then(Json::as_str));
        let files = keys.map(|key| {
            let key = key.ok_or_else(|| failed(file, "a file of it has no key"))?;
            local(file, key).ok_or_else(|| {
                let name = key.rsplit('/').next().unwrap_or_default();
                failed(file, format_args!("{name} is missing: put it beside the manifest"))
            })
        });
        Ok(Manifest { bucket, columns, files: files.collect::<Result<_, _>>()? })
    }
}

/// Finds a file of the inventory: beside the manifest, or where S3 puts it relative to it.
fn local(manifest: &Path, key: &str) -> Option<PathBuf> {
    let name = Path::new(key).file_name()?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    let places =
        [folder.join(name), folder.join("data").join(name), folder.join("../data").join(name)];
    places.into_iter().find(|place| place.is_file())
}

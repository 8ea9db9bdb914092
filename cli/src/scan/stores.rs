//! Roots in object stores, and listings of objects.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rmsight::ErrorCode;
use rmsight_store::{
    Address, ListedObject, Listing, ListingFormat, RequestOptions, StoreError, StoreErrorKind,
    Stores,
};

use super::object_roots::{
    ObjectOpener, ObjectRoot, ObjectRoots, RequestCounter, RequestCounts, StoreTraffic,
};
use super::options::{ListingFile, ListingKind, ScanOptions};
use crate::digest::UnorderedDigest;
use crate::exit::{Failure, Result};
use crate::fs::path::{is_address, normal};
use crate::fs::throttle::Throttle;
use crate::fs::walk::{
    FoundObject, ListedEntry, Object, ObjectFailure, ObjectLister, ObjectPages, ObjectReader,
    ObjectStamp, OpenObject, Stamp,
};
use crate::stop::Stop;

/// Rows of a listing that are handed over together.
const ROWS: usize = 1_000;

/// The variable of the SDKs that names the storage account.
const ACCOUNT_VARIABLE: &str = "AZURE_STORAGE_ACCOUNT_NAME";

/// Hexadecimal digits of the digest in the identity of a listing.
const DIGITS: usize = 16;

impl RequestCounter for Stores {
    fn counts(&self) -> RequestCounts {
        let traffic = self.traffic();
        let (requests, repeated) = (traffic.requests, traffic.retries);
        RequestCounts { requests, repeated, bytes: traffic.bytes }
    }
}

/// Returns the roots of objects among the paths that the user named, and the listing.
///
/// # Errors
/// Fails if an address is not valid, or if the listing cannot be read.
pub(super) fn roots(
    options: &ScanOptions,
    stop: &Stop,
    throttle: &Arc<Throttle>,
) -> Result<ObjectRoots> {
    let addresses = addresses(&options.paths)?;
    if addresses.is_empty() && options.listing.is_none() && options.only.is_empty() {
        return Ok(ObjectRoots::default());
    }
    let mut requests = RequestOptions::default();
    // One request each; more threads than that wait.
    requests.in_flight = options.jobs.unwrap_or(requests.in_flight);
    let (stop, throttle) = (stop.clone(), Arc::clone(throttle));
    requests.is_stopped = Arc::new(move || stop.is_raised());
    requests.pace = Arc::new(move |bytes| throttle.bytes(bytes));
    let stores = Arc::new(Stores::new(requests));
    let mut roots = Vec::new();
    for address in distinct(addresses) {
        let path = PathBuf::from(address.to_string());
        let lister = StoreLister { stores: Arc::clone(&stores), root: address };
        roots.push(ObjectRoot { path, lister: Arc::new(lister) });
    }
    if let Some(file) = &options.listing {
        let listing = open(file)?;
        let path = identity(&file.file, &listing)?;
        let lister = FileLister { stores: Arc::clone(&stores), listing };
        roots.push(ObjectRoot { path, lister: Arc::new(lister) });
    }
    let opener = StoreOpener(Arc::clone(&stores));
    // The list of --only may contain no object.
    let counter = (!roots.is_empty()).then_some(stores as Arc<dyn RequestCounter>);
    Ok(ObjectRoots { roots, traffic: StoreTraffic(counter), opener: Some(Box::new(opener)) })
}

fn addresses(paths: &[PathBuf]) -> Result<Vec<Address>> {
    let mut all = Vec::new();
    for path in paths.iter().filter(|path| is_address(path.as_os_str().as_encoded_bytes())) {
        let text = path.to_string_lossy();
        // A query may contain a signature.
        let shown = text.split(['?', '#']).next().unwrap_or_default();
        let address = Address::parse(&text).ok_or_else(|| {
            let forms = "az://, abfss://, s3://, gs:// and https:// are known";
            Failure::message(format_args!("{shown}: {forms}"))
        })?;
        let address =
            address.map_err(|error| Failure::message(format_args!("{shown}: {error}")))?;
        all.push(address.into_root());
    }
    Ok(all)
}

/// Returns the addresses without those that are inside another one.
fn distinct(addresses: Vec<Address>) -> Vec<Address> {
    let is_inside = |at: usize, one: &Address| {
        addresses
            .iter()
            .enumerate()
            .any(|(other_at, other)| other.contains(one) && (!one.contains(other) || other_at < at))
    };
    let kept = addresses.iter().enumerate().filter(|(at, one)| !is_inside(*at, one));
    kept.map(|(_, one)| one.clone()).collect()
}

fn open(file: &ListingFile) -> Result<Listing> {
    let format = file.format.map(|kind| match kind {
        ListingKind::Ndjson => ListingFormat::Ndjson,
        ListingKind::Csv => ListingFormat::Csv,
        ListingKind::Parquet => ListingFormat::Parquet,
        ListingKind::S3Inventory => ListingFormat::Manifest,
    });
    let account = file.account.clone().or_else(|| std::env::var(ACCOUNT_VARIABLE).ok());
    Listing::open(&file.file, format, account).map_err(|error| of_listing(&file.file, &error))
}

fn of_listing(file: &Path, error: &StoreError) -> Failure {
    Failure::message(format_args!("{}: {error}", file.display()))
}

/// Returns the identity of a listing for an inventory: its path, and a digest of the names in it,
/// whatever their order. New signatures and tags do not change it.
fn identity(file: &Path, listing: &Listing) -> Result<PathBuf> {
    let failed = |error: StoreError| of_listing(file, &error);
    let mut digest = UnorderedDigest::default();
    for row in listing.rows().map_err(failed)? {
        let Some(object) = row.map_err(failed)? else { continue };
        digest.add(object.name.as_bytes());
    }
    let hex = digest.hex();
    let path = normal(file)
        .map_err(|error| Failure::message(format_args!("{}: {error}", file.display())))?;
    let mut identity = path.into_os_string();
    identity.push("#");
    identity.push(hex.get(..DIGITS).unwrap_or(&hex));
    Ok(identity.into())
}

/// Lists a container or a part of one.
#[derive(Debug)]
struct StoreLister {
    stores: Arc<Stores>,
    root: Address,
}

impl ObjectLister for StoreLister {
    fn pages(&self) -> ObjectPages {
        let stores = Arc::clone(&self.stores);
        Box::new(self.stores.list(&self.root).map(move |page| {
            let page = page.map_err(|error| failure(&error))?;
            Ok(page.into_iter().map(|object| entry(&stores, object)).collect())
        }))
    }

    fn is_list(&self) -> bool {
        false
    }
}

/// Reads a listing from a file.
#[derive(Debug)]
struct FileLister {
    stores: Arc<Stores>,
    listing: Listing,
}

impl ObjectLister for FileLister {
    fn pages(&self) -> ObjectPages {
        let stores = Arc::clone(&self.stores);
        let mut rows = match self.listing.rows() {
            Ok(rows) => rows,
            Err(error) => return Box::new(std::iter::once(Err(failure(&error)))),
        };
        Box::new(std::iter::from_fn(move || {
            let page: std::result::Result<Vec<ListedEntry>, StoreError> = rows
                .by_ref()
                .take(ROWS)
                .map(|row| {
                    let object = row?;
                    Ok(object.map_or(ListedEntry::LeftOut, |object| entry(&stores, object)))
                })
                .collect();
            match page {
                Ok(page) if page.is_empty() => None,
                page => Some(page.map_err(|error| failure(&error))),
            }
        }))
    }

    fn is_list(&self) -> bool {
        true
    }
}

fn entry(stores: &Arc<Stores>, listed: ListedObject) -> ListedEntry {
    if listed.is_folder {
        return ListedEntry::LeftOut;
    }
    let modified = listed.modified.map(|time| (time.seconds, time.nanoseconds));
    ListedEntry::Object(FoundObject {
        path: listed.name.clone(),
        stamp: listed.size.map(|size| Stamp { size, modified, changed: None }),
        is_archived: listed.is_archived(),
        object: Object {
            stamp: ObjectStamp {
                etag: listed.etag.clone(),
                version_id: listed.version_id.clone(),
                tier: listed.tier.clone(),
            },
            reader: Box::new(StoreReader { stores: Arc::clone(stores), listed }),
        },
    })
}

/// Opens objects that an earlier scan listed.
#[derive(Debug)]
struct StoreOpener(Arc<Stores>);

impl ObjectOpener for StoreOpener {
    fn object(&self, address: &str) -> Option<Object> {
        let listed = ListedObject::new(Address::parse(address)?.ok()?);
        let reader = StoreReader { stores: Arc::clone(&self.0), listed };
        Some(Object { stamp: ObjectStamp::default(), reader: Box::new(reader) })
    }
}

#[derive(Debug)]
struct StoreReader {
    stores: Arc<Stores>,
    listed: ListedObject,
}

impl ObjectReader for StoreReader {
    fn open(&self) -> std::result::Result<OpenObject, ObjectFailure> {
        let source = self.stores.open(&self.listed).map_err(|error| {
            let mut failure = failure(&error);
            // A signature that has expired: a new listing has a valid one.
            if self.listed.is_web() && failure.code == ErrorCode::PermissionDenied {
                failure.code = ErrorCode::Io;
            }
            failure
        })?;
        let modified = source.modified().map(|time| (time.seconds, time.nanoseconds));
        Ok(OpenObject {
            stamp: Stamp { size: source.len(), modified, changed: None },
            etag: source.etag().map(str::to_owned),
            version_id: source.version_id().map(str::to_owned),
            source: Box::new(source),
        })
    }
}

fn failure(error: &StoreError) -> ObjectFailure {
    let code = match error.kind() {
        StoreErrorKind::Changed => ErrorCode::ChangedWhileReading,
        StoreErrorKind::Denied => ErrorCode::PermissionDenied,
        StoreErrorKind::Archived => ErrorCode::NotHydrated,
        _ => ErrorCode::Io,
    };
    ObjectFailure { code, words: error.to_string() }
}

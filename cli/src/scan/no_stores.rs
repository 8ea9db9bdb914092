//! Takes the place of `stores.rs` in a build without the feature `object-store`.

use std::path::PathBuf;
use std::sync::Arc;

use super::object_roots::ObjectRoots;
use super::options::ScanOptions;
use crate::exit::{Failure, Result};
use crate::fs::path::is_address;
use crate::fs::throttle::Throttle;
use crate::stop::Stop;

/// # Errors
/// Fails if the user named objects.
pub(super) fn roots(options: &ScanOptions, _: &Stop, _: &Arc<Throttle>) -> Result<ObjectRoots> {
    let is_object = |path: &PathBuf| is_address(path.as_os_str().as_encoded_bytes());
    if options.listing.is_some() || options.paths.iter().any(is_object) {
        return Err(Failure::message(
            "this program was built without object stores, which the released programs and the \
             Python package read. Build it again: \
             cargo build --release -p rmsight-cli --features object-store",
        ));
    }
    Ok(ObjectRoots::default())
}

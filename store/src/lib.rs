//! Objects of Azure Blob Storage, Amazon S3, Google Cloud Storage and web servers as sources of
//! [`rmsight`]: lists them page by page, and reads them by few bounded ranges.
//!
//! Nothing of an object is written to disk. Every request is repeated after failures that may pass,
//! with growing random waits; a store that asks to slow down gets fewer requests at once.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use rmsight::Inspector;
//! use rmsight_store::{Address, RequestOptions, Stores};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let stores = Arc::new(Stores::new(RequestOptions::default()));
//! let root = Address::parse("az://contoso/share").ok_or("no address")??;
//! let mut inspector = Inspector::default();
//! for page in stores.list(&root) {
//!     for object in page? {
//!         let source = stores.open(&object)?;
//!         let report = inspector.inspect(&source)?;
//!         println!("{}: {} findings", object.name, report.findings().count());
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod address;
mod connect;
mod error;
mod escape;
mod listing;
mod object;
mod page;
mod secret;
mod service;
mod settings;
mod source;
mod store;
mod time;
mod transport;

pub use address::{Address, Provider};
pub use error::{StoreError, StoreErrorKind};
pub use listing::{Listing, ListingFormat, ListingRows};
pub use object::ListedObject;
pub use source::ObjectSource;
pub use store::{ObjectPages, Stores};
pub use time::Time;
pub use transport::{RequestOptions, Traffic};

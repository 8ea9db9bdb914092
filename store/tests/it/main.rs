//! Tests against a server in this process that misbehaves on purpose.

#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::as_conversions)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::string_slice)]

mod fake;
mod listing;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use fake::Fake;
use rmsight_store::{RequestOptions, Stores};

/// Returns clients of the server that soon give up an attempt.
fn stores(fake: &Fake) -> Arc<Stores> {
    let mut options = RequestOptions::default();
    options.timeout = Duration::from_millis(500);
    options.patience = Duration::from_secs(20);
    stores_with(fake, options)
}

fn stores_with(fake: &Fake, options: RequestOptions) -> Arc<Stores> {
    Arc::new(Stores::with_settings(options, fake.settings()))
}

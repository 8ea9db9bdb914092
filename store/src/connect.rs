//! The clients of `object_store`, and their errors.

use std::error::Error as _;
use std::fmt::Debug;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::list::PaginatedListStore;
use object_store::{ObjectStore, RetryConfig};

use crate::address::{Container, Provider};
use crate::error::{StoreError, StoreErrorKind};
use crate::service::Connector;
use crate::settings::Settings;
use crate::transport::Transport;

/// The client of one container.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) objects: Arc<dyn ObjectStore>,
    pub(crate) pages: Box<dyn PageStore>,
}

pub(crate) trait PageStore: PaginatedListStore + Debug {}
impl<T: PaginatedListStore + Debug> PageStore for T {}

impl Client {
    fn of(store: impl ObjectStore + PageStore + Clone) -> Client {
        Client { objects: Arc::new(store.clone()), pages: Box::new(store) }
    }
}

/// Creates the client of a container.
pub(crate) fn connect(
    container: &Container,
    settings: &Settings,
    transport: &Arc<Transport>,
) -> Result<Client, StoreError> {
    let connector = Connector(Arc::clone(transport));
    // The transport repeats requests.
    let retry = RetryConfig { max_retries: 0, ..RetryConfig::default() };
    let name = container.name.as_str();
    let failed = |error: object_store::Error| {
        StoreError::config(format!("{name}: {}", without_queries(&error.to_string())))
    };
    match container.provider {
        Provider::Azure => {
            let mut builder = MicrosoftAzureBuilder::new();
            for (key, value) in settings.of("AZURE_") {
                builder = builder.with_config(key, value);
            }
            if let Some(endpoint) = settings.get("IDENTITY_ENDPOINT") {
                builder = builder.with_msi_endpoint(endpoint);
            }
            let named = builder.get_config_value(&AzureConfigKey::AccountName);
            let has_key = builder.get_config_value(&AzureConfigKey::AccessKey).is_some();
            if let Some(named) = named.filter(|named| has_key && *named != container.account) {
                return Err(StoreError::config(format!(
                    "{}: the environment has the key of the account {named}",
                    container.account
                )));
            }
            let builder = builder
                .with_account(&container.account)
                .with_container_name(name)
                .with_http_connector(connector)
                .with_retry(retry);
            builder.build().map(Client::of).map_err(failed)
        }
        Provider::S3 => {
            let mut builder = AmazonS3Builder::new();
            for (key, value) in settings.of("AWS_") {
                builder = builder.with_config(key, value);
            }
            let builder =
                builder.with_bucket_name(name).with_http_connector(connector).with_retry(retry);
            builder.build().map(Client::of).map_err(failed)
        }
        Provider::Gcs => {
            let mut builder = GoogleCloudStorageBuilder::new();
            for (key, value) in settings.of("GOOGLE_") {
                builder = builder.with_config(key, value);
            }
            let builder =
                builder.with_bucket_name(name).with_http_connector(connector).with_retry(retry);
            builder.build().map(Client::of).map_err(failed)
        }
    }
}

/// Converts an error of `object_store`, whose text can contain an address with a signature.
pub(crate) fn of_client(error: &object_store::Error) -> StoreError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(own) = inner.downcast_ref::<StoreError>() {
            return own.clone();
        }
        cause = inner.source();
    }
    let kind = match error {
        object_store::Error::NotFound { .. } => StoreErrorKind::NotFound,
        object_store::Error::Precondition { .. } => StoreErrorKind::Changed,
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => StoreErrorKind::Denied,
        _ => StoreErrorKind::Io,
    };
    StoreError::new(kind, without_queries(&error.to_string()))
}

/// Removes the queries of addresses in a text.
fn without_queries(text: &str) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('?') {
        whole += before;
        let end = after.find(|char: char| char.is_whitespace() || "\"'),>".contains(char));
        rest = end.and_then(|end| after.get(end..)).unwrap_or_default();
    }
    whole + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_of_addresses_are_removed_from_messages() {
        for (text, expected) in [
            ("GET http://h/a?sig=s failed", "GET http://h/a failed"),
            ("(\"http://h/a?sig=s&b=%2F\")", "(\"http://h/a\")"),
            ("http://h/a?sig=s", "http://h/a"),
            ("no address", "no address"),
        ] {
            assert_eq!(without_queries(text), expected);
        }
    }
}

//! License builders for the three publishers of the corpus.

use crate::client::Client;
use crate::license::{Documents, LicenseBuilder};
use crate::server::Server;
use crate::text::Encoding;

/// Names and contents of the files of one folder.
pub(crate) type FolderFiles = Vec<(&'static str, Vec<u8>)>;

/// The template id in the licenses of the AD RMS clusters.
pub(crate) const TEMPLATE: &str = "{5a3b1c9d-7e2f-4a6b-8c0d-1e2f3a4b5c6d}";
/// The id of the sensitivity label in the licenses of the Azure tenant.
pub(crate) const LABEL: &str = "8f6e4d2c-1b3a-4958-8776-a5b4c3d2e1f0";

/// A license of an AD RMS cluster in mode 2, published by a client, with the whole chain.
pub(crate) fn contoso() -> LicenseBuilder {
    LicenseBuilder::client(&Server::contoso(), &Client::windows())
        .descriptor(TEMPLATE, &[(1033, "Contoso Confidential", "For employees only")])
        .app_data("Microsoft.MSIPC.RequireRmsAwareApplication", "True")
}

/// A license of an AD RMS cluster in mode 1, published by a client, with the client's certificate.
pub(crate) fn legacy() -> LicenseBuilder {
    LicenseBuilder::client(&Server::contoso_legacy(), &Client::windows())
        .documents(Documents::Two)
        .descriptor(TEMPLATE, &[(1033, "Contoso Confidential", "For employees only")])
}

/// A license that an Azure tenant published, without a chain.
pub(crate) fn azure() -> LicenseBuilder {
    LicenseBuilder::server(&Server::azure()).label(LABEL, &azure_tenant())
}

/// The tenant id of [`Server::azure`], without braces.
pub(crate) fn azure_tenant() -> String {
    Server::azure()
        .tenant
        .expect("an Azure server has a tenant")
        .trim_matches(['{', '}'])
        .to_owned()
}

/// Builds the license with the UTF-8 byte-order mark that writers of generic files and PDF add.
pub(crate) fn with_bom(license: LicenseBuilder) -> Vec<u8> {
    license.encoding(Encoding::Utf8Bom).build()
}

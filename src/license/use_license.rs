//! [`UseLicense`]: the server and the time of a use license that is cached in a file.

use super::cache::ParserCache;
use super::chain_file::unwrap_chain;
use super::documents;
use super::key::RsaKey;
use super::owned::{DocumentEntry, LocatedDocument, OwnedParty};
use super::text::LicenseText;
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::facts::LicenseFacts;
use crate::kinds::Depth;
use crate::limits::{Limit, Meter};
use crate::timestamp::Timestamp;

/// The content of a cached use license.
#[derive(Debug)]
pub(crate) struct UseLicense {
    pub(crate) issued: Option<Timestamp>,
    /// The fields of its Server Licensor Certificate; all others are `None`.
    pub(crate) server: LicenseFacts,
}

/// Reads a use license, as XrML or in a `<certificatechain>` (MS-OFFCRYPTO 2.2.7). Fails if it
/// contains no document or a budget is spent; other damage is ignored.
pub(crate) fn read_use_license(
    bytes: &[u8],
    caches: &mut ParserCache,
    meter: &Meter,
) -> Result<UseLicense> {
    meter.check(Limit::LicenseBytes, to_u64(bytes.len()))?;
    let chain = unwrap_chain(bytes, meter)?;
    let text = LicenseText::decode(&chain);
    let cache = Some(&mut caches.certificates);
    let documents = documents::documents(text.utf8(), Depth::Full, cache, meter);
    // A spent budget is not damage of the license.
    if let Some(error) = documents.error.filter(|error| error.kind() == ErrorKind::Limit) {
        return Err(error);
    }
    let all: Vec<LocatedDocument<'_>> = documents.list.iter().map(DocumentEntry::locate).collect();
    let license = all.iter().find(|located| located.document.is_use_license).or(all.first());
    let LocatedDocument { document: license, .. } = license.ok_or_else(|| {
        Error::malformed(ErrorCode::LicenseUnreadable, "use license", None, "no XrML in it")
            .at_stage(Stage::License)
    })?;
    let mut server = LicenseFacts::new();
    if license.issuer.is_server {
        copy_server(&license.issuer, &mut server);
    }
    Ok(UseLicense { issued: license.issued, server })
}

/// Copies the fields of the Server Licensor Certificate from a party of a document.
fn copy_server(server: &OwnedParty, facts: &mut LicenseFacts) {
    facts.slc_id.clone_from(&server.id);
    facts.slc_key = server.key.as_ref().map(|key| key.fingerprint().to_owned());
    facts.slc_key_bits = server.key.as_ref().map(RsaKey::bits);
    facts.slc_name.clone_from(&server.name);
    facts.slc_address.clone_from(&server.address);
    facts.server_version.clone_from(&server.server_version);
    facts.server_sku.clone_from(&server.server_sku);
    facts.tenant_id.clone_from(&server.tenant_id);
}

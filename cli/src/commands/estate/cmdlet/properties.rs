//! The properties of objects that cmdlets write.

/// The properties of one object, in their order.
pub(super) type Properties = Vec<(String, String)>;

/// The properties that the library reads, in the order of the list: those of `Get-AipServiceKeys`, then those of
/// `Get-AipServiceConfiguration`.
pub(super) const KNOWN: [&str; 11] = [
    "KeyIdentifier",
    "KeyType",
    "Status",
    "CreationTime",
    "FriendlyName",
    "PublicKey",
    "BPOSId",
    "LicensingIntranetDistributionPointUrl",
    "LicensingExtranetDistributionPointUrl",
    "CurrentLicensorCertificateGuid",
    "Keys",
];

/// Returns the name of a property that the library reads.
pub(super) fn known(name: &str) -> Option<&'static str> {
    KNOWN.into_iter().find(|known| known.eq_ignore_ascii_case(name.trim()))
}

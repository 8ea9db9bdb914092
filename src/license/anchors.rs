//! The keys of Microsoft at the root of all chains of Server Licensor Certificates (MS-RMPR
//! 2.2.9.3.2 and 2.2.9.3.3).
//!
//! They only distinguish production from pre-production. Since RMS version 2, every installation
//! has the same self-enrollment key, so a chain to these anchors does not identify an organization.

use crate::kinds::Hierarchy;

/// The fingerprint of each anchor, as in the column `slc_key`.
const ANCHORS: [(&str, Hierarchy); 8] = [
    // Microsoft DRM Production Root
    (
        "sha256:25e6de948368607e1f9b8c9f066a0f25cde6072605c5888b5af742a0ed88c72d",
        Hierarchy::Production,
    ),
    // Microsoft DRM Production CA
    (
        "sha256:5d4c637e31b432a17bd122fb3dda265b4bcb5c76ad7a3511006ff13d6fb6e8a5",
        Hierarchy::Production,
    ),
    // Microsoft DRM Production Server Enrollment CA, modes 1 and 2
    (
        "sha256:ab6e1c6550ebd0498e18f50a6b4ca253be033d3efe244399c50bd0b8635d3575",
        Hierarchy::Production,
    ),
    (
        "sha256:c182159ff39eb33869f6590edeeb72265b8a2b8cf8a0a8b7198bd8390b9ca5da",
        Hierarchy::Production,
    ),
    (SELF_ENROLLMENT[0], Hierarchy::Production),
    (SELF_ENROLLMENT[1], Hierarchy::Production),
    // Microsoft DRM ISV Root
    ("sha256:098ad07374fd4f6ea8f90cb13238d7bad4c3a428b2bea360535dfb402f38a932", Hierarchy::Isv),
    // Microsoft DRM ISV CA
    ("sha256:81f1312d04efd4cc5dbc704d011f39d1dc1e3cff398a00bd3c0a487f37e8da41", Hierarchy::Isv),
];

/// `Microsoft DRM Server Self Enrollment Service` in cryptographic modes 1 and 2: the issuers of
/// every self-enrolled Server Licensor Certificate. An SLC with another issuer belongs to a
/// licensing-only cluster.
pub(crate) const SELF_ENROLLMENT: [&str; 2] = [
    "sha256:6769e1b6cfcddbce49fe61190264a9ecda0412b5adac354bf8852e529606010e",
    "sha256:da37b01e6c18be92a74ce5b8c2e56bd3d7d2509b35752967d7cf29aae6d1351d",
];

/// Returns the hierarchy of an anchor key; `None` for all other keys.
pub(crate) fn hierarchy(fingerprint: &str) -> Option<Hierarchy> {
    ANCHORS.iter().find(|(anchor, _)| *anchor == fingerprint).map(|(_, hierarchy)| *hierarchy)
}

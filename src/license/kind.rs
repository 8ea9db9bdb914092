//! [`CertificateKind`]: the kind of a document.

use super::document::RIGHTS_LABEL;
use crate::kinds::vocabulary;

vocabulary! {
    /// The kind of a document, from the type of its `BODY` and of the `OBJECT` in its `DESCRIPTOR` (MS-RMPR
    /// 2.2.9).
    pub enum CertificateKind {
        /// A publishing license.
        PublishingLicense = "publishing license",
        /// A rights policy template, as a server publishes it.
        OfficialTemplate = "official rights template",
        /// A rights template: the plain text of encrypted rights data.
        Template = "rights template",
        /// The certificate of a server (SLC), or of the service that enrolls servers.
        ServerLicensor = "server licensor certificate",
        /// The certificate of a client that publishes offline (CLC).
        ClientLicensor = "client licensor certificate",
        /// The certificate of a certificate authority.
        CertificateAuthority = "certificate authority",
        /// A use license: what a server issues to one user to open one content, or the owner's copy of one.
        UseLicense = "use license",
        /// The certificate of a user account.
        RightsAccount = "rights account certificate",
        /// The certificate of a machine.
        Machine = "machine certificate",
        /// The certificate of a key that signs applications.
        ApplicationSigning = "application signing certificate",
        /// Another certificate.
        Certificate = "certificate",
        /// A document of an unknown type.
        Unknown = "unknown",
    }
}

impl CertificateKind {
    pub(crate) fn of(body_type: &[u8], descriptor_type: Option<&[u8]>) -> CertificateKind {
        match body_type.trim_ascii() {
            b"Microsoft Official Rights Template" => CertificateKind::OfficialTemplate,
            b"Microsoft Rights Template" => CertificateKind::Template,
            b"LICENSE" => match descriptor_type.map(<[u8]>::trim_ascii) {
                Some(b"Server-Licensor-Certificate") => CertificateKind::ServerLicensor,
                Some(b"Client-Licensor-Certificate") => CertificateKind::ClientLicensor,
                Some(b"DRM-CA-Certificate") => CertificateKind::CertificateAuthority,
                Some(b"Content-License") => CertificateKind::UseLicense,
                Some(b"Group-Identity-Credential") => CertificateKind::RightsAccount,
                Some(b"Machine-Certificate") => CertificateKind::Machine,
                Some(b"Application-Signing-Certificate") => CertificateKind::ApplicationSigning,
                _ => CertificateKind::Certificate,
            },
            other if other.eq_ignore_ascii_case(RIGHTS_LABEL) => CertificateKind::PublishingLicense,
            _ => CertificateKind::Unknown,
        }
    }
}

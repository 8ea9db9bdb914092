//! What the values of the record mean, in the words of the output.

use rmsight::{
    Anomaly, Confidence, Container, Dependency, Depth, Hierarchy, IssuerKind, KeyLink, KeyMatch,
    Need, Protection, Searched, Signature,
};

/// Describes the kind of a file.
pub(crate) fn container(container: Container) -> &'static str {
    match container {
        Container::OoxmlIrm => {
            "A compound file with the data spaces of an ECMA-376 document (MS-OFFCRYPTO 2.2)"
        }
        Container::BinaryIrm => {
            "A compound file with the data spaces of a binary Office document (MS-OFFCRYPTO 2.2)"
        }
        Container::XpsIrm => "The protected package that .NET and the XPS viewer write",
        Container::Rpmsg => "The attachment of a protected message (MS-OXORMMS 2.2.4)",
        Container::PdfIrmV1 => "A PDF with the security handler MicrosoftIRMServices, version 1",
        Container::PdfIrmV2 => "A PDF with the security handler MicrosoftIRMServices, version 2",
        Container::Pfile => "A generic protected file (.pfile, .ptxt and others)",
        Container::License => "XrML as a file of its own: a license, a certificate, a template",
        Container::Ooxml => "An Office document in a ZIP package",
        Container::Zip => "A ZIP archive",
        Container::Ole => "A compound file",
        Container::Msg => "An Outlook item (MS-OXMSG)",
        Container::Pdf => "A PDF without Microsoft's security handler",
        Container::Eml => "An Internet message (RFC 5322)",
        Container::Mbox => "A mailbox: Internet messages in sequence (RFC 4155)",
        Container::Tnef => "winmail.dat (MS-OXTNEF)",
        Container::Pst => "An Outlook data file (MS-PST)",
        Container::Other => "A file of another kind",
        Container::Empty => "A file without bytes",
        _ => container.as_str(),
    }
}

/// Describes the protection of a file or member.
pub(crate) fn protection(protection: Protection) -> &'static str {
    match protection {
        Protection::Rms => "Rights management: a publishing license controls access",
        Protection::Password => "A password",
        Protection::Other => "Something other than Microsoft's rights management",
        Protection::None => "No protection",
        Protection::Unknown => "Not read far enough to tell",
        _ => protection.as_str(),
    }
}

/// Describes how far members were searched.
pub(crate) fn searched(searched: Searched) -> &'static str {
    match searched {
        Searched::Full => "Completely",
        Searched::Partial => "Something inside was not opened: `error_code` says why",
        Searched::No => "Not at all",
        _ => searched.as_str(),
    }
}

/// Describes how much of a license was read.
pub(crate) fn depth(depth: Depth) -> &'static str {
    match depth {
        Depth::Full => "The whole license",
        Depth::Head => "Its head only (`--quick`)",
        _ => depth.as_str(),
    }
}

/// Describes the issuer of a license.
pub(crate) fn issuer(issuer: IssuerKind) -> &'static str {
    match issuer {
        IssuerKind::Client => "A client, offline, with its Client Licensor Certificate",
        IssuerKind::Server => "A server",
        _ => issuer.as_str(),
    }
}

/// Describes the root of the certificates.
pub(crate) fn hierarchy(hierarchy: Hierarchy) -> &'static str {
    match hierarchy {
        Hierarchy::Production => "Microsoft's production root",
        Hierarchy::Isv => "Microsoft's pre-production root, for tests",
        Hierarchy::Unknown => "An unknown root, or no certificates",
        _ => hierarchy.as_str(),
    }
}

/// Describes whether an authority that goes away is needed.
pub(crate) fn need(need: Need) -> &'static str {
    match need {
        Need::Yes => "It is needed",
        Need::Possible => "It may be needed: something was not read, not proven or not declared",
        Need::No => "It is not needed",
        _ => need.as_str(),
    }
}

/// Describes the holder of the key.
pub(crate) fn dependency(dependency: Dependency) -> &'static str {
    match dependency {
        Dependency::AdRms => "An AD RMS cluster",
        Dependency::AzureRms => "Azure RMS, with a key that Azure created",
        Dependency::AdRmsKeyInAzure => "Azure RMS, with a key that came from AD RMS",
        Dependency::MicrosoftHosted => "Microsoft's withdrawn service for Passport accounts",
        Dependency::Undecided => "Not known",
        Dependency::None => "Not rights-protected: no key is needed",
        _ => dependency.as_str(),
    }
}

/// Describes the confidence of a verdict.
pub(crate) fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::High => "The estate file declares the key, and verified signatures lead to it",
        Confidence::Medium => {
            "The license is consistent, and the estate file does not declare its key"
        }
        Confidence::Low => "The evidence is weak or contradictory",
        _ => confidence.as_str(),
    }
}

/// Describes what matched the estate file.
pub(crate) fn key_match(matched: KeyMatch) -> &'static str {
    match matched {
        KeyMatch::Key => "The key",
        KeyMatch::Id => "Only the id of the key",
        KeyMatch::Host => "Only the host of the server's address",
        KeyMatch::None => "Nothing",
        _ => matched.as_str(),
    }
}

/// Describes the result of verifying a signature.
pub(crate) fn signature(signature: Signature) -> &'static str {
    match signature {
        Signature::Valid => "The signature verifies over the text as it is",
        Signature::Reflowed => "The signature verifies after white space between tags is removed",
        Signature::Invalid => "The signature does not verify",
        Signature::Unsigned => "The license has no signature",
        Signature::Unsupported => "This build does not verify the algorithm or the key size",
        Signature::NotChecked => "Verification was not requested",
        _ => signature.as_str(),
    }
}

/// Describes whether signatures lead to the key.
pub(crate) fn link(link: KeyLink) -> &'static str {
    match link {
        KeyLink::Linked => "The license leads to the server key through its client certificate",
        KeyLink::Own => {
            "The named key signed the license itself, and the file contains no other certificate"
        }
        KeyLink::Unanchored => "No signature leads to the named key",
        KeyLink::Broken => "A signature is invalid, or a certificate contradicts another one",
        KeyLink::NotChecked => "Verification was not requested",
        _ => link.as_str(),
    }
}

/// Describes an anomaly.
pub(crate) fn anomaly(anomaly: Anomaly) -> &'static str {
    match anomaly {
        Anomaly::ChainOrder => "The certificates of the license are not in the order leaf to root",
        Anomaly::TrailingData => "Data follows the end of the structure",
        Anomaly::Polyglot => "The bytes are valid in two formats",
        Anomaly::DuplicateElement => {
            "An element that decides is present twice. The first one counts"
        }
        Anomaly::LabelTenantDiffers => "The label names another tenant than the license",
        Anomaly::PlaceholderMissing => {
            "The notice for old readers, which such a file contains, is missing"
        }
        Anomaly::DoubleKeyIncomplete => "Some of the entries of double key encryption are missing",
        Anomaly::FromUseLicense => "The key was read from the chain of a use license",
        Anomaly::XrefRebuilt => {
            "The cross-reference of the PDF is damaged. Objects were found by a search"
        }
        Anomaly::ReflowedLicense => "White space is present between the tags of the license",
        Anomaly::NonSpecLayout => "The structure differs from the layout in its specification",
        Anomaly::SeveralLicenses => {
            "A structure that should contain one license contains several different ones; each is \
             a separate record"
        }
        Anomaly::StrayLicenseText => {
            "License text is present where an XML parser skips it (comment, processing \
             instruction, DOCTYPE, CDATA), in a foreign element, or after the last document"
        }
        Anomaly::UnterminatedMultipart => {
            "The last delimiter of a multipart message is missing, and every part is complete \
             by its own encoding"
        }
        Anomaly::ImportedKeyLikely => {
            "The key is unknown, and the license resembles those of a key imported into Azure"
        }
        Anomaly::IdOnlyMatch => "Only the id of the key is known, not the key",
        Anomaly::KeyIdConflict => "The id is known with another key",
        Anomaly::AuthorityConflict => "Id and key belong to different authorities",
        Anomaly::UnknownKeyAtKnownHost => "The host is known, and the key is not",
        Anomaly::EstateContradicted => {
            "The estate file and the license contradict each other about the key"
        }
        Anomaly::LocatorConflict => "The addresses of the license belong to different services",
        Anomaly::NeedsRedirection => {
            "Azure has the key, and the license names a host of the organization: that name has \
             to stay in DNS, or clients have to be redirected"
        }
        Anomaly::LicensingOnlyCluster => "The key belongs to a licensing-only cluster",
        Anomaly::PreProduction => "The key belongs to the pre-production hierarchy",
        Anomaly::HyokCandidate => "An AD RMS license with a label: possibly \"hold your own key\"",
        Anomaly::ServedElsewhere => {
            "A use license names another server than the publishing license"
        }
        Anomaly::ClcIssuedAfterReadOnly => {
            "The client certificate was issued after the cluster became read-only"
        }
        Anomaly::PublishedWithOldClc => {
            "Published after the cluster became read-only, with a client certificate from before"
        }
        Anomaly::ServerPublishedAfterReadOnly => {
            "Published by the server itself after it became read-only"
        }
        Anomaly::EditedAfterReadOnly => "The file was modified after the cluster became read-only",
        _ => anomaly.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_description() {
        assert!(Container::ALL.iter().all(|it| container(*it) != it.as_str()));
        assert!(Protection::ALL.iter().all(|it| protection(*it) != it.as_str()));
        assert!(Searched::ALL.iter().all(|it| searched(*it) != it.as_str()));
        assert!(Depth::ALL.iter().all(|it| depth(*it) != it.as_str()));
        assert!(Hierarchy::ALL.iter().all(|it| hierarchy(*it) != it.as_str()));
        assert!(Need::ALL.iter().all(|it| need(*it) != it.as_str()));
        assert!(Dependency::ALL.iter().all(|it| dependency(*it) != it.as_str()));
        assert!(Confidence::ALL.iter().all(|it| confidence(*it) != it.as_str()));
        assert!(KeyMatch::ALL.iter().all(|it| key_match(*it) != it.as_str()));
        assert!(IssuerKind::ALL.iter().all(|it| issuer(*it) != it.as_str()));
        assert!(Signature::ALL.iter().all(|it| signature(*it) != it.as_str()));
        assert!(KeyLink::ALL.iter().all(|it| link(*it) != it.as_str()));
        assert!(Anomaly::ALL.iter().all(|it| anomaly(*it) != it.as_str()));
    }
}

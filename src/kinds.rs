//! The closed vocabularies of the record, and the macro that declares a vocabulary.
//!
//! A leaf of the import graph. The names of the values are stable; `docs` of a release and `CODES.md`
//! list them for users.

/// The text is not a name of the closed list that it was parsed as.
///
/// A later version can add names. [`Record::from_ndjson`](crate::Record::from_ndjson) and
/// [`Facts::from_columns`](crate::Facts::from_columns) therefore accept unknown names and keep them
/// as an [`UnknownValue`](crate::UnknownValue).
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("`{name}` is not a value of `{list}`{}", expected(known))]
pub struct UnknownName {
    list: &'static str,
    name: String,
    known: &'static [&'static str],
}

/// Returns the end of the message: the names of a list, if it is short.
fn expected(known: &[&str]) -> String {
    const SHORT: usize = 16;
    if known.len() > SHORT {
        return String::new();
    }
    format!("; expected one of: {}", known.join(", "))
}

impl UnknownName {
    pub(crate) fn new(
        list: &'static str,
        name: &str,
        known: &'static [&'static str],
    ) -> UnknownName {
        UnknownName { list, name: name.to_owned(), known }
    }

    /// Returns the names of the closed list.
    pub fn known(&self) -> &'static [&'static str] {
        self.known
    }

    /// Returns the text that was parsed.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Implements serialization as the name in the record.
macro_rules! serde_by_name {
    ($type:ident) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                let name = std::borrow::Cow::<'de, str>::deserialize(from)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use serde_by_name;

/// Declares an enum whose values have a stable name in the record.
macro_rules! vocabulary {
    ($(#[$meta:meta])* $vis:vis enum $enum:ident { $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $enum { $($(#[doc = $doc])+ #[doc = concat!("\n\nName: `", $name, "`.")] $variant,)* }

        impl $enum {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$enum] = &[$($enum::$variant,)*];

            /// Returns the stable name, by which records and files of any format spell the value.
            pub const fn as_str(self) -> &'static str {
                match self { $($enum::$variant => $name,)* }
            }

            /// Returns the value with this name. `None` for a name that this version does not know.
            /// [`FromStr`](std::str::FromStr) does the same and returns an error.
            pub fn from_name(name: &str) -> Option<$enum> {
                match name { $($name => Some($enum::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::kinds::UnknownName;

            fn from_str(name: &str) -> Result<$enum, $crate::kinds::UnknownName> {
                $enum::from_name(name)
                    .ok_or_else(|| $crate::kinds::UnknownName::new(stringify!($enum), name, &[$($name,)*]))
            }
        }

        $crate::kinds::serde_by_name!($enum);
    };
}

pub(crate) use vocabulary;

vocabulary! {
    /// The format of a file or member. `ooxml-irm`, `binary-irm`, `xps-irm`, `rpmsg`, `pdf-irm-v1`,
    /// `pdf-irm-v2` and `pfile` are protected formats. Any other format can contain protected members;
    /// `other` too, which includes tar and gzip. [`Protection`] says whether the file itself is protected.
    pub enum Container {
        /// A compound file with the data spaces of an ECMA-376 document (MS-OFFCRYPTO 2.2).
        OoxmlIrm = "ooxml-irm",
        /// A compound file with the data spaces of a binary Office document (MS-OFFCRYPTO 2.2).
        BinaryIrm = "binary-irm",
        /// The protected package that .NET and the XPS viewer write.
        XpsIrm = "xps-irm",
        /// The attachment of a protected message (MS-OXORMMS 2.2.4).
        Rpmsg = "rpmsg",
        /// A PDF with the security handler MicrosoftIRMServices, version 1.
        PdfIrmV1 = "pdf-irm-v1",
        /// A PDF with that handler in version 2, with or without its unencrypted wrapper.
        PdfIrmV2 = "pdf-irm-v2",
        /// A generic protected file (`.pfile`, `.ptxt` and others).
        Pfile = "pfile",
        /// A file that is XrML: a license, a certificate, a template (MS-RMPR 2.2.9).
        License = "license",
        /// An Office document in a ZIP package.
        Ooxml = "ooxml",
        /// Any other ZIP archive.
        Zip = "zip",
        /// Any other compound file.
        Ole = "ole",
        /// An Outlook item (MS-OXMSG).
        Msg = "msg",
        /// A PDF without Microsoft's security handler.
        Pdf = "pdf",
        /// An Internet message (RFC 5322).
        Eml = "eml",
        /// A mailbox: Internet messages in sequence (RFC 4155).
        Mbox = "mbox",
        /// `winmail.dat` (MS-OXTNEF).
        Tnef = "tnef",
        /// An Outlook data file (MS-PST).
        Pst = "pst",
        /// Any other file.
        Other = "other",
        /// A file without bytes.
        Empty = "empty",
    }
}

vocabulary! {
    /// The protection of a file or member. The values have no order; [`worse`](Protection::worse) combines
    /// two.
    pub enum Protection {
        /// Rights management: a publishing license controls access.
        Rms = "rms",
        /// A password. No RMS server is needed.
        Password = "password",
        /// Another kind of encryption, such as another security handler of PDF. The evidence names it. No RMS
        /// server is needed.
        Other = "other",
        /// No protection. The file was searched as far as the options say.
        None = "none",
        /// Undecided: the file was not read far enough. The error code says why. Never treat it as `none`.
        Unknown = "unknown",
    }
}

impl Protection {
    /// Returns the protection that matters more: `rms` before `unknown`, `other`, `password` and `none`.
    /// It combines the answers about several files.
    ///
    /// ```
    /// use rmsight::Protection;
    ///
    /// let of_a_folder = [Protection::None, Protection::Rms, Protection::Unknown];
    /// let worst = of_a_folder.into_iter().reduce(Protection::worse);
    /// assert_eq!(worst, Some(Protection::Rms));
    /// ```
    #[must_use]
    pub fn worse(self, other: Protection) -> Protection {
        if self.rank() <= other.rank() { self } else { other }
    }

    /// Returns the position in the order of importance, from 0.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Protection::Rms => 0,
            Protection::Unknown => 1,
            Protection::Other => 2,
            Protection::Password => 3,
            Protection::None => 4,
        }
    }
}

vocabulary! {
    /// An irregularity of a file that was read, or of its verdict. Lists of anomalies are in this order:
    /// those before [`ImportedKeyLikely`](Anomaly::ImportedKeyLikely) are of facts, the others of verdicts.
    /// `CODES.md` of the package says what each means in practice.
    #[derive(PartialOrd, Ord)]
    pub enum Anomaly {
        /// The certificates of the license are not in the order leaf to root.
        ChainOrder = "chain-order",
        /// Data follows the end of the structure.
        TrailingData = "trailing-data",
        /// The bytes are valid in two formats.
        Polyglot = "polyglot",
        /// An element that decides is present twice. The first one counts.
        DuplicateElement = "duplicate-element",
        /// The label names another tenant than the license.
        LabelTenantDiffers = "label-tenant-differs",
        /// The notice for old readers, which such a file contains, is missing.
        PlaceholderMissing = "placeholder-missing",
        /// Some of the entries of double key encryption are missing.
        DoubleKeyIncomplete = "double-key-incomplete",
        /// The key was read from the chain of a use license ([terms](crate#terms)), because no publishing
        /// license names one.
        FromUseLicense = "from-use-license",
        /// The cross-reference of the PDF is damaged. Objects were found by a search.
        XrefRebuilt = "xref-rebuilt",
        /// White space is present between the tags of the license.
        ReflowedLicense = "reflowed-license",
        /// The structure differs from the layout in its specification.
        NonSpecLayout = "non-spec-layout",
        /// A structure that should contain one license contains several different ones.
        SeveralLicenses = "several-licenses",
        /// License text is present where an XML parser skips it, or in a foreign element.
        StrayLicenseText = "stray-license-text",
        /// The last delimiter of a multipart message is missing, and every part is complete.
        UnterminatedMultipart = "unterminated-multipart",
        /// The key is unknown, and the license resembles those of a key imported into Azure.
        ImportedKeyLikely = "imported-key-likely",
        /// Only the id of the key is known, not the key.
        IdOnlyMatch = "id-only-match",
        /// The id is known with another key.
        KeyIdConflict = "key-id-conflict",
        /// Id and key belong to different authorities.
        AuthorityConflict = "authority-conflict",
        /// The host is known, and the key is not.
        UnknownKeyAtKnownHost = "unknown-key-at-known-host",
        /// The estate file and the license contradict each other about the key.
        EstateContradicted = "estate-contradicted",
        /// The addresses of the license belong to different services.
        LocatorConflict = "locator-conflict",
        /// Azure has the key, and the license names a host of the organization.
        NeedsRedirection = "needs-redirection",
        /// The key belongs to a licensing-only (sub-enrolled) cluster, whose certificate another server
        /// issued.
        LicensingOnlyCluster = "licensing-only-cluster",
        /// The key belongs to Microsoft's pre-production (ISV) hierarchy: a test server.
        PreProduction = "pre-production",
        /// An AD RMS license with a label: possibly "hold your own key".
        HyokCandidate = "hyok-candidate",
        /// A use license names another server than the publishing license.
        ServedElsewhere = "served-elsewhere",
        /// The client certificate was issued after the cluster became read-only.
        ClcIssuedAfterReadOnly = "clc-issued-after-read-only",
        /// Published after the cluster became read-only, with a client certificate from before.
        PublishedWithOldClc = "published-with-old-clc",
        /// Published by the server itself after it became read-only.
        ServerPublishedAfterReadOnly = "server-published-after-read-only",
        /// The file was modified after the cluster became read-only.
        EditedAfterReadOnly = "edited-after-read-only",
    }
}

vocabulary! {
    /// How far a file or member and the members in it were searched.
    pub enum Searched {
        /// Completely.
        Full = "full",
        /// Something was not read: a part of the file, or a member that was not opened. The error says which
        /// and why.
        Partial = "partial",
        /// Not at all, for example because the file could not be opened.
        No = "no",
    }
}

vocabulary! {
    /// How much of a license is read. [`InspectorBuilder::depth`](crate::InspectorBuilder::depth) sets it.
    pub enum Depth {
        /// The whole license.
        Full = "full",
        /// The license up to its `WORK` element (a quick scan). What `WORK` and later elements contain stays
        /// null: all columns with [`needs_whole_license`](crate::Column::needs_whole_license).
        Head = "head",
    }
}

vocabulary! {
    /// The issuer of a publishing license: who published the content.
    pub enum IssuerKind {
        /// A client, offline, with its Client Licensor Certificate.
        Client = "client",
        /// A server, online.
        Server = "server",
    }
}

vocabulary! {
    /// The root of the certificates of a server ([terms](crate#terms)).
    pub enum Hierarchy {
        /// Microsoft's production root.
        Production = "production",
        /// Microsoft's pre-production root for independent software vendors (ISV), which test servers have.
        Isv = "isv",
        /// An unknown root, or no certificates.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// The result of verifying the license's own signature.
    pub enum Signature {
        /// The signature verifies over the text as it is.
        Valid = "valid",
        /// The signature verifies after white space between tags is removed.
        Reflowed = "reflowed",
        /// The signature does not verify.
        Invalid = "invalid",
        /// The license has no signature.
        Unsigned = "unsigned",
        /// This build does not verify the algorithm or the key size.
        Unsupported = "unsupported",
        /// Verification was not requested.
        NotChecked = "not-checked",
    }
}

vocabulary! {
    /// Whether signatures lead from the license to the key that it names. Linked means consistent, not
    /// authentic.
    pub enum KeyLink {
        /// Valid signatures lead from the license to the named key through its client certificate (CLC).
        Linked = "linked",
        /// The named key signed the license itself, and the file contains no other certificate.
        Own = "self",
        /// No signature leads to the named key.
        Unanchored = "unanchored",
        /// A signature is invalid, or a certificate contradicts another one.
        Broken = "broken",
        /// Verification was not requested.
        NotChecked = "not-checked",
    }
}

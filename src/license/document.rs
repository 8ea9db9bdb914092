//! [`XrmlDocument`]: the values of one `<XrML>` document (MS-RMPR 2.2.9), as slices of the text.
//! They are decoded on request.

/// A value: the text of an element or attribute, as written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RawValue<'t> {
    pub(crate) raw: &'t [u8],
    /// Its byte offset in the text.
    pub(crate) at: usize,
}

/// A range of byte offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A value, if it is present.
pub(super) type Field<'t> = Option<RawValue<'t>>;

/// An `OBJECT` with its key: the issuer or the principal of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RawParty<'t> {
    pub(crate) object_type: Field<'t>,
    pub(crate) id_type: Field<'t>,
    pub(crate) id: Field<'t>,
    pub(crate) name: Field<'t>,
    pub(crate) address: Field<'t>,
    pub(crate) exponent: Field<'t>,
    pub(crate) modulus: Field<'t>,
    pub(crate) server_version: Field<'t>,
    pub(crate) server_sku: Field<'t>,
    pub(crate) tenant_id: Field<'t>,
    pub(crate) sdk: Field<'t>,
}

/// `SIGNATURE` (MS-RMPR 2.2.9.1.12), with its parts in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SignatureElement<'t> {
    pub(crate) present: bool,
    pub(crate) algorithm: Field<'t>,
    pub(crate) digest_algorithm: Field<'t>,
    pub(crate) digest: Field<'t>,
    pub(crate) value: Field<'t>,
}

/// The entries of double key encryption, each under `AUTHENTICATEDDATA id="APPSPECIFIC"`.
pub(crate) const DOUBLE_KEY_ENTRIES: [&str; 4] =
    ["microsoft.dke.alg", "microsoft.dke.key", "microsoft.dke.ks", "microsoft.dke.url"];

/// One `<XrML>` document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct XrmlDocument<'t> {
    /// The offsets from `<XrML` to `</XrML>`; without that, to the end of the text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// `</XrML>` is present.
    pub(crate) closed: bool,
    /// `<BODY` to `</BODY>`, the range that the signature covers.
    pub(crate) body: Option<Span>,
    /// `</BODY>` is present.
    pub(crate) body_closed: bool,
    pub(crate) body_type: Field<'t>,
    pub(crate) issued: Field<'t>,
    pub(crate) valid_until: Field<'t>,
    pub(crate) descriptor_type: Field<'t>,
    pub(crate) descriptor_id: Field<'t>,
    pub(crate) descriptor_name: Field<'t>,
    pub(crate) issuer: RawParty<'t>,
    pub(crate) principal: RawParty<'t>,
    pub(crate) intranet: Field<'t>,
    pub(crate) extranet: Field<'t>,
    pub(crate) referral: Field<'t>,
    pub(crate) content_id: Field<'t>,
    pub(crate) owner: Field<'t>,
    pub(crate) owner_id_type: Field<'t>,
    /// The principal may issue documents: `RIGHT name="ISSUE"`.
    pub(crate) may_issue: bool,
    /// `RANGETIME` of that right.
    pub(crate) issue_from: Field<'t>,
    pub(crate) issue_until: Field<'t>,
    pub(crate) label_id: Field<'t>,
    pub(crate) label_tenant: Field<'t>,
    /// The presence of each of [`DOUBLE_KEY_ENTRIES`].
    pub(crate) double_key: [bool; 4],
    /// An entry whose name begins with `Microsoft.DKE.` is present.
    pub(crate) double_key_any: bool,
    pub(crate) signature: SignatureElement<'t>,
    /// The offset of the second one of a repeated element that influences the verdict.
    pub(crate) duplicate: Option<usize>,
    /// A second `BODY` is present. Its content is ignored.
    pub(crate) has_second_body: bool,
    /// White space is present between tags of the body.
    pub(crate) reflowed: bool,
}

/// `BODY type` of a publishing license.
pub(crate) const RIGHTS_LABEL: &[u8] = b"Microsoft Rights Label";

impl XrmlDocument<'_> {
    pub(crate) fn is_publishing_license(&self) -> bool {
        self.body_type.is_some_and(|kind| kind.raw.trim_ascii().eq_ignore_ascii_case(RIGHTS_LABEL))
    }
}

impl RawParty<'_> {
    pub(crate) fn is_server(&self) -> bool {
        self.object_type.is_some_and(|kind| kind.raw == b"MS-DRM-Server")
    }
}

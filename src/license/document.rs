//! One `<XrML>` document: what it is, who issued it to whom, and where its parts lie (MS-RMPR
//! 2.2.9). Values are slices of the text; nothing is decoded before somebody wants it.

use super::key::Modulus;

/// A value as it stands in the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Value<'t> {
    pub(crate) raw: &'t [u8],
    /// Where it begins.
    pub(crate) at: usize,
}

/// A run of the text.
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

pub(super) type Field<'t> = Option<Value<'t>>;

/// An `OBJECT` with its key: the issuer of a document, or the principal that it is issued to. `V` is how a
/// value is held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PartyOf<V> {
    pub(crate) object_type: Option<V>,
    pub(crate) id_type: Option<V>,
    pub(crate) id: Option<V>,
    pub(crate) name: Option<V>,
    pub(crate) address: Option<V>,
    pub(crate) exponent: Option<V>,
    pub(crate) modulus: Option<V>,
    pub(crate) server_version: Option<V>,
    pub(crate) server_sku: Option<V>,
    pub(crate) tenant_id: Option<V>,
    pub(crate) sdk: Option<V>,
}

/// `SIGNATURE` (MS-RMPR 2.2.9.1.12): the parts in whatever order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SignatureOf<V> {
    pub(crate) present: bool,
    pub(crate) algorithm: Option<V>,
    pub(crate) digest_algorithm: Option<V>,
    pub(crate) digest: Option<V>,
    pub(crate) value: Option<V>,
}

/// The entries of double key encryption, each under `AUTHENTICATEDDATA id="APPSPECIFIC"`.
pub(crate) const DOUBLE_KEY_ENTRIES: [&str; 4] =
    ["microsoft.dke.alg", "microsoft.dke.key", "microsoft.dke.ks", "microsoft.dke.url"];

/// One `<XrML>` document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DocumentOf<V> {
    /// `<XrML` to `</XrML>`; to where the text ends, if it does before.
    pub(crate) start: usize,
    pub(crate) end: usize,
    /// `</XrML>` was met.
    pub(crate) closed: bool,
    /// `<BODY` to `</BODY>`, which is what the signature covers.
    pub(crate) body: Option<Span>,
    /// `</BODY>` was met.
    pub(crate) body_closed: bool,
    pub(crate) body_type: Option<V>,
    pub(crate) issued: Option<V>,
    pub(crate) valid_until: Option<V>,
    pub(crate) descriptor_type: Option<V>,
    pub(crate) descriptor_id: Option<V>,
    pub(crate) descriptor_name: Option<V>,
    pub(crate) issuer: PartyOf<V>,
    pub(crate) principal: PartyOf<V>,
    pub(crate) intranet: Option<V>,
    pub(crate) extranet: Option<V>,
    pub(crate) referral: Option<V>,
    pub(crate) content_id: Option<V>,
    pub(crate) owner: Option<V>,
    pub(crate) owner_id_type: Option<V>,
    /// The principal may issue: `RIGHT name="ISSUE"`.
    pub(crate) may_issue: bool,
    /// The time in which it may: `RANGETIME` of that right.
    pub(crate) issue_from: Option<V>,
    pub(crate) issue_until: Option<V>,
    pub(crate) label_id: Option<V>,
    pub(crate) label_tenant: Option<V>,
    /// Which of [`DOUBLE_KEY_ENTRIES`] are there.
    pub(crate) double_key: [bool; 4],
    pub(crate) double_key_any: bool,
    pub(crate) signature: SignatureOf<V>,
    /// An element that decides stands there twice; where the second one is.
    pub(crate) duplicate: Option<usize>,
    /// A second `BODY` is among it, of which nothing counts.
    pub(crate) has_second_body: bool,
    /// White space stands between tags of the body.
    pub(crate) reflowed: bool,
}

/// A document whose values are slices of the text.
pub(crate) type Document<'t> = DocumentOf<Value<'t>>;
pub(crate) type Party<'t> = PartyOf<Value<'t>>;

impl<V> PartyOf<V> {
    /// The same party with its values held in another way.
    pub(super) fn map<W>(&self, value: impl Fn(&V) -> Option<W>) -> PartyOf<W> {
        let value = |field: &Option<V>| field.as_ref().and_then(&value);
        PartyOf {
            object_type: value(&self.object_type),
            id_type: value(&self.id_type),
            id: value(&self.id),
            name: value(&self.name),
            address: value(&self.address),
            exponent: value(&self.exponent),
            modulus: value(&self.modulus),
            server_version: value(&self.server_version),
            server_sku: value(&self.server_sku),
            tenant_id: value(&self.tenant_id),
            sdk: value(&self.sdk),
        }
    }
}

impl<V> SignatureOf<V> {
    fn map<W>(&self, value: impl Fn(&V) -> Option<W>) -> SignatureOf<W> {
        let value = |field: &Option<V>| field.as_ref().and_then(&value);
        SignatureOf {
            present: self.present,
            algorithm: value(&self.algorithm),
            digest_algorithm: value(&self.digest_algorithm),
            digest: value(&self.digest),
            value: value(&self.value),
        }
    }
}

impl<V> DocumentOf<V> {
    /// The same document somewhere else, or with its values held in another way.
    pub(super) fn map<W>(
        &self,
        place: impl Fn(usize) -> usize,
        value: impl Fn(&V) -> Option<W>,
    ) -> DocumentOf<W> {
        let span = |span: Span| Span { start: place(span.start), end: place(span.end) };
        let field = |field: &Option<V>| field.as_ref().and_then(&value);
        DocumentOf {
            start: place(self.start),
            end: place(self.end),
            closed: self.closed,
            body: self.body.map(span),
            body_closed: self.body_closed,
            body_type: field(&self.body_type),
            issued: field(&self.issued),
            valid_until: field(&self.valid_until),
            descriptor_type: field(&self.descriptor_type),
            descriptor_id: field(&self.descriptor_id),
            descriptor_name: field(&self.descriptor_name),
            issuer: self.issuer.map(&value),
            principal: self.principal.map(&value),
            intranet: field(&self.intranet),
            extranet: field(&self.extranet),
            referral: field(&self.referral),
            content_id: field(&self.content_id),
            owner: field(&self.owner),
            owner_id_type: field(&self.owner_id_type),
            may_issue: self.may_issue,
            issue_from: field(&self.issue_from),
            issue_until: field(&self.issue_until),
            label_id: field(&self.label_id),
            label_tenant: field(&self.label_tenant),
            double_key: self.double_key,
            double_key_any: self.double_key_any,
            signature: self.signature.map(&value),
            duplicate: self.duplicate.map(&place),
            has_second_body: self.has_second_body,
            reflowed: self.reflowed,
        }
    }
}

/// `BODY type` of a publishing license.
pub(crate) const RIGHTS_LABEL: &[u8] = b"Microsoft Rights Label";

impl Document<'_> {
    pub(crate) fn is_publishing_license(&self) -> bool {
        self.body_type.is_some_and(|kind| kind.raw.trim_ascii().eq_ignore_ascii_case(RIGHTS_LABEL))
    }

    pub(crate) fn is_descriptor(&self, kind: &str) -> bool {
        self.descriptor_type.is_some_and(|found| found.raw == kind.as_bytes())
    }
}

impl Party<'_> {
    pub(crate) fn is_server(&self) -> bool {
        self.object_type.is_some_and(|kind| kind.raw == b"MS-DRM-Server")
    }

    /// Whether both hold the same key, however each is written.
    pub(crate) fn has_key_of(&self, other: &Party<'_>) -> bool {
        match (self.modulus, other.modulus) {
            (Some(one), Some(other)) => is_same_modulus(one.raw, other.raw),
            _ => false,
        }
    }
}

fn is_same_modulus(one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    // The number is little-endian: its lowest bytes come first. Nearly all that are not the same
    // differ there, and need not be decoded.
    let is_digit = |letter: &u8| letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/');
    let lowest = |text: &[u8]| {
        let letters = text.first_chunk::<4>().copied();
        letters.filter(|letters| letters.iter().all(is_digit))
    };
    if let (Some(one), Some(other)) = (lowest(one), lowest(other))
        && one != other
    {
        return false;
    }
    let one = Modulus::from_xrml(one);
    one.is_some() && one == Modulus::from_xrml(other)
}

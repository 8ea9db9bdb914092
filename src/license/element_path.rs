//! [`ElementPath`]: the paths of the XrML elements that the parser reads (MS-RMPR 2.2.9).

use super::tag::Tag;

/// The path of an element from the root, one value for each path that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ElementPath {
    /// Not in a document.
    Outside,
    /// In a document, outside of `BODY`, at a path that is not read.
    Elsewhere,
    /// In `BODY`, at a path that is not read.
    ElsewhereInBody,
    Xrml,
    Body,
    IssuedTime,
    ValidityTime,
    ValidUntil,
    Descriptor,
    DescriptorObject,
    DescriptorId,
    DescriptorName,
    IssuedPrincipals,
    Party(PartyRole, PartyElement),
    DistributionPoint,
    PointObject,
    PointAddress,
    Work,
    WorkObject,
    WorkId,
    Metadata,
    Owner,
    OwnerObject,
    OwnerId,
    OwnerName,
    RightsGroup,
    RightsList,
    Right,
    ConditionList,
    RightTime,
    RangeTime,
    IssueFrom,
    IssueUntil,
    AuthenticatedData,
    Signature,
    SignatureAlgorithm,
    SignatureValue,
    Digest,
    DigestAlgorithm,
    DigestValue,
}

/// The role of a party in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartyRole {
    Issuer,
    Principal,
}

/// The elements in `ISSUER` and in `PRINCIPAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartyElement {
    Itself,
    Object,
    Id,
    Name,
    Address,
    PublicKey,
    Parameter,
    Value,
    SecurityLevel,
}

impl ElementPath {
    /// Returns the path of a child element.
    #[inline(always)]
    pub(super) fn inside(self, tag: Tag) -> ElementPath {
        use ElementPath::*;
        match self {
            Outside => match tag {
                Tag::Xrml => Xrml,
                _ => Elsewhere,
            },
            Xrml => match tag {
                Tag::Body => Body,
                Tag::Signature => Signature,
                _ => Elsewhere,
            },
            Signature => match tag {
                Tag::Algorithm => SignatureAlgorithm,
                Tag::Digest => Digest,
                Tag::Value => SignatureValue,
                _ => Elsewhere,
            },
            Digest => match tag {
                Tag::Algorithm => DigestAlgorithm,
                Tag::Value => DigestValue,
                _ => Elsewhere,
            },
            Elsewhere | SignatureAlgorithm | SignatureValue | DigestAlgorithm | DigestValue => {
                Elsewhere
            }
            Body => match tag {
                Tag::IssuedTime => IssuedTime,
                Tag::ValidityTime => ValidityTime,
                Tag::Descriptor => Descriptor,
                Tag::Issuer => Party(PartyRole::Issuer, PartyElement::Itself),
                Tag::IssuedPrincipals => IssuedPrincipals,
                Tag::DistributionPoint => DistributionPoint,
                Tag::Work => Work,
                Tag::AuthenticatedData => AuthenticatedData,
                _ => ElsewhereInBody,
            },
            Party(role, part) => part.inside(tag).map_or(ElsewhereInBody, |part| Party(role, part)),
            _ => self.inside_body(tag),
        }
    }

    /// Returns the path of a child of an element below `BODY`, except parties.
    fn inside_body(self, tag: Tag) -> ElementPath {
        use ElementPath::*;
        match (self, tag) {
            (ValidityTime, Tag::Until) => ValidUntil,
            (Descriptor, Tag::Object) => DescriptorObject,
            (DescriptorObject, Tag::Id) => DescriptorId,
            (DescriptorObject, Tag::Name) => DescriptorName,
            (IssuedPrincipals, Tag::Principal) => Party(PartyRole::Principal, PartyElement::Itself),
            (DistributionPoint, Tag::Object) => PointObject,
            (PointObject, Tag::Address) => PointAddress,
            (Work, Tag::Object) => WorkObject,
            (WorkObject, Tag::Id) => WorkId,
            (Work, Tag::Metadata) => Metadata,
            (Metadata, Tag::Owner) => Owner,
            (Owner, Tag::Object) => OwnerObject,
            (OwnerObject, Tag::Id) => OwnerId,
            (OwnerObject, Tag::Name) => OwnerName,
            (Work, Tag::RightsGroup) => RightsGroup,
            (RightsGroup, Tag::RightsList) => RightsList,
            (RightsList, Tag::Right) => Right,
            (Right, Tag::ConditionList) => ConditionList,
            (ConditionList, Tag::Time) => RightTime,
            (RightTime, Tag::RangeTime) => RangeTime,
            (RangeTime, Tag::From) => IssueFrom,
            (RangeTime, Tag::Until) => IssueUntil,
            _ => ElsewhereInBody,
        }
    }

    /// Returns the error for an element that other parsers may interpret in another way: an element
    /// of `BODY` outside of it, or a known name in another case.
    #[inline(always)]
    pub(super) fn misplaced(self, tag: Tag, name: &[u8]) -> Option<&'static str> {
        use ElementPath::*;
        if tag != Tag::Other {
            let is_beside = self == Xrml && !matches!(tag, Tag::Body | Tag::Signature);
            return is_beside.then_some("an element of BODY is outside of it");
        }
        let is_read = matches!(self, Xrml | Body | IssuedPrincipals | Party(..));
        (is_read && Tag::is_in_another_case(name)).then_some("a name is in another case")
    }

    /// Whether the element is `BODY` or inside of it.
    pub(super) fn is_in_body(self) -> bool {
        use ElementPath::*;
        !matches!(
            self,
            Outside
                | Elsewhere
                | Xrml
                | Signature
                | SignatureAlgorithm
                | SignatureValue
                | Digest
                | DigestAlgorithm
                | DigestValue
        )
    }
}

impl PartyElement {
    #[inline(always)]
    fn inside(self, tag: Tag) -> Option<PartyElement> {
        match (self, tag) {
            (PartyElement::Itself, Tag::Object) => Some(PartyElement::Object),
            (PartyElement::Itself, Tag::PublicKey) => Some(PartyElement::PublicKey),
            (PartyElement::Itself, Tag::SecurityLevel) => Some(PartyElement::SecurityLevel),
            (PartyElement::Object, Tag::Id) => Some(PartyElement::Id),
            (PartyElement::Object, Tag::Name) => Some(PartyElement::Name),
            (PartyElement::Object, Tag::Address) => Some(PartyElement::Address),
            (PartyElement::PublicKey, Tag::Parameter) => Some(PartyElement::Parameter),
            (PartyElement::Parameter, Tag::Value) => Some(PartyElement::Value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All paths that are read, as the specification has them.
    const PATHS: [(&str, ElementPath); 48] = {
        use PartyElement::*;
        use PartyRole::*;
        [
            ("XrML", ElementPath::Xrml),
            ("XrML BODY", ElementPath::Body),
            ("XrML BODY ISSUEDTIME", ElementPath::IssuedTime),
            ("XrML BODY VALIDITYTIME", ElementPath::ValidityTime),
            ("XrML BODY VALIDITYTIME UNTIL", ElementPath::ValidUntil),
            ("XrML BODY DESCRIPTOR", ElementPath::Descriptor),
            ("XrML BODY DESCRIPTOR OBJECT", ElementPath::DescriptorObject),
            ("XrML BODY DESCRIPTOR OBJECT ID", ElementPath::DescriptorId),
            ("XrML BODY DESCRIPTOR OBJECT NAME", ElementPath::DescriptorName),
            ("XrML BODY ISSUER", ElementPath::Party(Issuer, Itself)),
            ("XrML BODY ISSUER OBJECT", ElementPath::Party(Issuer, Object)),
            ("XrML BODY ISSUER OBJECT ID", ElementPath::Party(Issuer, Id)),
            ("XrML BODY ISSUER OBJECT NAME", ElementPath::Party(Issuer, Name)),
            ("XrML BODY ISSUER OBJECT ADDRESS", ElementPath::Party(Issuer, Address)),
            ("XrML BODY ISSUER PUBLICKEY", ElementPath::Party(Issuer, PublicKey)),
            ("XrML BODY ISSUER PUBLICKEY PARAMETER", ElementPath::Party(Issuer, Parameter)),
            ("XrML BODY ISSUER PUBLICKEY PARAMETER VALUE", ElementPath::Party(Issuer, Value)),
            ("XrML BODY ISSUER SECURITYLEVEL", ElementPath::Party(Issuer, SecurityLevel)),
            ("XrML BODY ISSUEDPRINCIPALS", ElementPath::IssuedPrincipals),
            ("XrML BODY ISSUEDPRINCIPALS PRINCIPAL", ElementPath::Party(Principal, Itself)),
            ("XrML BODY ISSUEDPRINCIPALS PRINCIPAL OBJECT", ElementPath::Party(Principal, Object)),
            ("XrML BODY ISSUEDPRINCIPALS PRINCIPAL OBJECT ID", ElementPath::Party(Principal, Id)),
            (
                "XrML BODY ISSUEDPRINCIPALS PRINCIPAL PUBLICKEY PARAMETER VALUE",
                ElementPath::Party(Principal, Value),
            ),
            ("XrML BODY DISTRIBUTIONPOINT", ElementPath::DistributionPoint),
            ("XrML BODY DISTRIBUTIONPOINT OBJECT", ElementPath::PointObject),
            ("XrML BODY DISTRIBUTIONPOINT OBJECT ADDRESS", ElementPath::PointAddress),
            ("XrML BODY WORK", ElementPath::Work),
            ("XrML BODY WORK OBJECT", ElementPath::WorkObject),
            ("XrML BODY WORK OBJECT ID", ElementPath::WorkId),
            ("XrML BODY WORK METADATA", ElementPath::Metadata),
            ("XrML BODY WORK METADATA OWNER", ElementPath::Owner),
            ("XrML BODY WORK METADATA OWNER OBJECT", ElementPath::OwnerObject),
            ("XrML BODY WORK METADATA OWNER OBJECT ID", ElementPath::OwnerId),
            ("XrML BODY WORK METADATA OWNER OBJECT NAME", ElementPath::OwnerName),
            ("XrML BODY WORK RIGHTSGROUP", ElementPath::RightsGroup),
            ("XrML BODY WORK RIGHTSGROUP RIGHTSLIST", ElementPath::RightsList),
            ("XrML BODY WORK RIGHTSGROUP RIGHTSLIST RIGHT", ElementPath::Right),
            (
                "XrML BODY WORK RIGHTSGROUP RIGHTSLIST RIGHT CONDITIONLIST",
                ElementPath::ConditionList,
            ),
            (
                "XrML BODY WORK RIGHTSGROUP RIGHTSLIST RIGHT CONDITIONLIST TIME",
                ElementPath::RightTime,
            ),
            (
                "XrML BODY WORK RIGHTSGROUP RIGHTSLIST RIGHT CONDITIONLIST TIME RANGETIME",
                ElementPath::RangeTime,
            ),
            (
                "XrML BODY WORK RIGHTSGROUP RIGHTSLIST RIGHT CONDITIONLIST TIME RANGETIME FROM",
                ElementPath::IssueFrom,
            ),
            (
                "XrML BODY WORK RIGHTSGROUP RIGHTSLIST RIGHT CONDITIONLIST TIME RANGETIME UNTIL",
                ElementPath::IssueUntil,
            ),
            ("XrML BODY AUTHENTICATEDDATA", ElementPath::AuthenticatedData),
            ("XrML SIGNATURE", ElementPath::Signature),
            ("XrML SIGNATURE ALGORITHM", ElementPath::SignatureAlgorithm),
            ("XrML SIGNATURE VALUE", ElementPath::SignatureValue),
            ("XrML SIGNATURE DIGEST ALGORITHM", ElementPath::DigestAlgorithm),
            ("XrML SIGNATURE DIGEST VALUE", ElementPath::DigestValue),
        ]
    };

    fn element_of(path: &str) -> ElementPath {
        path.split(' ')
            .fold(ElementPath::Outside, |parent, name| parent.inside(Tag::of(name.as_bytes())))
    }

    #[test]
    fn each_path_has_its_value() {
        for (path, element) in PATHS {
            assert_eq!(element_of(path), element, "{path}");
            assert_eq!(element.is_in_body(), path.starts_with("XrML BODY"), "{path}");
        }
    }

    /// Whether the table contains a path, or its equivalent for the issuer.
    fn is_listed(path: &str) -> bool {
        let as_issuer = path.replace("ISSUEDPRINCIPALS PRINCIPAL", "ISSUER");
        path == "XrML SIGNATURE DIGEST" || PATHS.iter().any(|(listed, _)| *listed == as_issuer)
    }

    proptest! {
        #[test]
        fn all_other_paths_are_elsewhere(
            (path, _) in prop::sample::select(&PATHS[..]),
            names in prop::collection::vec(prop::sample::select(names()), 1..3),
            at in 0_usize..9,
            replaces in any::<bool>(),
        ) {
            let mut path: Vec<&str> = path.split(' ').collect();
            let at = at.min(path.len());
            let end = path.len().min(at.saturating_add(usize::from(replaces)));
            path.splice(at..end, names);
            let path = path.join(" ");
            let found = element_of(&path);
            let is_nowhere = matches!(found, ElementPath::Elsewhere | ElementPath::ElsewhereInBody);
            prop_assert_eq!(is_nowhere, !is_listed(&path), "{}", path);
            prop_assert_eq!(found.is_in_body(), path.starts_with("XrML BODY"), "{}", path);
        }
    }

    fn names() -> Vec<&'static str> {
        let mut names: Vec<&str> = PATHS.iter().flat_map(|(path, _)| path.split(' ')).collect();
        names.push("ACCESS");
        names.sort_unstable();
        names.dedup();
        names
    }
}

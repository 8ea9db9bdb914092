//! [`Tag`]: the names of the XrML elements that the parser uses (MS-RMPR 2.2.9).

/// The name of an element; `Other` for elements that are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    Access,
    Address,
    Algorithm,
    AuthenticatedData,
    Body,
    ConditionList,
    Descriptor,
    Digest,
    DistributionPoint,
    From,
    Id,
    IssuedPrincipals,
    IssuedTime,
    Issuer,
    Metadata,
    Name,
    Object,
    Owner,
    Parameter,
    Principal,
    PublicKey,
    RangeTime,
    Right,
    RightsGroup,
    RightsList,
    SecurityLevel,
    Signature,
    Time,
    Until,
    ValidityTime,
    Value,
    Work,
    Xrml,
    Other,
}

impl Tag {
    #[inline(always)]
    pub(super) fn of(name: &[u8]) -> Tag {
        // Length and first letters select one name. Its comparison has a constant length.
        match (name.len(), name) {
            (2, [b'I', ..]) if name == b"ID" => Tag::Id,
            (4, [b'B', ..]) if name == b"BODY" => Tag::Body,
            (4, [b'F', ..]) if name == b"FROM" => Tag::From,
            (4, [b'N', ..]) if name == b"NAME" => Tag::Name,
            (4, [b'T', ..]) if name == b"TIME" => Tag::Time,
            (4, [b'W', ..]) if name == b"WORK" => Tag::Work,
            (4, [b'X', ..]) if name == b"XrML" => Tag::Xrml,
            (5, [b'O', ..]) if name == b"OWNER" => Tag::Owner,
            (5, [b'R', ..]) if name == b"RIGHT" => Tag::Right,
            (5, [b'U', ..]) if name == b"UNTIL" => Tag::Until,
            (5, [b'V', ..]) if name == b"VALUE" => Tag::Value,
            (6, [b'A', ..]) if name == b"ACCESS" => Tag::Access,
            (6, [b'D', ..]) if name == b"DIGEST" => Tag::Digest,
            (6, [b'I', ..]) if name == b"ISSUER" => Tag::Issuer,
            (6, [b'O', ..]) if name == b"OBJECT" => Tag::Object,
            (7, [b'A', ..]) if name == b"ADDRESS" => Tag::Address,
            (8, [b'M', ..]) if name == b"METADATA" => Tag::Metadata,
            (9, [b'A', ..]) if name == b"ALGORITHM" => Tag::Algorithm,
            (9, [b'P', b'A', ..]) if name == b"PARAMETER" => Tag::Parameter,
            (9, [b'P', b'R', ..]) if name == b"PRINCIPAL" => Tag::Principal,
            (9, [b'P', b'U', ..]) if name == b"PUBLICKEY" => Tag::PublicKey,
            (9, [b'R', ..]) if name == b"RANGETIME" => Tag::RangeTime,
            (9, [b'S', ..]) if name == b"SIGNATURE" => Tag::Signature,
            (10, [b'D', ..]) if name == b"DESCRIPTOR" => Tag::Descriptor,
            (10, [b'I', ..]) if name == b"ISSUEDTIME" => Tag::IssuedTime,
            (10, [b'R', ..]) if name == b"RIGHTSLIST" => Tag::RightsList,
            (11, [b'R', ..]) if name == b"RIGHTSGROUP" => Tag::RightsGroup,
            (12, [b'V', ..]) if name == b"VALIDITYTIME" => Tag::ValidityTime,
            (13, [b'C', ..]) if name == b"CONDITIONLIST" => Tag::ConditionList,
            (13, [b'S', ..]) if name == b"SECURITYLEVEL" => Tag::SecurityLevel,
            (16, [b'I', ..]) if name == b"ISSUEDPRINCIPALS" => Tag::IssuedPrincipals,
            (17, [b'A', ..]) if name == b"AUTHENTICATEDDATA" => Tag::AuthenticatedData,
            (17, [b'D', ..]) if name == b"DISTRIBUTIONPOINT" => Tag::DistributionPoint,
            _ => Tag::Other,
        }
    }

    /// Whether an unknown name equals a known one in another case.
    pub(super) fn is_in_another_case(name: &[u8]) -> bool {
        // Real names are in upper case, except `XrML`, which is known.
        let is_lower = name.iter().any(u8::is_ascii_lowercase);
        let mut upper = [0; LONGEST];
        let Some(upper) = upper.get_mut(..name.len()).filter(|_| is_lower) else { return false };
        upper.copy_from_slice(name);
        upper.make_ascii_uppercase();
        Tag::of(upper) != Tag::Other
    }
}

/// The length of the longest name in bytes.
const LONGEST: usize = 17;

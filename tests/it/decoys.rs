//! Protected files that contain a second license. No content or position of the second license
//! makes the file read as "not needed".

use std::collections::HashSet;

use rmsight::{
    Anomaly, Authority, AuthorityKey, AuthorityKind, Container, Estate, Inspector, KeyStatus,
    Limits, Need, Protection, Report, judge,
};
use rmsight_specimen::{
    Attachment, Client, Documents, Encoding, IrmDocument, IrmKind, LicenseBuilder, Method, Msg,
    PdfForm, PdfIrm, Pfile, PfileVersion, Server, Zip, eml, gzip, mbox, rpmsg, tar, tnef,
};

/// Returns a license of an AD RMS cluster.
fn held() -> String {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    license.documents(Documents::Eight).declaration(false).text()
}

/// Returns a license of an Azure tenant.
fn decoy() -> String {
    LicenseBuilder::server(&Server::azure()).declaration(false).text()
}

/// Returns an estate in which the key of [`held`] is active.
fn estate() -> Estate {
    let mut key = AuthorityKey::new(KeyStatus::Active);
    key.key = Some(Server::contoso().key.fingerprint());
    let mut authority = Authority::new("Contoso", AuthorityKind::AdRms);
    authority.keys = vec![key];
    Estate::new(vec![authority]).unwrap()
}

fn utf8(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

fn with_bom(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").into_bytes()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn document(kind: IrmKind, license: Vec<u8>) -> IrmDocument {
    IrmDocument::new(kind, license).payload(600)
}

/// Builds a file of each container that contains a license, with `text` as the license.
fn containers(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let message = || rpmsg(&document(IrmKind::Message, utf8(text)).build());
    let attached = || [Attachment::rpmsg(message())];
    let pfile = |version| Pfile::new(version, with_bom(text)).build();
    let pdf = |form| PdfIrm::new(form, with_bom(text)).build();
    let office = || document(IrmKind::Ooxml, utf8(text)).build();
    let zip = |method| Zip::new().member("offer.docx", office(), method).build();
    vec![
        ("docx", office()),
        ("docx, UTF-16", document(IrmKind::Ooxml, utf16(text)).build()),
        ("docx of the SDK", document(IrmKind::Ooxml, utf8(text)).build_as_sdk()),
        ("doc", document(IrmKind::Word, utf8(text)).build()),
        ("xls", document(IrmKind::Excel, utf8(text)).build()),
        ("ppt", document(IrmKind::PowerPoint, utf8(text)).build()),
        ("xps", document(IrmKind::Xps, utf8(text)).build()),
        ("pfile 2.0", pfile(PfileVersion::V2_0)),
        ("pfile 2.1", pfile(PfileVersion::V2_1)),
        ("pfile 3.0", pfile(PfileVersion::V3_0)),
        ("license", utf8(text)),
        ("license with BOM", with_bom(text)),
        ("license, UTF-16", utf16(text)),
        ("pdf v1", pdf(PdfForm::V1)),
        ("pdf v1 in a wrapper", pdf(PdfForm::V1Wrapped)),
        ("pdf v2", pdf(PdfForm::V2)),
        ("pdf v2 in a wrapper", pdf(PdfForm::V2Wrapped)),
        ("rpmsg", message()),
        ("eml", eml(&["Content-Class: rpmsg.message"], &attached())),
        ("mbox", mbox(&[eml(&[], &attached())])),
        ("msg", Msg::new().attachment(Attachment::rpmsg(message())).build()),
        ("tnef", tnef(&attached())),
        ("zip, stored", zip(Method::Stored)),
        ("zip, deflated", zip(Method::Deflated)),
        ("tar.gz", gzip(&tar(&[("offer.docx", &office())]))),
    ]
}

/// Returns texts with `other` in each position in which a reader could accept it as the license.
fn texts(license: &str, other: &str) -> Vec<(String, String)> {
    let entity = other.replace('%', "").replace('"', "'");
    let hidden = [
        ("comment", format!("<!-- {other} -->")),
        ("instruction", format!("<?decoy {other}?>")),
        ("document type", format!("<!DOCTYPE XrML [<!-- {other} -->]>")),
        ("entity", format!("<!DOCTYPE XrML [<!ENTITY decoy \"{entity}\">]>")),
        ("CDATA", format!("<![CDATA[{other}]]>")),
        ("foreign element", format!("<decoy xmlns=\"urn:x\"><a b='>'/>{other}</decoy>")),
        ("no markup", other.to_owned()),
    ];
    let mut texts = vec![("nothing".to_owned(), license.to_owned())];
    let (head, body) = license.split_once("<BODY").unwrap();
    for (name, decoy) in hidden {
        texts.push((format!("{name} before"), format!("{decoy}{license}")));
        texts.push((format!("{name} after"), format!("{license}{decoy}")));
        texts.push((format!("{name} inside"), format!("{head}{decoy}<BODY{body}")));
    }
    texts
}

/// Builds files whose structure contains two licenses.
fn structures(license: &str, other: &str) -> Vec<(String, Vec<u8>)> {
    use rmsight_specimen::DRM_TRANSFORM;
    let mut files = Vec::new();
    for kind in [IrmKind::Ooxml, IrmKind::Word, IrmKind::Xps] {
        for name in ["A", "\u{9}DRMTransform2", "zzzzzzzzzzzzzzzzzzzzzzzzzz"] {
            let two = document(kind, utf8(license));
            let two = two.further_transform(name, DRM_TRANSFORM, utf8(other));
            files.push((format!("{kind:?}, a further transform {name:?}"), two.build()));
            let swapped = document(kind, utf8(other));
            let swapped = swapped.further_transform(name, DRM_TRANSFORM, utf8(license));
            files.push((format!("{kind:?}, the license in transform {name:?}"), swapped.build()));
        }
        let mut many = document(kind, utf8(other));
        for number in 0..99 {
            many = many.further_transform(&format!("T{number:02}"), DRM_TRANSFORM, utf8(other));
        }
        let many = many.further_transform("T99", DRM_TRANSFORM, utf8(license));
        files.push((format!("{kind:?}, 101 transforms"), many.build()));
    }
    files
}

fn highest(report: &Report, estate: &Estate) -> Need {
    report.findings().map(|finding| judge(finding.facts(), estate).need()).max().unwrap()
}

fn has_limit(report: &Report) -> bool {
    report.findings().any(|finding| {
        finding.facts().error_code.as_deref().is_some_and(|code| code.starts_with("limit-"))
    })
}

/// Returns a description of the report if its need is too low.
fn broken(report: &Report, estate: &Estate, may_be_damaged: bool) -> Option<String> {
    let alone = highest(report, &Estate::default());
    let known = highest(report, estate);
    let is_kept = known == Need::Yes || has_limit(report) || may_be_damaged;
    let is_broken = alone == Need::No || known == Need::No || !is_kept;
    let keys: Vec<_> = report.findings().map(|f| f.facts().slc_key().map(|k| &k[7..15])).collect();
    is_broken.then(|| format!("{alone} {known} {keys:?} {:?}", report.incomplete()))
}

/// XML does not allow these inside an element, so the license is damaged.
fn is_damage(position: &str) -> bool {
    ["no markup inside", "document type inside", "entity inside"].contains(&position)
}

#[test]
fn test_files_cover_every_container_of_a_license() {
    let mut inspector = Inspector::default();
    let mut has: HashSet<Container> = HashSet::new();
    for (name, bytes) in containers(&held()) {
        let report = inspector.inspect_bytes(&bytes);
        let rms = report.findings().filter(|f| f.facts().protection == Protection::Rms);
        let before = has.len();
        has.extend(rms.map(|finding| finding.facts().container));
        assert!(has.len() > before || !has.is_empty(), "{name}");
    }
    let licensed = [
        Container::OoxmlIrm,
        Container::BinaryIrm,
        Container::XpsIrm,
        Container::Rpmsg,
        Container::PdfIrmV1,
        Container::PdfIrmV2,
        Container::Pfile,
        Container::License,
    ];
    assert_eq!(has, HashSet::from(licensed));
}

#[test]
fn decoy_in_the_text_never_lowers_the_highest_need() {
    let (estate, mut inspector) = (estate(), Inspector::default());
    let mut wrong = Vec::new();
    for (position, text) in texts(&held(), &decoy()) {
        for (container, bytes) in containers(&text) {
            let report = inspector.inspect_bytes(&bytes);
            if let Some(what) = broken(&report, &estate, is_damage(&position)) {
                wrong.push(format!("{container}, {position}: {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn decoy_in_the_structure_never_lowers_the_highest_need() {
    let (estate, mut inspector) = (estate(), Inspector::default());
    let mut wrong = Vec::new();
    for (name, bytes) in structures(&held(), &decoy()) {
        let report = inspector.inspect_bytes(&bytes);
        if let Some(what) = broken(&report, &estate, false) {
            wrong.push(format!("{name}: {what}"));
        }
        for finding in report.findings() {
            let anomalies = &finding.facts().anomalies;
            assert!(anomalies.contains(&Anomaly::SeveralLicenses), "{name}");
        }
        assert_eq!(report.findings().count(), 2, "{name}: identical candidates share a record");
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn decoy_under_a_spent_budget_never_lowers_the_highest_need() {
    let estate = estate();
    let limited = |name: &str, amount: u64| {
        let mut limits = Limits::default();
        assert!(limits.set(name, amount), "{name}");
        limits
    };
    let mut budgets = vec![
        limited("licenses", 1),
        limited("licenses", 2),
        limited("chain-length", 1),
        limited("chain-length", 8),
        limited("license-bytes", 9_000),
        limited("license-bytes", 40_000),
        limited("xml-depth", 4),
        limited("findings", 1),
    ];
    for part in [1_000, 20_000, 60_000, 150_000, 400_000, 900_000] {
        budgets.push(limited("steps", part));
        budgets.push(limited("steps-total", part));
        budgets.push(limited("bytes-read", part / 8));
        budgets.push(limited("allocation", part / 4));
    }
    let mut files: Vec<(String, Vec<u8>, bool)> = Vec::new();
    for (position, text) in texts(&held(), &decoy()) {
        for (container, bytes) in containers(&text) {
            files.push((format!("{container}, {position}"), bytes, is_damage(&position)));
        }
    }
    for (name, bytes) in structures(&held(), &decoy()) {
        files.push((name, bytes, false));
    }
    let mut wrong = Vec::new();
    for (number, limits) in budgets.into_iter().enumerate() {
        let mut inspector = Inspector::builder().limits(limits).build();
        // Each budget inspects an eighth of the files; all of them take minutes.
        for (name, bytes, is_damage) in files.iter().skip(number % 8).step_by(8) {
            let report = inspector.inspect_bytes(bytes);
            if let Some(what) = broken(&report, &estate, *is_damage) {
                wrong.push(format!("{name}: {what}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn unreadable_candidate_has_its_own_record() {
    use rmsight_specimen::{DRM_TRANSFORM, LZX_TRANSFORM};
    let unknown = "{00000000-1111-2222-3333-444444444444}";
    let cases: [(&str, &str, Vec<u8>, Option<&str>); 4] = [
        ("no XrML", DRM_TRANSFORM, b"no license at all".to_vec(), Some("license-unreadable")),
        ("empty", DRM_TRANSFORM, Vec::new(), Some("license-missing")),
        ("unknown class", unknown, utf8(&held()), Some("unknown-transform")),
        ("compression", LZX_TRANSFORM, Vec::new(), None),
    ];
    for (name, class, license, code) in cases {
        let file = document(IrmKind::Ooxml, utf8(&decoy()));
        let file = file.further_transform("Another", class, license).build();
        let report = Inspector::default().inspect_bytes(&file);
        let codes: Vec<_> =
            report.findings().filter_map(|f| f.facts().error_code.as_deref()).collect();
        assert_eq!(codes, Vec::from_iter(code), "{name}");
        assert_eq!(report.findings().count(), 1 + codes.len(), "{name}");
        let expected = if code.is_some() { Need::Possible } else { Need::No };
        assert_eq!(highest(&report, &Estate::default()), expected, "{name}");
    }
}

#[test]
fn transform_without_description_has_its_own_record() {
    let file = document(IrmKind::Ooxml, utf8(&decoy())).compound();
    let file = file.storage("\u{6}DataSpaces/TransformInfo/Another").build();
    let report = Inspector::default().inspect_bytes(&file);
    let codes: Vec<_> = report.findings().map(|f| f.facts().error_code.as_deref()).collect();
    assert_eq!(codes, [None, Some("license-missing")]);
    assert_eq!(highest(&report, &Estate::default()), Need::Possible);
}

#[test]
fn license_in_a_certificate_chain_is_verified() {
    for encoding in [Encoding::Utf8, Encoding::Utf16] {
        let license = LicenseBuilder::client(&Server::contoso(), &Client::windows());
        let text = license.documents(Documents::Eight).declaration(false).text();
        let documents = text.split_inclusive("</XrML>");
        let encoded = |text: &str| match encoding {
            Encoding::Utf8 => utf8(text),
            _ => utf16(text),
        };
        let base64 = |bytes: Vec<u8>| base64_of(&bytes);
        let certificates: String = documents
            .filter(|text| text.contains("<XrML"))
            .map(|text| format!("<certificate>{}</certificate>", base64(encoded(text))))
            .collect();
        let chain =
            format!("<?xml version=\"1.0\"?><certificatechain>{certificates}</certificatechain>");
        let report = Inspector::default().inspect_bytes(chain.as_bytes());
        let facts = report.findings().next().unwrap().facts();
        let license = facts.license.as_deref().unwrap();
        if cfg!(feature = "verify") {
            assert_eq!(license.signature.as_str(), "valid");
            assert_eq!(license.link.as_str(), "linked");
        }
        assert_eq!(license.chain_length, Some(8));
    }
}

#[test]
fn certificate_chain_with_damaged_certificate_is_undecided() {
    let chain = "<certificatechain><certificate>****</certificate></certificatechain>";
    let report = Inspector::default().inspect_bytes(chain.as_bytes());
    assert_eq!(highest(&report, &Estate::default()), Need::Possible);
}

#[test]
fn license_text_outside_of_pfile_fields_is_reported() {
    for version in PfileVersion::ALL {
        let plain = Pfile::new(version, with_bom(&decoy())).build();
        let at = plain.windows(6).position(|window| window == b"</XrML").unwrap() + 7;
        let (head, tail) = plain.split_at(at);
        let with_notice =
            |text: &str| Pfile::new(version, with_bom(&decoy())).clear_text(text).build();
        let mut cases = vec![("clear text", with_notice(&held()))];
        for shift in ["", " ", "  "] {
            let text = shift.to_owned() + &held();
            cases.push(("base64", with_notice(&base64_of(text.as_bytes()))));
            cases.push(("base64 of UTF-16", with_notice(&base64_of(&utf16(&text)))));
            // White space in UTF-16 shifts by two bytes; this shifts by one.
            let odd = [shift.as_bytes(), &utf16(&held())].concat();
            cases.push(("base64 of shifted UTF-16", with_notice(&base64_of(&odd))));
        }
        if version != PfileVersion::V2_0 {
            let file = Pfile::new(version, with_bom(&decoy())).metadata(held().as_bytes());
            cases.push(("metadata", file.build()));
        }
        // The content offset moves to the end of the second license.
        let mut moved = [head, held().as_bytes(), tail].concat();
        let field = Pfile::new(version, with_bom(&decoy())).header_offset() + 20;
        let content = u32::from_le_bytes(moved[field..field + 4].try_into().unwrap());
        let content = content + held().len() as u32;
        moved[field..field + 4].copy_from_slice(&content.to_le_bytes());
        cases.push(("after the license", moved));
        assert_eq!(
            highest(&Inspector::default().inspect_bytes(&plain), &Estate::default()),
            Need::No
        );
        for (name, file) in cases {
            let report = Inspector::default().inspect_bytes(&file);
            let facts = report.findings().next().unwrap().facts();
            assert!(facts.anomalies.contains(&Anomaly::StrayLicenseText), "{version:?}, {name}");
            assert_eq!(highest(&report, &Estate::default()), Need::Possible, "{version:?}, {name}");
        }
    }
}

#[test]
fn license_in_foreign_root_or_other_encoding_is_reported() {
    let chain = format!(
        "<certificatechain><certificate>{}</certificate></certificatechain>",
        base64_of(&utf16(&held()))
    );
    let mut utf16_after = utf8(&decoy());
    utf16_after.extend(utf16(&held()));
    let cases = [
        ("foreign root", format!("<Root>{}{}</Root>", decoy(), held()).into_bytes()),
        ("foreign root, UTF-16", utf16(&format!("<Root>{}{}</Root>", decoy(), held()))),
        ("chain after", format!("{}{chain}", decoy()).into_bytes()),
        ("UTF-16 after", utf16_after),
    ];
    for (name, file) in cases {
        let report = Inspector::default().inspect_bytes(&file);
        assert_eq!(highest(&report, &Estate::default()), Need::Possible, "{name}");
    }
}

/// A reader that accepts elements outside the specification finds another key.
#[test]
fn elements_beside_the_body_or_in_other_case_are_damage() {
    fn element<'t>(text: &'t str, name: &str) -> &'t str {
        let end = format!("</{name}>");
        &text[text.find(&format!("<{name}")).unwrap()..text.find(&end).unwrap() + end.len()]
    }
    let (held, decoy) = (held(), decoy());
    let principals = element(&held, "ISSUEDPRINCIPALS");
    let body = element(&held, "BODY");
    let in_case = |text: &str, from: &str, to: &str| text.replace(from, to);
    let cases = [
        ("principals before", decoy.replacen("<BODY", &format!("{principals}<BODY"), 1)),
        ("principals after", decoy.replacen("</BODY>", &format!("</BODY>{principals}"), 1)),
        ("another body", decoy.replacen("<BODY", &(in_case(body, "BODY", "Body") + "<BODY"), 1)),
        ("no other body", in_case(&decoy, "BODY", "Body")),
        (
            "principals in another case",
            decoy.replacen(
                "<ISSUEDP",
                &(in_case(principals, "ISSUEDP", "IssuedP") + "<ISSUEDP"),
                1,
            ),
        ),
        ("a principal", in_case(&decoy, "<PRINCIPAL", "<Principal")),
        ("a key", in_case(&decoy, "PUBLICKEY", "PublicKey")),
    ];
    let estate = Estate::default();
    assert_eq!(highest(&Inspector::default().inspect_bytes(decoy.as_bytes()), &estate), Need::No);
    for (name, text) in cases {
        let report = Inspector::default().inspect_bytes(text.as_bytes());
        assert!(highest(&report, &estate) >= Need::Possible, "{name}");
        let code = report.incomplete().map(|error| error.code().as_str());
        assert_eq!(code, Some("malformed-xrml"), "{name}");
    }
}

#[test]
fn value_interrupted_by_markup_yields_no_other_key() {
    let text = held();
    let key = text.split("<ISSUEDPRINCIPALS").nth(1).unwrap();
    let modulus = key.split("<VALUE encoding=\"base64\" size=").nth(1);
    let modulus = modulus.and_then(|rest| rest.split_once('>')).unwrap().1;
    let modulus = modulus.split('<').next().unwrap();
    assert!(modulus.len() > 300, "{modulus}");
    let (half, rest) = modulus.split_at(172);
    let pieces = [
        format!("{half}<!-- x -->{rest}"),
        format!("{half}<![CDATA[{rest}]]>"),
        format!("<![CDATA[{half}]]>{rest}"),
        format!("{half}<?x?>{rest}"),
        format!("{half}<x/>{rest}"),
        format!("{half}<x>y</x>{rest}"),
        format!("<!-- x -->{half} <!-- x -->{rest}"),
    ];
    let whole = Server::contoso().key.fingerprint();
    for piece in pieces {
        let file = text.replace(modulus, &piece);
        let report = Inspector::default().inspect_bytes(file.as_bytes());
        for finding in report.findings() {
            let key = finding.facts().slc_key();
            assert!(key.is_none_or(|key| key == whole), "{piece}: {key:?}");
        }
        assert_ne!(highest(&report, &Estate::default()), Need::No, "{piece}");
    }
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

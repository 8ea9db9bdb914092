//! Fields of the record, from licenses of each encoding and chain.

use rmsight::{
    Anomaly, CertificateKind, Depth, Facts, Finding, Hierarchy, Inspector, IssuerKind,
    LicenseFacts, Protection, Searched,
};
use rmsight_specimen::{Client, Documents, Encoding, LicenseBuilder, Mode, Repeat, Server};
use sha2::{Digest, Sha256};

pub(crate) fn inspect(bytes: &[u8]) -> Finding {
    let report = Inspector::builder().build().inspect_bytes(bytes);
    report.findings().next().unwrap().clone()
}

fn facts(bytes: &[u8]) -> Facts {
    inspect(bytes).facts().clone()
}

fn license(bytes: &[u8]) -> LicenseFacts {
    *facts(bytes).license.expect("a publishing license")
}

fn client() -> LicenseBuilder {
    LicenseBuilder::client(&Server::contoso(), &Client::windows())
}

#[test]
fn encoding_and_chain_do_not_change_the_head() {
    let plain = license(&client().build());
    assert!(plain.slc_key.is_some() && plain.slc_id.is_some() && plain.issued.is_some());
    let mut cases = Vec::new();
    for encoding in Encoding::ALL {
        for nuls in [0, 2] {
            for declaration in [true, false] {
                let builder = client().encoding(encoding).trailing_nuls(nuls);
                cases.push(builder.declaration(declaration).build());
            }
        }
    }
    for documents in [Documents::Two, Documents::Six, Documents::Eight] {
        cases.push(client().documents(documents).build());
    }
    cases.push(client().enabling_bits_first(true).build());
    cases.push(client().order(&[1, 0]).documents(Documents::Two).build());
    for bytes in cases {
        let found = license(&bytes);
        let head = |facts: &LicenseFacts| {
            (
                facts.slc_key.clone(),
                facts.slc_id.clone(),
                facts.slc_address.clone(),
                facts.issued,
                facts.licensing_intranet.clone(),
                facts.owner.clone(),
                facts.issuer_name.clone(),
                facts.content_id.clone(),
            )
        };
        assert_eq!(head(&found), head(&plain));
        assert_eq!(found.license_bytes, Some(bytes.len() as u64));
        assert_eq!(found.license_offset, Some(0));
    }
}

#[test]
fn facts_equal_the_values_given_to_the_builder() {
    let tenant = "6594232e-0000-4000-8000-c711fc49ef58";
    let bytes = LicenseBuilder::client(&Server::azure(), &Client::federation())
        .issued("2024-02-29T23:59")
        .validity("2024-02-29T23:59", "2031-01-01T00:00")
        .descriptor(
            "{0F1E2D3C-4B5A-4968-8778-695A4B3C2D1E}",
            &[
                (1033, "Secret &amp; &lt;private&gt;", "Only for us"),
                (1031, "Geheim", "Nur für uns"),
            ],
        )
        .content_id("{656F2EDC-C5E2-4291-99FA-1E4D92C41BD8}")
        .owner_of("Unspecified", "ann@contoso.example")
        .intranet(Some(" https://rms.contoso.example/_wmcs/licensing\r\n"))
        .extranet(None)
        .referral(Some("mailto:help@contoso.example"))
        .label("9fbde396-1a24-4c79-8edf-9254a0f35055", tenant)
        .double_key()
        .build();
    let facts = facts(&bytes);
    let license = facts.license.as_deref().unwrap();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    assert_eq!(license.issued.unwrap().to_string(), "2024-02-29T23:59:00Z");
    assert_eq!(license.valid_until.unwrap().to_string(), "2031-01-01T00:00:00Z");
    assert_eq!(text(&license.descriptor_id), "0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e");
    assert_eq!(text(&license.descriptor_name), "Secret & <private>");
    assert_eq!(text(&license.content_id), "656f2edc-c5e2-4291-99fa-1e4d92c41bd8");
    assert_eq!(text(&license.owner), "ann@contoso.example");
    assert_eq!(text(&license.owner_id_type), "Unspecified");
    assert_eq!(license.issuer_kind, Some(IssuerKind::Client));
    assert_eq!(text(&license.issuer_id_type), "Federation");
    assert_eq!(text(&license.licensing_intranet), "https://rms.contoso.example/_wmcs/licensing");
    assert_eq!(license.licensing_extranet, None);
    assert_eq!(text(&license.referral), "mailto:help@contoso.example");
    assert_eq!(facts.label_id.as_deref(), Some("9fbde396-1a24-4c79-8edf-9254a0f35055"));
    assert_eq!(facts.label_tenant.as_deref(), Some(tenant));
    assert!(facts.anomalies.contains(&Anomaly::LabelTenantDiffers), "{:?}", facts.anomalies);
    assert_eq!(license.double_key, Some(true));
    assert!(license.tenant_id.is_some() && license.server_version.is_some());
    assert!(license.clc_issued.is_some() && license.clc_until > license.clc_issued);
    assert_eq!(license.hierarchy, Some(Hierarchy::Unknown));
    assert!(license.slc_issuer_key.is_some());
}

#[test]
fn license_hash_needs_the_option_and_full_depth() {
    let bytes = client().build();
    let expected: String =
        Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    for (depth, fingerprint, hash) in [
        (Depth::Full, true, Some(&expected)),
        (Depth::Full, false, None),
        (Depth::Head, true, None),
    ] {
        let mut inspector = Inspector::builder().depth(depth).fingerprint(fingerprint).build();
        let report = inspector.inspect_bytes(&bytes);
        let facts = report.findings().next().unwrap().facts().clone();
        assert_eq!(facts.license.unwrap().license_sha256.as_ref(), hash, "{depth:?}");
    }
}

#[test]
fn crypto_mode_follows_the_digest() {
    for (server, mode, bits) in
        [(Server::contoso(), Mode::Two, 2048), (Server::contoso_legacy(), Mode::One, 1024)]
    {
        let builder = LicenseBuilder::client(&server, &Client::windows());
        assert_eq!(builder.mode(), mode);
        let found = license(&builder.build());
        assert_eq!(found.crypto_mode, Some(if mode == Mode::One { 1 } else { 2 }));
        assert_eq!(found.slc_key_bits, Some(bits));
    }
}

#[test]
fn head_depth_has_key_and_url() {
    let bytes = client().size(40_000).build();
    let mut quick = Inspector::builder().depth(Depth::Head).build();
    let report = quick.inspect_bytes(&bytes);
    let found = report.findings().next().unwrap().facts().clone();
    assert_eq!(found.depth, Depth::Head);
    let head = found.license.unwrap();
    let full = license(&bytes);
    assert_eq!(head.slc_key, full.slc_key);
    assert_eq!(head.licensing_intranet, full.licensing_intranet);
    assert_eq!(head.license_bytes, full.license_bytes);
    let unread = (head.license_sha256, head.chain_length, head.crypto_mode, head.double_key);
    assert_eq!(unread, (None, None, None, None));
    assert_eq!((head.clc_issued, head.hierarchy, head.slc_issuer_key), (None, None, None));
}

#[test]
fn repeated_element_is_an_anomaly_and_first_value_counts() {
    let plain = license(&client().build());
    let other = "https://other.example/_wmcs".to_owned();
    let repeats = [
        Repeat::IssuedTime("2001-01-01T00:00".to_owned()),
        Repeat::Intranet(other.clone()),
        Repeat::Extranet(other),
        Repeat::Principal(Box::new(Server::forger())),
        Repeat::Descriptor("{00000000-0000-4000-8000-000000000000}".to_owned()),
    ];
    for repeat in repeats {
        let builder = client()
            .descriptor("{0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e}", &[])
            .extranet(Some("https://rms.contoso.example/_wmcs/licensing"));
        let found = facts(&builder.repeat(repeat.clone()).build());
        let license = found.license.as_deref().unwrap();
        assert_eq!(license.slc_key, plain.slc_key, "{repeat:?}");
        assert_eq!(license.licensing_intranet, plain.licensing_intranet, "{repeat:?}");
        assert!(found.anomalies.contains(&Anomaly::DuplicateElement), "{repeat:?}");
    }
}

#[test]
fn unusual_license_has_an_anomaly() {
    let cases = [
        (client().reflowed().build(), Anomaly::ReflowedLicense),
        (client().documents(Documents::Two).order(&[1, 0]).build(), Anomaly::ChainOrder),
        (client().followed_by("trailing").build(), Anomaly::TrailingData),
        (client().double_key_only("Microsoft.DKE.Alg").build(), Anomaly::DoubleKeyIncomplete),
    ];
    for (bytes, anomaly) in cases {
        let found = facts(&bytes);
        assert!(found.anomalies.contains(&anomaly), "{anomaly}: {:?}", found.anomalies);
        assert_eq!(found.protection, Protection::Rms);
    }
    assert_eq!(facts(&client().build()).anomalies, []);
}

#[test]
fn license_cut_anywhere_never_reads_unprotected() {
    let bytes = client().documents(Documents::Two).build();
    let whole = license(&bytes);
    for end in (60..bytes.len()).step_by(61) {
        let found = facts(&bytes[..end]);
        assert_ne!(found.protection, Protection::None, "cut at {end}");
        assert_eq!(found.searched, Searched::Partial, "cut at {end}");
        assert!(found.error_code.is_some(), "cut at {end}");
        if let Some(key) = found.slc_key() {
            assert_eq!(Some(key), whole.slc_key.as_deref(), "cut at {end}");
        }
    }
}

#[test]
fn certificates_and_templates_are_not_protected_files() {
    use rmsight_specimen::{
        certificate_chain_file, client_certificate, server_certificate, template, use_license,
    };
    let server = Server::contoso();
    let user = Client::windows();
    let cases: [(Vec<u8>, CertificateKind); 5] = [
        (server_certificate(&server).into_bytes(), CertificateKind::ServerLicensor),
        (client_certificate(&server, &user).into_bytes(), CertificateKind::ClientLicensor),
        (
            template(&server, "{0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e}", &[]).into_bytes(),
            CertificateKind::OfficialTemplate,
        ),
        (
            use_license(&server, &user, "2020-01-01T00:00").concat().into_bytes(),
            CertificateKind::UseLicense,
        ),
        (certificate_chain_file(&server), CertificateKind::ServerLicensor),
    ];
    for (bytes, kind) in cases {
        let finding = inspect(&bytes);
        assert_eq!(finding.facts().protection, Protection::None, "{kind}");
        assert_eq!(finding.facts().searched, Searched::Full, "{kind}");
    }
}

#[test]
fn raw_license_lists_certificates_and_application_data() {
    let bytes = client().documents(Documents::Eight).label("a", "b").build();
    let finding = inspect(&bytes);
    let license = finding.license().unwrap();
    assert_eq!(license.raw(), bytes);
    assert_eq!(license.offset(), Some(0));
    let kinds: Vec<CertificateKind> =
        license.certificates().iter().map(|certificate| certificate.kind).collect();
    use CertificateKind::*;
    assert_eq!(
        kinds,
        [
            PublishingLicense,
            ClientLicensor,
            UseLicense,
            ClientLicensor,
            ServerLicensor,
            ServerLicensor,
            CertificateAuthority,
            CertificateAuthority,
        ]
    );
    for certificate in license.certificates() {
        let range = certificate.start as usize..certificate.end as usize;
        assert!(bytes[range.clone()].starts_with(b"<XrML"));
        assert!(bytes[range].ends_with(b"</XrML>"));
    }
    let data = license.app_data();
    assert!(data.iter().any(|data| data.id == "LABEL" && data.name.as_deref() == Some("ID")));
}

#[test]
fn bare_certificate_lists_its_chain() {
    use rmsight::Signature;
    use rmsight_specimen as specimen;
    use rmsight_specimen::{certificate_chain_file, server_certificate};
    let server = Server::contoso();
    let wide = |text: String| specimen::encode(&text, Encoding::Utf16Bom);
    let big_endian = |text: String| specimen::encode(&text, Encoding::Utf16Be);
    let files = [
        server_certificate(&server).into_bytes(),
        big_endian(server_certificate(&server)),
        wide(server_certificate(&server)),
        certificate_chain_file(&server),
    ];
    for bytes in files {
        let finding = inspect(&bytes);
        let certificates = finding.license().expect("the inspector keeps licenses").certificates();
        use CertificateKind::*;
        let kinds: Vec<_> = certificates.iter().map(|certificate| certificate.kind).collect();
        let expected = [ServerLicensor, ServerLicensor, CertificateAuthority, CertificateAuthority];
        assert_eq!(kinds, expected);
        if cfg!(feature = "verify") {
            assert!(certificates.iter().all(|it| it.signature == Signature::Valid));
        }
        assert_eq!(certificates[0].principal.key, Some(server.key.fingerprint()));
        for pair in certificates.windows(2) {
            assert_eq!(pair[0].issuer.key, pair[1].principal.key);
            assert!(pair[0].start < pair[0].end && pair[0].end <= pair[1].start);
        }
        assert!(certificates[3].end <= bytes.len() as u64);
    }
}

//! Each kind of source, and sources that are rejected.

use super::recognize::MAX_BYTES;
use super::*;
use crate::authority::EstateMistake;
use crate::authority::{Estate, KeyStatus, Origin};
use rmsight_specimen::{self as specimen, Server};

const ID: &str = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427";
const TENANT: &str = "6fa459ea-ee8a-4ca4-894e-db77e160355e";

fn wide(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn one(bytes: impl AsRef<[u8]>) -> Learned {
    let mut all = learn(bytes.as_ref()).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn refused(bytes: impl AsRef<[u8]>) -> EstateMistake {
    let error = learn(bytes.as_ref()).unwrap_err();
    error.mistakes()[0].clone()
}

#[test]
fn server_certificate_is_learned_in_any_wrapping() {
    for server in [Server::contoso(), Server::contoso_legacy(), Server::branch()] {
        let bare = specimen::server_certificate(&server);
        let info = specimen::server_info(&server);
        let soap = format!("<soap:Envelope><soap:Body>{info}</soap:Body></soap:Envelope>");
        let sources = [
            bare.clone().into_bytes(),
            format!("\u{feff}{bare}").into_bytes(),
            wide(&bare),
            wide(&bare)[2..].to_vec(),
            wide(&info),
            soap.into_bytes(),
            format!("<a>{}</a>", bare.replace('<', "&lt;")).into_bytes(),
            specimen::certificate_chain_file(&server),
        ];
        for source in sources {
            let all = learn(&source).unwrap();
            // The chain of a licensing-only cluster contains that of the root cluster.
            assert_eq!(all.len(), 1 + usize::from(server.enrolled_by.is_some()));
            let learned = &all[0];
            assert_eq!(learned.key.as_deref(), Some(server.key.fingerprint().as_str()));
            assert_eq!(learned.bits, Some(server.key.bits()));
            let id = server.id.trim_matches(['{', '}']).to_lowercase();
            assert_eq!(learned.id.as_deref(), Some(id.as_str()));
            assert!(learned.notes[0].contains("ability to open"));
            assert_eq!(learned.hosts.len(), 1);
        }
    }
}

#[test]
#[cfg(feature = "verify")]
fn changed_certificate_is_rejected() {
    let changed = specimen::server_certificate(&Server::contoso()).replace("CONTOSO", "FABRIKAM");
    assert!(refused(changed).message.contains("does not hold"));
}

#[test]
fn public_keys_in_der_and_pem_are_learned() {
    let key = Server::contoso().key;
    let pem = key.public_key_pem();
    let sources = [key.public_key_der(), pem.clone().into_bytes(), wide(&pem)];
    for source in sources {
        let learned = one(source);
        assert_eq!(learned.key, Some(key.fingerprint()));
        assert_eq!(learned.bits, Some(key.bits()));
    }
    let two = pem.clone() + &Server::azure().key.public_key_pem();
    assert_eq!(learn(two.as_bytes()).unwrap().len(), 2);
    let private = pem.replace("PUBLIC KEY", "RSA PRIVATE KEY");
    assert!(refused(private).message.contains("private key"));
    let other = "-----BEGIN X509 CRL-----\nMAMCAQE=\n-----END X509 CRL-----\n";
    assert!(refused(other).message.contains("`X509 CRL`"));
    assert!(refused(pem.replace("-----END", "----")).message.contains("damaged"));
}

/// One DER element.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    let head =
        if body.len() < 128 { vec![tag, length[1]] } else { vec![tag, 0x82, length[0], length[1]] };
    [head, body].concat()
}

/// A certificate around a SubjectPublicKeyInfo, with a signature that is not checked.
fn certificate(key: &[u8]) -> Vec<u8> {
    let sha256_rsa = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
    let algorithm = der(0x30, &[&der(0x06, &[&sha256_rsa]), &[0x05, 0x00]]);
    let common_name = [der(0x06, &[&[0x55, 0x04, 0x03]]), der(0x0C, &[b"rms key"])].concat();
    let name = der(0x30, &[&der(0x31, &[&der(0x30, &[&common_name])])]);
    let time = der(0x17, &[b"240101000000Z"]);
    let validity = der(0x30, &[&time, &time]);
    let serial = der(0x02, &[&[1]]);
    let version = der(0xA0, &[&der(0x02, &[&[2]])]);
    let body = der(0x30, &[&version, &serial, &algorithm, &name, &validity, &name, key]);
    der(0x30, &[&body, &algorithm, &der(0x03, &[&[0; 33]])])
}

#[test]
fn x509_certificate_is_learned_by_its_modulus() {
    let key = Server::contoso().key;
    let learned = one(certificate(&key.public_key_der()));
    assert_eq!(learned.key, Some(key.fingerprint()));
    assert_eq!(learned.name.as_deref(), Some("CN=rms key"));
    let oid = [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
    let point = der(0x03, &[&[0, 4], &[7; 64]]);
    let elliptic = der(0x30, &[&der(0x30, &[&der(0x06, &[&oid])]), &point]);
    assert!(refused(certificate(&elliptic)).message.contains("not an RSA"));
    // PKCS #1, with a zero before the modulus.
    let number = [vec![0], key.modulus()].concat();
    let bare = der(0x30, &[&der(0x02, &[&number]), &der(0x02, &[&[1, 0, 1]])]);
    assert_eq!(one(bare).key, Some(key.fingerprint()));
}

#[test]
fn tenant_configuration_contains_ids_only() {
    let text = |service: &str| {
        format!(
            "PS C:\\>Get-AipServiceConfiguration\r\n\
             BPOSId                                : {TENANT}\r\n\r\n\
             LicensingIntranetDistributionPointUrl : https://{ID}.{service}.eu.aadrm.com/_wmcs/licensing\r\n\
             LicensingExtranetDistributionPointUrl: https://{ID}.{service}.eu.aadrm.com/_wmcs/licensing\r\n\
             OnPremiseDomainName                   :\r\n\
             Keys                                  : {{{ID},\r\n\
             \x20                                        {TENANT}}}\r\n\
             CurrentLicensorCertificateGuid        : {TENANT}\r\n\
             FunctionalState                       : Enabled\r\n"
        )
    };
    let all = learn(&wide(&text("rms"))).unwrap();
    let ids: Vec<_> = all.iter().map(|learned| learned.id.as_deref().unwrap()).collect();
    assert_eq!(ids, [TENANT, ID]);
    for learned in &all {
        assert_eq!((learned.key.as_deref(), learned.tenant.as_deref()), (None, Some(TENANT)));
        assert_eq!(learned.hosts, [format!("{ID}.rms.eu.aadrm.com")]);
        assert!(learned.notes[0].contains("an id decides nothing"));
    }
    let unreal = learn(text("aipservice").as_bytes()).unwrap();
    assert!(unreal[0].hosts.is_empty() && unreal[0].notes[0].contains("do not exist"));
}

#[test]
fn key_list_of_tenant_is_learned() {
    let der = Server::azure().key.public_key_der();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
    let (first, rest) = base64.split_at(60);
    let text = format!(
        "\nKeyIdentifier : {ID}\nKeyType       : Customer-managed\nStatus        : Active\n\
         CreationTime  : 1/1/2024 10:00:00 AM\nFriendlyName  : ours\nPublicKey     : {first}\n\
         \x20               {rest}\n\n\
         KeyIdentifier : {TENANT}\nKeyType       : Microsoft-managed\nFriendlyName  :\nStatus : Archived\n"
    );
    let all = learn(text.as_bytes()).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].key, Some(Server::azure().key.fingerprint()));
    assert_eq!((all[0].id.as_deref(), all[0].name.as_deref()), (Some(ID), Some("ours")));
    assert_eq!((all[1].id.as_deref(), all[1].key.as_deref()), (Some(TENANT), None));
    assert!(all[1].notes.iter().any(|note| note.contains("learn the key")));
    let statuses = all.iter().map(|learned| learned.status);
    assert!(statuses.eq([Some(KeyStatus::Active), Some(KeyStatus::Archived)]));
    assert!(all[1].to_toml(None, Origin::Own).contains("status = \"archived\""));
    let unknown = refused(text.replace("Status : Archived", "Mood : Archived"));
    assert_eq!(unknown.line, Some(13));
    assert!(unknown.message.contains("`Mood`"));
    assert!(refused("KeyIdentifier : none").message.contains("GUID"));
}

#[test]
fn redirection_annotates_host() {
    let text = "Windows Registry Editor Version 5.00\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Wow6432Node\\Microsoft\\MSIPC\\ServiceLocation\\LicensingRedirection]\r\n\
        ; ours\r\n\
        \"https://RMS.example.com:443/_wmcs/licensing\"=\"https://x.rms.eu.aadrm.com/_wmcs/licensing\"\r\n\r\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Other]\r\n\"a\"=dword:00000001\r\n";
    let learned = one(wide(text));
    assert_eq!(learned.hosts, ["rms.example.com"]);
    assert_eq!((&learned.key, &learned.id), (&None, &None));
    assert!(learned.notes[0].contains("x.rms.eu.aadrm.com"));
    assert!(!learned.to_toml(None, Origin::Own).contains("[["));
    let number = text.replace("\"https://x.rms.eu.aadrm.com/_wmcs/licensing\"", "dword:1");
    assert_eq!(refused(number).line, Some(5));
    assert_eq!(refused(text.replace("\"https://RMS", "\"RMS")).line, Some(5));
}

#[test]
fn unreadable_source_is_rejected_with_advice() {
    let exported = "<TrustedPublishingDomain><data>AAAA</data></TrustedPublishingDomain>";
    for source in [exported, "<x/>", "", "<XrML version=\"1.2\"><BODY>", "\u{0}\u{1}"] {
        let message = refused(source).message;
        assert!(message.contains("GetServerInfo"), "{source}: {message}");
    }
    assert!(refused(vec![b' '; MAX_BYTES + 1]).message.contains("larger"));
}

#[test]
fn learned_key_is_read_back_with_open_or_complete_status() {
    let mut learned = one(specimen::server_certificate(&Server::contoso()));
    learned.name = Some("evil\"\nstatus = \"active".to_owned());
    let head = "[[authority]]\nname = \"Ours\"\nkind = \"ad-rms\"\n";
    let read =
        |status, origin| Estate::from_toml(head.to_owned() + &learned.to_toml(status, origin));
    let estate = read(Some(KeyStatus::Active), Origin::Tpd).unwrap();
    let key = &estate.authorities()[0].keys[0];
    assert_eq!((&key.key, &key.id), (&learned.key, &learned.id));
    assert_eq!((key.status, key.origin), (KeyStatus::Active, Origin::Tpd));
    let open = read(None, Origin::Own).unwrap();
    assert_eq!(open.authorities()[0].keys[0].status, KeyStatus::Open);
    for status in [KeyStatus::ReadOnly, KeyStatus::Imported].map(Some) {
        assert!(read(status, Origin::Own).is_err(), "{status:?}");
    }
    learned.id = Some("\"]".to_owned());
    assert!(!learned.to_toml(None, Origin::Own).contains("slc_id"));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = learn(&bytes);
        let _ = learn(&[b"0\x82".as_slice(), &bytes].concat());
    }

    #[test]
    fn no_text_makes_it_panic(text in "(KeyIdentifier|<XrML|&lt;|-----BEGIN |LicensingRedirection|REGEDIT4|[:\"=\\[\\]\n a-z]){0,40}") {
        let _ = learn(text.as_bytes());
    }
}

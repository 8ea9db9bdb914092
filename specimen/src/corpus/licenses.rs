//! Licenses and certificates as files: each chain, each signature state, each unusual element.

use super::publishers::{FolderFiles, TEMPLATE, azure, azure_tenant, contoso, legacy};
use crate::chain::{
    certificate_chain_file, client_certificate, server_certificate, server_info, template,
    use_license, use_license_stream,
};
use crate::client::Client;
use crate::license::{Documents, LicenseBuilder, Repeat, Signing};
use crate::server::Server;

pub(crate) fn files() -> FolderFiles {
    [chains(), signatures(), unusual_elements(), certificates()].concat()
}

fn chains() -> FolderFiles {
    use Documents::{Eight, One, Six, Two};
    let mode2 = |documents| contoso().documents(documents).build();
    let mode1 = |documents| legacy().documents(documents).build();
    vec![
        ("mode1-chain1.xml", mode1(One)),
        ("mode1-chain2.xml", mode1(Two)),
        ("mode1-chain8.xml", mode1(Eight)),
        ("mode2-chain1.xml", mode2(One)),
        ("mode2-chain2.xml", mode2(Two)),
        ("mode2-chain6.xml", mode2(Six)),
        ("mode2-chain8.xml", mode2(Eight)),
        ("mode1-server-issued.xml", LicenseBuilder::server(&Server::contoso_legacy()).build()),
        ("mode2-server-issued.xml", LicenseBuilder::server(&Server::contoso()).build()),
    ]
}

fn signatures() -> FolderFiles {
    let signed = |signing| legacy().signing(signing).build();
    let forged = LicenseBuilder::client(&Server::forger(), &Client::windows())
        .documents(Documents::Two)
        .principal(&Server::contoso());
    vec![
        ("signature-tampered.xml", signed(Signing::Tampered)),
        ("signature-mismatched.xml", signed(Signing::Mismatched)),
        ("signature-absent.xml", signed(Signing::Absent)),
        ("signature-unknown-algorithm.xml", signed(Signing::Unknown)),
        ("signature-reflowed.xml", legacy().reflowed().build()),
        ("forged-names-other-key.xml", forged.build()),
        ("forged-names-other-key-alone.xml", forged.documents(Documents::One).build()),
    ]
}

fn unusual_elements() -> FolderFiles {
    let languages: Vec<(u32, &str, &str)> = [
        1025, 1026, 1028, 1029, 1030, 1031, 1032, 1033, 1035, 1036, 1038, 1040, 1041, 1042, 1043,
        1044, 1045, 1046, 1048, 1049, 1050, 1051, 1053, 1054, 1055, 1057, 1058, 1060, 1061, 1062,
    ]
    .map(|lcid| (lcid, "Vertraulich – 機密 – سري", "Nur für Angestellte, außerhalb nicht lesbar"))
    .to_vec();
    let other = Box::new(Server::forger());
    let second = LicenseBuilder::server(&Server::azure()).declaration(false).text();
    vec![
        ("descriptor-many-languages.xml", legacy().descriptor(TEMPLATE, &languages).build()),
        ("chain-order.xml", contoso().order(&[1, 0, 3, 2, 7, 6, 5, 4]).build()),
        ("two-licenses.xml", legacy().followed_by(&second).build()),
        ("trailing-data.xml", legacy().followed_by("and something else").build()),
        (
            "repeated-url.xml",
            legacy()
                .repeat(Repeat::Intranet("https://elsewhere.example/_wmcs/licensing".into()))
                .build(),
        ),
        ("repeated-principal.xml", legacy().repeat(Repeat::Principal(other)).build()),
        (
            "repeated-time.xml",
            legacy().repeat(Repeat::IssuedTime("2001-01-01T00:00".into())).build(),
        ),
        ("double-key.xml", azure().double_key().build()),
        ("double-key-incomplete.xml", azure().double_key_only("microsoft.dke.alg").build()),
        ("validity.xml", legacy().validity("2016-05-29T07:12", "2016-07-29T07:12").build()),
        (
            "exchange-online.xml",
            LicenseBuilder::client(&Server::azure(), &Client::exchange_online(&azure_tenant()))
                .documents(Documents::Two)
                .build(),
        ),
        (
            "license-metadata.xml",
            legacy()
                .metadata("MS.Content.Name", "offer.docx")
                .metadata("MS.Notify.Enabled", "false")
                .named_referral("ada@contoso.com", "mailto:ada@contoso.com")
                .build(),
        ),
        ("no-urls.xml", legacy().intranet(None).extranet(None).build()),
    ]
}

fn certificates() -> FolderFiles {
    let (server, client) = (Server::contoso(), Client::windows());
    let use_license = use_license(&server, &client, "2016-06-02T08:00");
    vec![
        ("server-certificate.xml", server_certificate(&server).into_bytes()),
        (
            "client-certificate.xml",
            client_certificate(&Server::contoso_legacy(), &client).into_bytes(),
        ),
        ("certificate-chain.xml", certificate_chain_file(&Server::contoso_legacy())),
        ("server-info.xml", server_info(&Server::contoso_legacy()).into_bytes()),
        (
            "template.xml",
            template(&server, TEMPLATE, &[(1033, "Contoso Confidential", "For employees only")])
                .into_bytes(),
        ),
        ("use-license.xml", use_license.concat().into_bytes()),
        ("use-license-stream.bin", use_license_stream("CONTOSO\\ada", &use_license[..1])),
    ]
}

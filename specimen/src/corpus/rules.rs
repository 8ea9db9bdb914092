//! One file for each rule of the verdict that needs no estate file.
//!
//! Rules R03 to R05f need an estate file: judge the files of `licenses` with one that names the keys of
//! [`keys`](crate::keys). Rule R14 needs a chain under Microsoft's pre-production root, whose private key
//! only Microsoft has.

use super::publishers::{FolderFiles, LABEL, azure, azure_tenant, contoso, legacy};
use crate::chain::{use_license, use_license_stream};
use crate::client::Client;
use crate::irm::{IrmDocument, IrmKind};
use crate::license::{Documents, LicenseBuilder, Signing};
use crate::server::Server;

const AZURE_URL: &str =
    "https://7d2f1c3b-4a5e-4d6f-8b9a-0c1d2e3f4a5b.rms.eu.aadrm.com/_wmcs/licensing";
const OWN_URL: &str = "https://rms.fabrikam.example/_wmcs/licensing";

pub(crate) fn files() -> FolderFiles {
    let mut no_tenant = Server::azure();
    no_tenant.tenant = None;
    let mut withdrawn = Server::contoso_legacy();
    withdrawn.address = Some("https://licensing.drm.microsoft.com".into());
    withdrawn.intranet = Some("https://licensing.drm.microsoft.com/licensing".into());
    withdrawn.extranet = withdrawn.intranet.clone();
    let mut hostless = Server::contoso_legacy();
    (hostless.address, hostless.intranet) = (None, None);
    let mut version6 = Server::azure();
    version6.version = Some("6.1.0.0".into());
    let mut unreadable = Server::azure();
    unreadable.address = Some("::not a url::".into());
    unreadable.tenant = None;
    let server = |server: &Server| LicenseBuilder::server(server);
    let two = || contoso().documents(Documents::Two);
    vec![
        ("r00-address-unreadable.xml", server(&unreadable).build()),
        ("r02-no-principal.xml", without_principal(&two().text())),
        ("r06-azure.xml", server(&Server::azure()).build()),
        ("r06-azure-client.xml", azure_client().build()),
        ("r06b-imported-key.xml", server(&Server::imported()).build()),
        ("r06b-imported-version.xml", server(&version6).build()),
        ("r07-azure-without-tenant.xml", server(&no_tenant).build()),
        ("r08-ad-rms.xml", two().build()),
        ("r08-ad-rms-no-extranet.xml", legacy().build()),
        (
            "r09-both-urls-azure.xml",
            two().intranet(Some(AZURE_URL)).extranet(Some(AZURE_URL)).build(),
        ),
        ("r09-one-url-azure.xml", two().extranet(Some(AZURE_URL)).build()),
        ("r10-azure-key-own-url.xml", server(&Server::azure()).intranet(Some(OWN_URL)).build()),
        ("r11-withdrawn-service.xml", server(&withdrawn).build()),
        (
            "r11-passport.xml",
            LicenseBuilder::client(&hostless, &Client::passport())
                .documents(Documents::One)
                .owner_of("Passport", "linus@hotmail.example")
                .build(),
        ),
        ("m12-own-key-held-label.xml", two().label(LABEL, &azure_tenant()).build()),
        ("m13-double-key.xml", azure().double_key().build()),
        (
            "m15-licensing-only-cluster.xml",
            LicenseBuilder::client(&Server::branch(), &Client::windows())
                .documents(Documents::Six)
                .build(),
        ),
        ("m16-azure-tampered.xml", server(&Server::azure()).signing(Signing::Tampered).build()),
        ("m23-served-elsewhere.docx", served_elsewhere()),
    ]
}

fn azure_client() -> LicenseBuilder {
    LicenseBuilder::client(&Server::azure(), &Client::federation()).documents(Documents::Two)
}

/// A document of an AD RMS cluster with a use license that an Azure tenant issued.
fn served_elsewhere() -> Vec<u8> {
    let use_license = use_license(&Server::imported(), &Client::federation(), "2024-03-06T10:00");
    IrmDocument::new(IrmKind::Ooxml, legacy().build())
        .payload(2048)
        .use_license(use_license_stream("NORTHWIND\\grace", &use_license))
        .build()
}

/// Removes ISSUEDPRINCIPALS, which contains the SLC key, from the license.
fn without_principal(text: &str) -> Vec<u8> {
    let end = text.find("</XrML>").expect("a license has a root element") + "</XrML>".len();
    let first = &text[..end];
    let close = "</ISSUEDPRINCIPALS>";
    let from = first.find("<ISSUEDPRINCIPALS>").expect("a license has ISSUEDPRINCIPALS");
    let to = first.find(close).expect("ISSUEDPRINCIPALS is closed") + close.len();
    [&first[..from], &first[to..]].concat().into_bytes()
}

//! The certificate chain of a license: CLC, SLC, the enrollment service and the authorities
//! (MS-RMPR 2.2.9.3, 2.2.9.6). Also templates and use licenses, which a server signs too.

use crate::bytes::{base64, noise, set32, utf8_lp_p4, utf16};
use crate::client::Client;
use crate::keys::{
    ENROLLMENT_CA_1, ENROLLMENT_CA_2, KeyPair, Mode, PRODUCTION_CA, PRODUCTION_ROOT,
};
use crate::server::{Root, Server};
use crate::xml::{
    Producer, distribution_point, document, enabling_bits, extranet, intranet, localized, name,
    object, public_key, public_key_of, security_level, signature,
};

/// RANGETIME of the server certificates.
const UNLIMITED: (&str, &str) = ("2002-12-05T01:07", "2255-04-18T16:50");
/// RANGETIME of the authorities: expired, as in real chains.
const EXPIRED: (&str, &str) = ("2002-12-05T01:07", "2014-01-21T00:00");

/// Returns DESCRIPTOR of a certificate.
fn descriptor(kind: &str, id: &str) -> String {
    format!("<DESCRIPTOR>{}</DESCRIPTOR>", object(Some(kind), "MS-GUID", id, ""))
}

/// Returns WORK with the right to issue during `range`.
fn right_to_issue(kind: &str, id: &str, range: (&str, &str), principal: &str) -> String {
    format!(
        "<WORK>{}<RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST><RIGHT name=\"ISSUE\">\
         <CONDITIONLIST><TIME><RANGETIME><FROM>{}</FROM><UNTIL>{}</UNTIL></RANGETIME></TIME>\
         <ACCESS>{principal}</ACCESS></CONDITIONLIST></RIGHT></RIGHTSLIST></RIGHTSGROUP></WORK>",
        object(Some(kind), "MS-GUID", id, ""),
        range.0,
        range.1,
    )
}

const PRINCIPAL: &str = "<PRINCIPAL internal-id=\"1\" />";

/// A certificate that one authority issued to another.
struct Certificate<'a> {
    issued: &'a str,
    kind: &'a str,
    id: &'a str,
    issuer: &'a str,
    principal: &'a str,
    range: (&'a str, &'a str),
    key: &'a KeyPair,
    mode: Mode,
}

impl Certificate<'_> {
    fn build(&self) -> String {
        let body = format!(
            "<BODY type=\"LICENSE\" version=\"3.0\"><ISSUEDTIME>{}</ISSUEDTIME>{}<ISSUER>{}</ISSUER>\
             <ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">{}</PRINCIPAL></ISSUEDPRINCIPALS>{}</BODY>",
            self.issued,
            descriptor(self.kind, self.id),
            self.issuer,
            self.principal,
            right_to_issue(self.kind, self.id, self.range, PRINCIPAL),
        );
        document(Producer::Server, None, &body, self.key, self.mode)
    }
}

/// Returns OBJECT of an authority.
fn authority(named: &str) -> String {
    object(Some("DRM-Certificate-Authority"), "ascii-tag", named, &name(named))
}

/// Returns the Server Licensor Certificate and its chain, leaf first.
pub(crate) fn server_documents(server: &Server, anchor: Option<&[u8]>) -> Vec<String> {
    let mut documents = Vec::new();
    let mut server = server;
    while let Some(parent) = server.enrolled_by.as_deref() {
        let issuer = parent.identity() + &parent.levels(false);
        documents.push(licensor(server, &issuer, parent.key, parent.mode));
        server = parent;
    }
    let (id, key) = server.enrollment_service();
    let service = object(
        Some("MS-DRM-Server"),
        "MS-GUID",
        id,
        &name("Microsoft DRM Server Self Enrollment Service"),
    ) + &public_key(key);
    documents.push(licensor(server, &service, key, server.mode));
    documents.extend(authorities(server.root, server.mode, &service, anchor));
    documents
}

fn licensor(server: &Server, issuer: &str, key: &KeyPair, mode: Mode) -> String {
    Certificate {
        issued: &server.issued,
        kind: "Server-Licensor-Certificate",
        id: "{71000000-0000-4000-8000-000000000001}",
        issuer,
        principal: &(server.identity() + &server.levels(false)),
        range: UNLIMITED,
        key,
        mode,
    }
    .build()
}

/// Returns the certificates of the enrollment service, the Server Enrollment CA and the CA.
fn authorities(root: Root, mode: Mode, service: &str, anchor: Option<&[u8]>) -> [String; 3] {
    let word = root.word();
    let enrollment_key = match mode {
        Mode::One => &ENROLLMENT_CA_1,
        Mode::Two => &ENROLLMENT_CA_2,
    };
    let enrollment = authority(&format!("Microsoft DRM {word} Server Enrollment CA"))
        + &public_key(enrollment_key);
    let ca_name = match root {
        Root::Production => "Microsoft DRM Production CA",
        Root::Isv => "Microsoft DRM ISV CA",
    };
    let ca = authority(ca_name) + &public_key(&PRODUCTION_CA);
    let anchor = anchor.map_or_else(|| public_key(&PRODUCTION_ROOT), public_key_of);
    let top = authority(&format!("Microsoft DRM {word} Root")) + &anchor;
    let steps = [
        ("Server-Licensor-Certificate", 2, &enrollment, service, UNLIMITED, enrollment_key),
        ("DRM-CA-Certificate", 3, &ca, enrollment.as_str(), EXPIRED, &PRODUCTION_CA),
        ("DRM-CA-Certificate", 4, &top, ca.as_str(), EXPIRED, &PRODUCTION_ROOT),
    ];
    steps.map(|(kind, serial, issuer, principal, range, key)| {
        Certificate {
            issued: "2005-06-17T16:50",
            kind,
            id: &format!("{{71000000-0000-4000-8000-00000000000{serial}}}"),
            issuer,
            principal,
            range,
            key,
            mode,
        }
        .build()
    })
}

/// Returns the Client Licensor Certificate (MS-RMPR 2.2.9.6).
pub(crate) fn client_document(server: &Server, client: &Client) -> String {
    let id = "{72000000-0000-4000-8000-000000000001}";
    let kind = "Client-Licensor-Certificate";
    let bits = match server.mode {
        Mode::One => 6144,
        Mode::Two => 11904,
    };
    let principal = format!(
        "<PRINCIPAL internal-id=\"1\">{}</PRINCIPAL>",
        enabling_bits(server.mode, bits, 0xC1C)
    );
    let body = format!(
        "<BODY type=\"LICENSE\" version=\"3.0\"><ISSUEDTIME>{}</ISSUEDTIME>{}<ISSUER>{}{}</ISSUER>{}{}\
         <ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">{}{}</PRINCIPAL></ISSUEDPRINCIPALS>{}</BODY>",
        client.certified,
        descriptor(kind, id),
        server.identity(),
        server.levels(false),
        server.intranet.as_deref().map(intranet).unwrap_or_default(),
        server.extranet.as_deref().map(extranet).unwrap_or_default(),
        client.object(),
        public_key(client.key(server.mode)),
        right_to_issue(kind, id, (&client.certified, &client.certified_until), &principal),
    );
    document(Producer::Server, None, &body, server.key, server.mode)
}

/// Returns the owner's license, which a client issues to the author together with the publishing license.
pub(crate) fn owner_document(
    server: &Server,
    client: &Client,
    issued: &str,
    content: &str,
) -> String {
    let levels = security_level("Group-Identity-Credential-Type", "Persistent", true)
        + &security_level("Group-Identity-Type", "Group", true);
    let body = format!(
        "<BODY type=\"LICENSE\" version=\"3.0\"><ISSUEDTIME>{issued}</ISSUEDTIME>{}\
         <ISSUER>{}{}</ISSUER><ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">{}{}{levels}</PRINCIPAL>\
         </ISSUEDPRINCIPALS><WORK>{}<METADATA><OWNER><OBJECT><ID type=\"Unspecified\" />{}</OBJECT>\
         </OWNER></METADATA><RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST><RIGHT name = \"OWNER\"><ACCESS>\
         <PRINCIPAL internal-id=\"1\">{}</PRINCIPAL></ACCESS></RIGHT></RIGHTSLIST></RIGHTSGROUP></WORK></BODY>",
        descriptor("Content-License", "{73000000-0000-4000-8000-000000000001}"),
        client.object(),
        public_key(client.key(server.mode)),
        client.object(),
        public_key(client.account_key(server.mode)),
        object(None, "MS-GUID", content, ""),
        name(&client.name),
        enabling_bits(server.mode, sealed_bits(server.mode), 0x0311),
    );
    let key = client.key(server.mode);
    document(Producer::Client, Some("Content-License"), &body, key, server.mode)
}

/// Returns the size of a sealed content key in bits.
pub(crate) fn sealed_bits(mode: Mode) -> usize {
    match mode {
        Mode::One => 1664,
        Mode::Two => 2816,
    }
}

/// Builds a file with the certificate of a server and its chain, SLC first.
pub fn server_certificate(server: &Server) -> String {
    server_documents(server, None).concat()
}

/// Builds a file with the certificate of a client and its chain, CLC first.
pub fn client_certificate(server: &Server, client: &Client) -> String {
    client_document(server, client) + &server_documents(server, None).concat()
}

/// Builds a `<CERTIFICATECHAIN>` file, the format of exported certificates: UTF-16LE, each certificate in
/// base64.
pub fn certificate_chain_file(server: &Server) -> Vec<u8> {
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n<CERTIFICATECHAIN>\r\n");
    for certificate in server_documents(server, None) {
        let inner = utf16(&format!("<?xml version=\"1.0\"?>{certificate}"));
        text += &format!("  <CERTIFICATE>{}</CERTIFICATE>\r\n", base64(&inner));
    }
    text += "</CERTIFICATECHAIN>";
    [vec![0xFF, 0xFE], utf16(&text)].concat()
}

/// Builds the response of a server to a request for its certificate (MS-RMPR 4.6), without the SOAP
/// envelope.
pub fn server_info(server: &Server) -> String {
    format!(
        "<Results xmlns=\"\"><ServerInfoRequest Type=\"ServerLicensorCertificate\" AdditionalInfo=\"\">\
         <ServerLicensorCertificateChain>{}</ServerLicensorCertificateChain></ServerInfoRequest></Results>",
        server_certificate(server)
    )
}

/// Builds a rights policy template (MS-RMPR 2.2.9.9), which does not protect a document.
pub fn template(server: &Server, id: &str, names: &[(u32, &str, &str)]) -> String {
    let body = format!(
        "<BODY type=\"Microsoft Official Rights Template\"><ISSUEDTIME>2014-07-01T09:00</ISSUEDTIME>\
         <DESCRIPTOR>{}</DESCRIPTOR><ISSUER>{}{}</ISSUER>{}{}{}<WORK>{}</WORK>\
         <AUTHENTICATEDDATA id=\"Encrypted-Rights-Data\">{}</AUTHENTICATEDDATA></BODY>",
        object(None, "MS-GUID", id, &name(&localized(names))),
        server.identity(),
        server.levels(false),
        publishing_url(server),
        server.intranet.as_deref().map(intranet).unwrap_or_default(),
        server.extranet.as_deref().map(extranet).unwrap_or_default(),
        object(None, "MS-GUID", "{75000000-0000-4000-8000-000000000001}", ""),
        base64(&noise(0x7E, 640)),
    );
    document(Producer::Server, None, &body, server.key, server.mode)
}

fn publishing_url(server: &Server) -> String {
    let url = server.intranet.as_deref().unwrap_or_default();
    let id = "{9A23D98E-4449-4ba5-812A-F30808F3CB16}";
    distribution_point("Publishing-URL", id, Some("Publishing Point"), url)
}

/// Builds a use license, which a server issues to `client`, and its chain (MS-RMPR 2.2.9.8).
pub fn use_license(server: &Server, client: &Client, issued: &str) -> Vec<String> {
    let body = format!(
        "<BODY type=\"LICENSE\" version=\"3.0\"><ISSUEDTIME>{issued}</ISSUEDTIME>{}<ISSUER>{}{}</ISSUER>\
         <ISSUEDPRINCIPALS><PRINCIPAL internal-id=\"1\">{}{}</PRINCIPAL></ISSUEDPRINCIPALS><WORK>{}\
         <RIGHTSGROUP name=\"Main-Rights\"><RIGHTSLIST><RIGHT name=\"VIEW\"><CONDITIONLIST><ACCESS>\
         <PRINCIPAL internal-id=\"1\">{}</PRINCIPAL></ACCESS></CONDITIONLIST></RIGHT></RIGHTSLIST>\
         </RIGHTSGROUP></WORK></BODY>",
        descriptor("Content-License", "{74000000-0000-4000-8000-000000000001}"),
        server.identity(),
        server.levels(false),
        client.object(),
        public_key(client.account_key(server.mode)),
        object(None, "MS-GUID", "{74000000-0000-4000-8000-000000000002}", ""),
        enabling_bits(server.mode, sealed_bits(server.mode), 0xE01),
    );
    let leaf = document(Producer::Server, Some("Content-License"), &body, server.key, server.mode);
    let mut documents = vec![leaf];
    documents.extend(server_documents(server, None));
    documents
}

/// Builds an `EUL-*` stream that contains a use license (MS-OFFCRYPTO 2.2.7).
pub fn use_license_stream(user: &str, documents: &[String]) -> Vec<u8> {
    let mut header = vec![0; 4];
    utf8_lp_p4(&mut header, base64(&utf16(&format!("Windows:{user}"))).as_bytes());
    let len = header.len();
    set32(&mut header, 0, len);
    let mut text = String::from("<?xml version=\"1.0\"?><certificatechain>");
    for document in documents {
        text += &format!("<certificate>{}</certificate>", base64(&utf16(document)));
    }
    text += "</certificatechain>";
    let mut stream = header;
    utf8_lp_p4(&mut stream, text.as_bytes());
    stream
}

/// Signs `body` and returns SIGNATURE.
pub(crate) fn sign_body(producer: Producer, body: &str, key: &KeyPair, mode: Mode) -> String {
    let signed = key.sign(mode, body);
    signature(producer, mode, &signed.digest, &signed.signature)
}

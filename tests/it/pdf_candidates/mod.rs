//! PDFs with several encryption dictionaries or payloads. An Azure license must not hide one of AD
//! RMS, and a structure that may contain another license must not be dropped without an error.

mod builder;
mod damage;
mod encryption;
mod records;

use std::sync::LazyLock;

use rmsight::{Anomaly, Estate, Inspector, Need, Report, judge};
use rmsight_specimen::{Encoding, LicenseBuilder, PdfForm, PdfIrm, Server};

use builder::Pdf;

fn license(server: &Server) -> Vec<u8> {
    LicenseBuilder::server(server).encoding(Encoding::Utf8Bom).build()
}

/// Returns the license of an AD RMS cluster.
fn cluster() -> &'static [u8] {
    static LICENSE: LazyLock<Vec<u8>> = LazyLock::new(|| license(&Server::contoso()));
    &LICENSE
}

/// Returns the license of an Azure tenant.
fn azure() -> &'static [u8] {
    static LICENSE: LazyLock<Vec<u8>> = LazyLock::new(|| license(&Server::azure()));
    &LICENSE
}

fn protected(license: &[u8]) -> Vec<u8> {
    PdfIrm::new(PdfForm::V2, license.to_vec()).content(100).build()
}

/// Writes a PDF literal string.
fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![b'('];
    for byte in bytes {
        if matches!(byte, b'(' | b')' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b')');
    out
}

fn dictionary(license: &[u8]) -> Vec<u8> {
    let head = b"<< /Filter /MicrosoftIRMServices /MicrosoftIRMVersion 2 /V 5 /PublishingLicense ";
    [head, literal(license).as_slice(), b" >>"].concat()
}

const ROOT: &str = "/Root 1 0 R";
const EP: &str = "/EP << /Type /EncryptedPayload /Subtype /MicrosoftIRMServices /Version 2 >>";

/// Returns the file specification of a payload whose `/EF` has the entries `files`.
fn payload(files: &str) -> String {
    format!(
        "<< /Type /Filespec /F (a.pdf) /UF (a.pdf) /AFRelationship /EncryptedPayload {EP} \
         /EF << {files} >> >>"
    )
}

/// Builds a wrapper whose catalog has the entries `catalog`. Object 10 is the payload of a tenant
/// and object 12 that of a cluster. Objects 11 and 13 contain the embedded files.
fn wrapper(catalog: &str) -> Pdf {
    Pdf::with_catalog(catalog)
        .object(10, payload("/F 11 0 R"))
        .file(11, &protected(azure()))
        .object(12, payload("/F 13 0 R"))
        .file(13, &protected(cluster()))
}

fn read(bytes: &[u8]) -> Report {
    Inspector::default().inspect_bytes(bytes)
}

fn need(report: &Report) -> Need {
    let estate = Estate::default();
    let needs = report.findings().map(|finding| judge(finding.facts(), &estate).need());
    let rank = |need: &Need| match need {
        Need::No => 0,
        Need::Possible => 1,
        _ => 2,
    };
    needs.max_by_key(rank).unwrap()
}

fn keys(report: &Report) -> Vec<&str> {
    let mut keys: Vec<&str> = report.findings().filter_map(|one| one.facts().slc_key()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings().filter_map(|one| one.facts().error_code.as_deref()).collect()
}

fn are_marked(report: &Report) -> bool {
    report.findings().all(|one| one.facts().anomalies.contains(&Anomaly::SeveralLicenses))
}

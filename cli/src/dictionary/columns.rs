//! The table of columns, in the order of the record.

use rmsight::{
    Anomaly, Confidence, Container, Dependency, Depth, ErrorCode, Hierarchy, IssuerKind, KeyLink,
    KeyMatch, Need, Protection, Searched, Signature, rules,
};

use super::column_entry::{ColumnEntry, ListedValue};
use super::error_codes;
use crate::output::{advice, meaning};

const GUID: &str = "GUID, lower case, no braces";
const KEY: &str = "`sha256:` and 64 hex digits";
const TIME: &str = "RFC 3339, UTC";
const URL: &str = "URL, as written";

const fn column(name: &'static str, unit: &'static str, meaning: &'static str) -> ColumnEntry {
    ColumnEntry::new(name, unit, meaning)
}

/// Lists every value of a vocabulary with its meaning.
macro_rules! values {
    ($enum:ident, $meaning:expr) => {
        || {
            let all = $enum::ALL.iter();
            all.map(|it| ListedValue { name: it.as_str(), meaning: $meaning(*it), advice: "" })
                .collect()
        }
    };
}

fn codes() -> Vec<ListedValue> {
    let all = ErrorCode::ALL.iter();
    all.map(|code| ListedValue {
        name: code.as_str(),
        meaning: error_codes::meaning(*code),
        advice: advice::of_code(code.as_str()),
    })
    .collect()
}

fn rule_ids() -> Vec<ListedValue> {
    rules()
        .map(|rule| ListedValue { name: rule.id(), meaning: rule.sentence(), advice: "" })
        .collect()
}

/// Returns the description of the column with this name.
pub(crate) fn entry(name: &str) -> Option<&'static ColumnEntry> {
    ENTRIES.iter().find(|entry| entry.name == name)
}

/// The columns of the record, in the order in which they are written.
pub(crate) static ENTRIES: &[ColumnEntry] = &[
    column(
        "schema",
        "version",
        "The version of the record. A column does not change its meaning within a version.",
    ),
    column(
        "reader",
        "version",
        "The version of the code that read the facts. Rows of an older version are read again.",
    ),
    column("source", "", "The name that `--source` gives to what was scanned, or the computer."),
    column(
        "path",
        "",
        "The path of the file as walked. Text that is not Unicode is replaced by U+FFFD.",
    ),
    column(
        "path_raw",
        "base64",
        "The bytes of the path (on Windows UTF-16LE). Null unless `path` lost characters.",
    ),
    column("size", "bytes", "The size of the file. Null if the system did not give it."),
    column("modified", TIME, "The time at which the file was last changed."),
    column(
        "member",
        "path",
        "Where the finding is inside the file: steps from the outside in, joined by `!/`. Null \
         for the file itself. A step has `%`, `!` and control characters percent-encoded, and \
         `#n` if it has no name or the name occurs twice.",
    ),
    column(
        "member_size",
        "bytes",
        "The size of the member. Null for the file itself, and if unknown.",
    ),
    column("container", "", "The format of the file or member.")
        .of(values!(Container, meaning::container)),
    column("protection", "", "How the content is protected.")
        .of(values!(Protection, meaning::protection)),
    column("searched", "", "Whether everything inside was searched.")
        .of(values!(Searched, meaning::searched)),
    column("depth", "", "How much of the license was read.").of(values!(Depth, meaning::depth)),
    column(
        "license_offset",
        "bytes from the start of the file",
        "Where the license is located. Null if its bytes are not contiguous, or are compressed \
         or encoded.",
    ),
    column("license_bytes", "bytes", "The length of the license, as the container has it."),
    column(
        "license_sha256",
        "64 hex digits",
        "The SHA-256 of the license, over the bytes as the container has them. Null unless \
         `scan --fingerprint` or `inspect` computes it.",
    ),
    column(
        "chain_length",
        "documents",
        "The number of `XrML` documents: the license and its certificates.",
    ),
    column(
        "crypto_mode",
        "1 or 2",
        "The cryptographic mode: 1 is SHA-1, 2 is SHA-256. Null for other algorithms.",
    ),
    column("issued", TIME, "When the content was protected (`ISSUEDTIME`), to the minute."),
    column("valid_until", TIME, "When the license expires, excluded. Null if it does not expire."),
    column(
        "descriptor_id",
        GUID,
        "The id of the policy: that of the rights template, or a new one for rights that a user \
         chose.",
    ),
    column("descriptor_name", "", "The first name of the policy: that of the template."),
    column("content_id", GUID, "The id of the content. Copies of a file share it."),
    column("owner", "mail address, usually", "The owner of the content, as the license names it."),
    column(
        "owner_id_type",
        "",
        "The type of the id of the owner, such as `Windows` or `Federation`.",
    ),
    column("issuer_kind", "", "The publisher of the content. Null for other kinds of issuers.")
        .of(values!(IssuerKind, meaning::issuer)),
    column(
        "issuer_id_type",
        "",
        "The type of `issuer_id`, such as `Windows`, `Federation` or `MS-GUID`.",
    ),
    column("issuer_id", "as its type says", "The id of the issuer: a SID, a GUID or another one."),
    column("issuer_name", "", "The mail address of the author, or the name of the server."),
    column("client_version", "version", "The version of the client that published the content."),
    column(
        "clc_issued",
        TIME,
        "When the client got the certificate (CLC) that it published with. Null if the license \
         does not contain that certificate.",
    ),
    column("clc_until", TIME, "When that certificate can no longer publish, excluded."),
    column("slc_id", GUID, "The id of the server certificate (SLC) that the content is sealed to."),
    column(
        "slc_key",
        KEY,
        "The key of that server certificate: only the server that holds it opens the content. \
         The SHA-256 of the big-endian modulus without leading zeros.",
    ),
    column("slc_key_bits", "bits", "The size of that key, usually 1024 or 2048."),
    column("slc_name", "", "The name of the server in the license. RMS 1.0 does not write it."),
    column("slc_address", URL, "The base address of the server when its certificate was issued."),
    column("server_version", "version", "The version of the server, as its certificate states it."),
    column("server_sku", "", "The edition of the server, as its certificate states it."),
    column("tenant_id", GUID, "The id of the Entra tenant. Only Azure RMS writes it."),
    column("hierarchy", "", "The root of the certificates of the server.")
        .of(values!(Hierarchy, meaning::hierarchy)),
    column(
        "slc_issuer_key",
        KEY,
        "The key that issued the server certificate. Null if the license does not contain that \
         certificate.",
    ),
    column("licensing_intranet", URL, "Where clients inside the organization get use licenses."),
    column("licensing_extranet", URL, "Where clients outside the organization get use licenses."),
    column("referral", "mail address or URL", "The contact for access requests (`Referral-Info`)."),
    column(
        "label_id",
        GUID,
        "The sensitivity label: that of the license, else with `--labels` that of the file.",
    ),
    column("label_tenant", GUID, "The Entra tenant of the label."),
    column(
        "double_key",
        "",
        "Whether double key encryption (DKE) applies: the organization's own key service is \
         needed too.",
    ),
    column(
        "use_licenses",
        "count",
        "The number of use licenses cached in the file. Null if it is 0 and the file has no \
         license.",
    ),
    column("use_license_key", KEY, "The key of the server that issued the newest of them."),
    column("signature", "", "The result of checking the signature of the license.")
        .of(values!(Signature, meaning::signature)),
    column(
        "link",
        "",
        "Whether signatures lead from the license to `slc_key`. Linked means consistent, not \
         authentic.",
    )
    .of(values!(KeyLink, meaning::link)),
    column(
        "error_code",
        "",
        "Why something was not read. Null if everything was read. Such a finding is never \
         `none`.",
    )
    .of(codes)
    .listed_in("[CODES.md](../CODES.md)"),
    column("error", "", "The same in words, with the structure and the term of its specification."),
    column(
        "error_offset",
        "bytes",
        "Where the error occurred: in the file, or in the member if that is compressed or \
         encoded.",
    ),
    column("anomalies", "", "What is odd, but readable. In CSV, spaces separate the names.")
        .of(values!(Anomaly, meaning::anomaly))
        .listed_in("[CODES.md](../CODES.md)"),
    column(
        "need",
        "",
        "Whether an authority that goes away is needed to open the content. Without an estate \
         file, servers of the organization itself count as going away.",
    )
    .of(values!(Need, meaning::need)),
    column("dependency", "", "Whose key opens the content.")
        .of(values!(Dependency, meaning::dependency)),
    column("confidence", "", "How sure the verdict is. Null if nothing is protected.")
        .of(values!(Confidence, meaning::confidence)),
    column("rule", "", "The id of the rule that decided.")
        .of(rule_ids)
        .listed_in("`rmsight rules`"),
    column("rules", "version", "The version of the table of rules."),
    column("key_match", "", "What of the license matched the estate file.")
        .of(values!(KeyMatch, meaning::key_match)),
    column("authority", "", "The name of the matching authority in the estate file."),
    column("estate", "64 hex digits", "The SHA-256 of the estate file. Null if there was none."),
    column(
        "etag",
        "",
        "The entity tag of an object in a store, without quotes. It differs after each change. \
         Null for files.",
    ),
    column(
        "version_id",
        "",
        "The version of an object that was read, if the store keeps versions. Null for files.",
    ),
    column(
        "tier",
        "",
        "The storage class of an object as the store names it: `Hot`, `Cool`, `Archive`, \
         `STANDARD`, `GLACIER`. Null for files, and if the store does not tell.",
    ),
];

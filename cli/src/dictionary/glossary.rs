//! The words of the output, of the documentation and of the estate file.

/// A word and its meaning.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) word: &'static str,
    pub(crate) meaning: &'static str,
}

const fn term(word: &'static str, meaning: &'static str) -> Term {
    Term { word, meaning }
}

/// All words, from what users meet first to special terms.
pub(crate) static GLOSSARY: &[Term] = &[
    term(
        "finding",
        "One row of the result: a file, or a member of it that is protected or was not read. A \
         file has at least one.",
    ),
    term(
        "record",
        "A finding with all its columns, as NDJSON, CSV, Parquet or a row of the inventory.",
    ),
    term("member", "A file inside a file: a document in an archive, an attachment of a message."),
    term("container", "The format of a file or member."),
    term(
        "inventory",
        "The SQLite file in which `scan -i` keeps findings, so that later scans read only what \
         changed.",
    ),
    term("root", "A folder or list that was scanned, as the inventory stores it."),
    term("gap", "A reason why the scans do not support the answer \"not needed\"."),
    term("estate", "All the servers and keys of an organization."),
    term(
        "estate file",
        "The file in which the operator declares authorities and what became of their keys.",
    ),
    term("authority", "A service that opens content with its keys: a cluster or a tenant."),
    term("cluster", "An installation of AD RMS on the organization's own servers."),
    term("tenant", "An organization in Microsoft Entra. Azure RMS has the keys of each tenant."),
    term(
        "retiring",
        "An authority that goes away is retiring: files that need it have to be protected again \
         first.",
    ),
    term(
        "redirection",
        "A setting or DNS entry that leads clients from an old address to the service that has \
         the key now.",
    ),
    term(
        "undecided",
        "Whose key opens the content is not known (column `dependency`). It says nothing about \
         the need by itself.",
    ),
    term(
        "possible",
        "An authority that goes away may be needed (column `need`): something was not read, not \
         proven or not declared. It is never counted as \"not needed\".",
    ),
    term(
        "publishing license",
        "The part of a protected file that names the key, the owner and the rights.",
    ),
    term(
        "use license",
        "What a server gives to a user to open one content. Some files cache use licenses; they \
         do not replace the server.",
    ),
    term(
        "SLC",
        "Server licensor certificate: the certificate of the key that content is sealed to. \
         Whoever holds this key opens the content.",
    ),
    term(
        "CLC",
        "Client licensor certificate: with it a client publishes offline. It outlives a server \
         that does not publish any more.",
    ),
    term(
        "descriptor",
        "The policy of a license: its rights template, or the rights that a user chose.",
    ),
    term("referral", "The address in a license that users ask for access."),
    term("linked", "Valid signatures lead from the license through the CLC to the SLC key."),
    term(
        "self",
        "The SLC key signed the license itself, and the file contains no other certificate.",
    ),
    term(
        "unanchored",
        "No signature leads to the SLC key that the license names, so the name is unproven.",
    ),
    term("broken", "A signature is invalid, or certificates contradict each other."),
    term(
        "hierarchy",
        "The root of the certificates: Microsoft's production root or its test root.",
    ),
    term(
        "read-only mode",
        "A cluster that still opens content and lets no client publish, because its key cannot \
         move.",
    ),
    term(
        "M24",
        "Alarm: a client got a CLC after the cluster became read-only. Some node still answers.",
    ),
    term(
        "M25",
        "Content was published after that time, with a CLC from before, which still works.",
    ),
    term("M26", "Alarm: the server itself published content after it became read-only."),
    term("M27", "A file was changed after that time, under its old license."),
    term(
        "sub-enrolled",
        "A licensing-only cluster is sub-enrolled: the root cluster issued its SLC, and it has \
         a separate key.",
    ),
    term(
        "TPD",
        "Trusted publishing domain: a key exported from one AD RMS cluster for another, or for \
         Azure.",
    ),
    term(
        "imported key",
        "A key of an AD RMS cluster that a tenant got as a TPD: Azure RMS opens its content too.",
    ),
    term(
        "HYOK",
        "Hold your own key: a label that protects with an AD RMS cluster, not with Azure RMS.",
    ),
    term(
        "DKE",
        "Double key encryption: Azure RMS and a key service of the organization are both needed.",
    ),
];

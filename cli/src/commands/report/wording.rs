//! Sentences of the report: answers, next steps, and limits of a scan.

use rmsight::{Anomaly, KeyStatus};

use super::page::ReportPage;
use crate::output::format::{counted, day};
use crate::output::summary;
use crate::stats::{KeyStats, NeedCounts, Publishes};

/// Dependencies that a scan of files cannot find, each with a way to find them.
pub(super) const BLIND: [(&str, &str, &str); 7] = [
    (
        "SharePoint libraries",
        "Documents in a library with rights management lie in the database as plain files; they are \
         protected when somebody downloads them.",
        "On each SharePoint farm: `Get-SPWebApplication | Get-SPSite -Limit All | Get-SPWeb -Limit \
         All` and look at `IrmEnabled` of each list; in Central Administration, Security, \
         Information Rights Management, see which server it uses.",
    ),
    (
        "Exchange: journals, transport rules, mailboxes",
        "Transport rules and journal decryption ask the cluster for licenses, and mailboxes hold \
         protected mail that no file scan reads.",
        "`Get-IRMConfiguration`, `Get-TransportRule | where ApplyRightsProtectionTemplate`, \
         `Get-RMSTemplate`; search mailboxes and archives for the attachment \
         `message.rpmsg`, or export them to PST and scan that.",
    ),
    (
        "Backups and archives",
        "What is restored next year is sealed to the key of its day.",
        "Ask how long backups are kept, and keep the key (an exported trusted publishing domain \
         with its password, or an offline copy of the cluster) for as long.",
    ),
    (
        "Files that were sent outside",
        "Partners and former employees hold documents whose licenses name your hosts.",
        "Read the cluster's logging database: who asked for licenses from outside in the last \
         twelve months, and whether trusted user domains or federation are set up.",
    ),
    (
        "Use licenses on computers",
        "A cached use license opens a document without the cluster, until it runs out: all seems \
         well, and weeks later it is not.",
        "Do not take silence after a trial switch-off for an answer. Look at the cluster's own log \
         (requests a day) for at least as long as the longest validity of a template.",
    ),
    (
        "Mobile devices and applications of your own",
        "They ask the cluster through the mobile device extension or the SDK, and keep no file on \
         a share.",
        "Look in IIS logs for `/my/v1/` and `/my/v2/` and for user agents that are not Office; ask \
         the owners of each application that has a service account in the cluster.",
    ),
    (
        "Who still publishes",
        "A client with a client licensor certificate publishes offline, without asking anybody.",
        "Take publishing away first (read-only), wait until the newest certificate has run out, \
         scan again and compare: `rmsight diff` shows what is new under an old key.",
    ),
];

/// Returns the answer for one key, as a word and as a sentence.
pub(super) fn answer(needs: NeedCounts, status: Option<KeyStatus>) -> (&'static str, &'static str) {
    match status {
        Some(KeyStatus::Foreign) => {
            ("not yours", "Another organization's: your cluster cannot open them anyway.")
        }
        Some(KeyStatus::Lost) => ("lost", "Nobody holds this key: no cluster can open them."),
        _ if needs.yes > 0 => ("keep it", "Files can be opened only with this key."),
        _ if needs.possible > 0 => {
            ("not decided", "Files may need this key, and nothing here rules it out.")
        }
        Some(KeyStatus::Imported) => {
            ("in Azure", "Azure opens these; old addresses have to be redirected.")
        }
        _ if needs.no > 0 => ("not needed", "No file in what was scanned needs a cluster for it."),
        _ => ("not found", "No file in what was scanned names it."),
    }
}

/// Returns the overall answer as a sentence.
pub(super) fn verdict(page: &ReportPage) -> (&'static str, String) {
    let needs = page.aggregate.stats.needs;
    if needs.yes > 0 {
        let text = format!(
            "No. {} in what was scanned can only be opened with a key that an AD RMS cluster holds.",
            counted(needs.yes, "finding")
        );
        return ("yes", text);
    }
    if needs.possible > 0 {
        let text = format!(
            "Not yet. Nothing surely needs an AD RMS cluster, but of {} nobody can tell.",
            counted(needs.possible, "finding")
        );
        return ("possible", text);
    }
    if !page.gaps.is_empty() {
        let text =
            "Not yet. Nothing that was found needs an AD RMS cluster, but the scan has gaps.";
        return ("possible", text.to_owned());
    }
    let text = "Nothing in what was scanned needs an AD RMS cluster. What a file scan cannot see \
        stands at the end of this page: check it before you switch anything off.";
    ("no", text.to_owned())
}

/// Returns the next steps in their order.
pub(super) fn todo(page: &ReportPage) -> Vec<String> {
    let aggregate = &page.aggregate;
    let mut all = Vec::new();
    if !page.gaps.is_empty() {
        all.push(format!(
            "Close the gaps of the scan ({}), else no answer is worth anything: {}.",
            page.gaps.len(),
            page.gaps.iter().take(3).map(|gap| gap.text.as_str()).collect::<Vec<_>>().join("; ")
        ));
    }
    let unknown = page.unknown().len();
    if unknown > 0 {
        all.push(format!(
            "Say what became of {}: paste the lines under \"Keys that the estate does not have\" \
             into the estate file, fill in each status, and make this report again. Nothing is \
             scanned for that.",
            counted(unknown.try_into().unwrap_or(u64::MAX), "unknown key")
        ));
    }
    let after = aggregate.odd.get(&Anomaly::ClcIssuedAfterReadOnly).copied().unwrap_or_default()
        + aggregate.odd.get(&Anomaly::ServerPublishedAfterReadOnly).copied().unwrap_or_default();
    if after > 0 {
        all.push(format!(
            "Find the server that still publishes: {} were made after the cluster was set to \
             read-only, so one of its nodes does not hold to it.",
            counted(after, "finding")
        ));
    }
    let old = aggregate.odd.get(&Anomaly::PublishedWithOldClc).copied().unwrap_or_default();
    if old > 0 {
        all.push(format!(
            "Tell the owners of {} that were published offline with an old client certificate to \
             sign in anew; their computers go on until the certificate runs out.",
            counted(old, "finding")
        ));
    }
    if aggregate.stats.needs.yes > 0 {
        all.push(format!(
            "Protect {} anew, owner by owner: `rmsight export INVENTORY --estate ESTATE --need yes \
             --for set-filelabel -o todo.csv` writes the list for Set-FileLabel. Until then the \
             cluster, its key and the hosts below have to stay.",
            counted(aggregate.stats.needs.yes, "finding")
        ));
    }
    let redirect: u64 = aggregate.hosts.values().map(|host| host.redirect).sum();
    if redirect > 0 {
        all.push(
            "Redirect the hosts marked so below to Azure before you take them out of DNS: those \
             files name them, and their key is in Azure."
                .to_owned(),
        );
    }
    if !aggregate.stats.errors.is_empty() {
        let sum: u64 = aggregate.stats.errors.values().sum();
        all.push(format!(
            "Read what was not read ({}): the section \"Not searched\" says why and what helps.",
            counted(sum, "finding")
        ));
    }
    all.push(
        "Go through \"A file scan cannot see\", one check after the other, and write down who \
         answered."
            .to_owned(),
    );
    all
}

/// Returns the lines of a key for the estate file.
pub(super) fn declaration(name: &str, key: &KeyStats) -> String {
    let mut out = Vec::new();
    // Writing into memory cannot fail.
    _ = summary::declaration(name, key, &mut out);
    let text = String::from_utf8_lossy(&out);
    text.lines().map(|line| format!("{}\n", line.trim_start())).collect()
}

/// Returns when the last right to publish ends, proven and claimed.
pub(super) fn until(publishes: Publishes) -> String {
    match publishes.only_claimed() {
        Some(claimed) => format!(
            "{}, unverified certificates claim until {}",
            day(publishes.proven),
            day(Some(claimed))
        ),
        None => day(publishes.proven),
    }
}

/// Returns advice for a host.
pub(super) fn host_advice(name: &str, host: &super::aggregate::HostUse) -> &'static str {
    let is_below = |domain: &str| {
        name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // The Microsoft domains of the rules: rights management in Azure and its predecessors.
    const MICROSOFT: [&str; 6] =
        ["aadrm.com", "aadrm.us", "aadrm.cn", "aadrm.de", "azurerms.com", "drm.microsoft.com"];
    if MICROSOFT.into_iter().any(is_below) {
        return "Microsoft's: nothing to do";
    }
    match (host.needs.yes, host.needs.possible, host.redirect) {
        (1.., _, 0) => "keep resolving",
        (1.., _, _) => "keep resolving; some of its files belong to Azure",
        (0, 1.., _) => "keep until decided",
        _ => "redirect to Azure",
    }
}

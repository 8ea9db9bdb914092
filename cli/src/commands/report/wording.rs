//! Sentences of the report: the question, answers, and advice for hosts.

use rmsight::{KeyStatus, Retiring, modifiers};

use super::host_use::HostUse;
use super::page::{KeyLine, ReportPage};
use super::read_only::{Alarm, ReadOnlyUse};
use crate::output::format::{counted, day};
use crate::output::terms::NeedTerms;
use crate::stats::{Publishes, READ_ONLY_CHECKS};

/// Returns the answer for one key, as a word and as a sentence.
pub(super) fn answer(key: &KeyLine<'_>) -> (&'static str, &'static str) {
    let needs = key.needs;
    let stays = key.declared.is_some_and(|declared| declared.retiring == Retiring::No);
    match key.status() {
        Some(KeyStatus::Foreign) => {
            ("not yours", "Another organization's: your servers cannot open them anyway.")
        }
        Some(KeyStatus::Lost) => ("lost", "This key no longer exists: nothing opens these."),
        Some(KeyStatus::Revoked) => ("revoked", "This key was revoked: nothing opens these."),
        _ if needs.yes > 0 => ("keep it", "Files can be opened only with this key."),
        status
            if (key.is_id_declared || status.is_some_and(|status| status != KeyStatus::Open))
                && needs.possible > 0
                && key.dates.damaged == needs.possible =>
        {
            let text = "Files under this key were not read to the end, or contradict their license, so \
                        that they may need another key. No declaration settles that: restore a whole copy \
                        of each, or delete it.";
            ("not decided", text)
        }
        _ if needs.possible > 0 => {
            ("not decided", "Files may need this key, and nothing here rules it out.")
        }
        Some(KeyStatus::Imported) => {
            ("in Azure", "Azure opens these; old addresses have to be redirected.")
        }
        Some(_) if needs.no > 0 && stays => {
            ("stays", "Its authority stays, and goes on opening these.")
        }
        None if needs.no > 0 => {
            let text =
                "Whether the server that holds this key goes away, only an estate file can say.";
            ("not declared", text)
        }
        _ if needs.no > 0 => {
            ("not needed", "No file in what was scanned needs a retiring authority for it.")
        }
        _ => ("not found", "No file in what was scanned names it."),
    }
}

/// Returns the question that the page answers.
pub(super) fn question(page: &ReportPage) -> &'static str {
    match page.terms {
        NeedTerms::Cluster => "Can the AD RMS cluster be switched off?",
        NeedTerms::Authority => "Can the retiring authorities be given up?",
    }
}

/// Returns the overall answer as a sentence.
pub(super) fn verdict(page: &ReportPage) -> (&'static str, String) {
    let needs = page.aggregate.stats.needs;
    let possible = page.aggregate.possible();
    let authority = page.terms.authority();
    if page.asks_nothing() {
        let text = format!(
            "No answer: {} declares no authority that is retiring and can open files. Set `retiring = \
             true` below the [[authority]] that goes away.",
            page.commands.estate()
        );
        return ("possible", text);
    }
    if needs.yes > 0 {
        let text = format!(
            "No. {} in what was scanned can only be opened with a key that {authority} holds.",
            counted(needs.yes, "finding")
        );
        return ("yes", text);
    }
    if possible > 0 {
        let text = format!(
            "Not yet. Nothing surely needs {authority}, but {} may need one.",
            counted(possible, "finding")
        );
        return ("possible", text);
    }
    if !page.gaps.is_empty() {
        let text =
            format!("Not yet. Nothing that was found needs {authority}, but the scan has gaps.");
        return ("possible", text);
    }
    let accepted = match (page.aggregate.accepted, page.accepted_gaps.len()) {
        (0, 0) => String::new(),
        (findings, gaps) => format!(
            " Accepted, and named in the sign-off: {} that {} not read, and {} of the scans.",
            counted(findings, "finding"),
            if findings == 1 { "was" } else { "were" },
            counted(gaps.try_into().unwrap_or(u64::MAX), "gap")
        ),
    };
    let others = match page.others().is_empty() {
        true => "",
        false => " Files need other servers, which this answer is not about: see the next steps.",
    };
    let text = format!(
        "Nothing in what was scanned needs {authority}.{accepted}{others} The end of this page lists what a \
         file scan cannot see: check that before you decide."
    );
    ("no", text)
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

/// Returns the checks of a read-only key: id, sentence, and what was found.
pub(super) fn alarms(used: &ReadOnlyUse) -> impl Iterator<Item = (&str, &str, &Alarm)> {
    READ_ONLY_CHECKS.iter().zip(&used.alarms).map(|(id, alarm)| {
        let modifier = modifiers().find(|modifier| modifier.id() == *id);
        (*id, modifier.map_or("", |modifier| modifier.sentence()), alarm)
    })
}

/// Returns advice for a host.
pub(super) fn host_advice(name: &str, host: &HostUse) -> &'static str {
    let is_below = |domain: &str| {
        name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    // The Microsoft domains of the rules: rights management in Azure and its predecessors.
    const MICROSOFT: [&str; 6] =
        ["aadrm.com", "aadrm.us", "aadrm.cn", "aadrm.de", "azurerms.com", "drm.microsoft.com"];
    if MICROSOFT.into_iter().any(is_below) {
        return "Microsoft's: nothing to do";
    }
    match (host.files.yes, host.files.possible, host.redirect) {
        (1.., _, 0) => "keep resolving",
        (1.., _, _) => "keep resolving; some of its files belong to Azure",
        (0, 1.., _) => "keep until decided",
        _ => "redirect to Azure",
    }
}

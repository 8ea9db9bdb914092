//! The next steps, in their order.

use rmsight::{Anomaly, AuthorityKind};

use super::page::ReportPage;
use crate::output::format::{argument, counted};

/// Maximum number of folders and hosts that a step names.
const NAMED: usize = 5;

/// One step, and the section of the page that it is about.
#[derive(Debug)]
pub(super) struct NextStep {
    pub(super) text: String,
    /// The id of the section.
    pub(super) section: Option<&'static str>,
}

/// Returns the next steps in their order.
pub(super) fn todo(page: &ReportPage) -> Vec<NextStep> {
    let mut all = Vec::new();
    let mut add = |section: &'static str, text: String| {
        all.push(NextStep { text, section: Some(section) });
    };
    gaps(page, &mut add);
    estate(page, &mut add);
    publishing(page, &mut add);
    let yes = page.aggregate.stats.needs.yes;
    if yes > 0 {
        let findings = counted(yes, "finding");
        let how = match page.authorities.is_empty() {
            true => "",
            false => ": the answer for each authority has the commands",
        };
        add("authorities", format!("Protect {findings} anew, owner by owner{how}."));
    }
    redirection(page, &mut add);
    errors(page, &mut add);
    add(
        "blind",
        "Go through \"A file scan cannot see\", one check after the other, and write down who \
         answered."
            .to_owned(),
    );
    all
}

/// Adds a step: the id of a section, and the text.
type AddStep<'a> = dyn FnMut(&'static str, String) + 'a;

fn gaps(page: &ReportPage, add: &mut AddStep<'_>) {
    if page.gaps.is_empty() {
        return;
    }
    let texts: Vec<&str> = page.gaps.iter().take(3).map(|gap| gap.text.as_str()).collect();
    let more = if page.gaps.len() > 3 { "; …" } else { "" };
    let texts = texts.join("; ");
    let end = if more.is_empty() && texts.ends_with('?') { "" } else { "." };
    let count = counted(as_u64(page.gaps.len()), "gap");
    add(
        "gaps",
        format!(
            "Close {count} of the scans, or accept each with a name and a reason, else no answer is \
             reliable: {texts}{more}{end}"
        ),
    );
    let folders = page.scopes.iter().flat_map(|scope| scope.unlisted.values());
    let folders: Vec<&String> = folders.flat_map(|codes| codes.values().flatten()).collect();
    if !folders.is_empty() && page.redactor.is_none() {
        let named: Vec<String> = folders.iter().take(NAMED).map(|path| argument(path)).collect();
        let scan = page.commands.scan(&named.join(" "));
        let more = match folders.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {} more", as_u64(more)),
        };
        add(
            "gaps",
            format!(
                "Read {} that could not be listed{more}, with an account that may read them: `{scan}` \
                 (on Windows also with `--backup`).",
                counted(as_u64(folders.len()), "folder")
            ),
        );
    }
}

fn estate(page: &ReportPage, add: &mut AddStep<'_>) {
    if !page.estate.is_empty() && page.authorities.is_empty() {
        add(
            "questions",
            format!(
                "Say which authority goes away: set `retiring = true` below its [[authority]] in {}. \
                 It declares none that does and can open files.",
                page.commands.estate()
            ),
        );
    }
    let unknown = page.unknown().len();
    let others = page.others();
    if unknown == 0 && !others.is_empty() {
        add(
            "unknown",
            format!(
                "If one of these goes away, ask about it: {}. `{}` writes a file that asks for each; set \
                 `retiring = true` in it, and `{} --estate estate.toml` answers.",
                others.join("; "),
                page.commands.estate_init(),
                page.commands.on_inventories("report", "")
            ),
        );
    }
    if unknown > 0 {
        let keys = counted(as_u64(unknown), "unknown key");
        let text = match page.estate.is_empty() {
            true => format!(
                "Say what became of {keys}: `{}` writes a file that asks for each, and `{} --estate \
                 estate.toml` answers with it. Nothing is scanned for that.",
                page.commands.estate_init(),
                page.commands.on_inventories("report", "")
            ),
            false => format!(
                "Say what became of {keys}: paste the lines under \"Keys that the estate does not \
                 have\" into {}, fill in each status, and make this report again. Nothing is scanned \
                 for that.",
                page.commands.estate()
            ),
        };
        add("unknown", text);
    }
    if !page.questions.is_empty() {
        add(
            "questions",
            format!(
                "Answer {} of the estate file; `{}` lists them with a command for each.",
                counted(as_u64(page.questions.len()), "open question"),
                page.commands.estate_check()
            ),
        );
    }
}

/// Adds steps about clients and servers that publish under a read-only key.
fn publishing(page: &ReportPage, add: &mut AddStep<'_>) {
    let odd = |anomaly| page.aggregate.odd.get(&anomaly).copied().unwrap_or_default();
    let after = odd(Anomaly::ClcIssuedAfterReadOnly) + odd(Anomaly::ServerPublishedAfterReadOnly);
    if after > 0 {
        add(
            "read-only",
            format!(
                "Find the server that still publishes ({}): licenses were issued after the cluster \
                 was set to read-only, so the denial does not hold on one of its nodes.",
                counted(after, "finding")
            ),
        );
    }
    let old = odd(Anomaly::PublishedWithOldClc);
    if old > 0 {
        add(
            "read-only",
            format!(
                "Tell the owners of {} that were published offline with an old client certificate to \
                 sign in anew; their computers go on until the certificate runs out.",
                counted(old, "finding")
            ),
        );
    }
    if after + old == 0 && !page.aggregate.read_only.is_empty() {
        add(
            "read-only",
            "Make the checks of the read-only mode, and write down who made them.".to_owned(),
        );
    }
}

fn redirection(page: &ReportPage, add: &mut AddStep<'_>) {
    let hosts = page.aggregate.hosts.redirected();
    if hosts.is_empty() {
        return;
    }
    let named: Vec<&str> = hosts.iter().take(NAMED).copied().collect();
    let more = if hosts.len() > NAMED { ", …" } else { "" };
    let record = named.first().map_or("HOST", |host| host);
    let is_cluster = page.kinds().contains(&AuthorityKind::AdRms);
    let until = if is_cluster { "the cluster goes" } else { "you take them out of DNS" };
    add(
        "hosts",
        format!(
            "Redirect {}{more} to Azure before {until}: files name them, and Azure has their key. \
             Office Click-to-Run follows the DNS record `_rmsredir._http._tcp.{record}` (SRV, to the \
             URL of the tenant), other clients the registry key `LicensingRedirection` below \
             `HKLM\\SOFTWARE\\Microsoft\\MSIPC\\ServiceLocation`.",
            named.join(", ")
        ),
    );
}

fn errors(page: &ReportPage, add: &mut AddStep<'_>) {
    let errors = page.open_errors();
    let Some((code, _)) = errors.iter().max_by_key(|(_, count)| **count) else { return };
    let list = page.commands.on_inventories("export", &format!("--error {code} -o unread.csv"));
    add(
        "errors",
        format!(
            "Read what was not read ({}): the section \"Not searched\" says why and what helps. \
             `{list}` lists the files of the most frequent error.",
            counted(errors.values().sum(), "finding")
        ),
    );
}

fn as_u64(count: usize) -> u64 {
    count.try_into().unwrap_or(u64::MAX)
}

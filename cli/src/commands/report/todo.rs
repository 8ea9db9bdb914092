//! The next steps, in their order.

use rmsight::Anomaly;

use super::page::ReportPage;
use crate::output::format::counted;

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
    if !page.estate.is_empty() && page.authorities.is_empty() {
        all.push(
            "Say which authority goes away: set `retiring = true` below its [[authority]] in the \
             estate file. It declares none that does."
                .to_owned(),
        );
    }
    let unknown = page.unknown().len();
    if unknown > 0 {
        all.push(format!(
            "Say what became of {}: paste the lines under \"Keys that the estate does not have\" \
             into the estate file, fill in each status, and make this report again. Nothing is \
             scanned for that.",
            counted(as_u64(unknown), "unknown key")
        ));
    }
    if !page.questions.is_empty() {
        all.push(format!(
            "Answer {} of the estate file, listed below with a command for each.",
            counted(as_u64(page.questions.len()), "open question")
        ));
    }
    publishing(page, &mut all);
    if aggregate.stats.needs.yes > 0 {
        all.push(format!(
            "Protect {} anew, owner by owner: the answer for each authority above says how.",
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

/// Adds steps about clients and servers that publish under a read-only key.
fn publishing(page: &ReportPage, all: &mut Vec<String>) {
    let odd = |anomaly| page.aggregate.odd.get(&anomaly).copied().unwrap_or_default();
    let after = odd(Anomaly::ClcIssuedAfterReadOnly) + odd(Anomaly::ServerPublishedAfterReadOnly);
    if after > 0 {
        all.push(format!(
            "Find the server that still publishes: {} were made after the cluster was set to \
             read-only, so one of its nodes does not hold to it.",
            counted(after, "finding")
        ));
    }
    let old = odd(Anomaly::PublishedWithOldClc);
    if old > 0 {
        all.push(format!(
            "Tell the owners of {} that were published offline with an old client certificate to \
             sign in anew; their computers go on until the certificate runs out.",
            counted(old, "finding")
        ));
    }
}

fn as_u64(count: usize) -> u64 {
    count.try_into().unwrap_or(u64::MAX)
}

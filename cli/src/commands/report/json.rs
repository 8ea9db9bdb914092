//! The report as JSON. `docs/JSON.md` describes the fields.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::authority::AuthorityAnswer;
use super::groups::Groups;
use super::page::{KeyLine, ReportPage};
use super::read_only::ReadOnlyUse;
use super::todo::todo;
use super::trend::{CountChange, Trend};
use super::wording;
use crate::acceptance::Ruling;
use crate::inventory::gaps::Gap;
use crate::output::format::day;
use crate::stats::{NeedCounts, Publishes, READ_ONLY_CHECKS};

/// Version of the fields. A program can rely on them as long as it is the same.
const VERSION: u32 = 1;

/// Maximum number of groups of one kind.
const GROUPS: usize = 1_000;

pub(super) fn write(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{:#}", value(page))
}

fn value(page: &ReportPage) -> Value {
    let aggregate = &page.aggregate;
    let stats = &aggregate.stats;
    let (class, answer) = wording::verdict(page);
    let steps = todo(page).into_iter().map(|step| step.text);
    json!({
        "format": "rmsight-report",
        "version": VERSION,
        "as_of": page.evidence.as_of.to_string(),
        "question": wording::question(page),
        "answer": class,
        "sentence": answer,
        "complete": page.is_complete(),
        "authorities": page.authorities.iter().map(|one| authority(page, one)).collect::<Vec<_>>(),
        "next": steps.collect::<Vec<_>>(),
        "findings": {
            "yes": stats.needs.yes,
            "possible": stats.needs.possible,
            "no": stats.needs.no,
            "unprotected": stats.unprotected,
            "undecided": stats.undecided,
            "accepted": aggregate.accepted,
        },
        "documents": { "all": aggregate.contents(), "yes": aggregate.needed_contents() },
        "keys": page.keys().iter().map(key).collect::<Vec<_>>(),
        "read_only": aggregate.read_only.all().map(|used| read_only(page, used)).collect::<Vec<_>>(),
        "since": page.trend.as_ref().map(|trend| since(page, trend)),
        "gaps": page.gaps.iter().map(|gap| gap_value(page, gap)).collect::<Vec<_>>(),
        "accepted_gaps": page.accepted_gaps.iter().map(|(gap, ruling)| {
            let mut value = gap_value(page, gap);
            value["by"] = match ruling {
                Ruling::Option => json!("--accept"),
                Ruling::Decision(at) => json!(at),
            };
            value
        }).collect::<Vec<_>>(),
        "decisions": page.decisions().iter().map(|line| json!({
            "code": line.code,
            "path": line.path,
            "by": line.by,
            "on": text_or_null(&line.on),
            "until": text_or_null(&line.until),
            "reason": line.reason,
            "ticket": text_or_null(&line.ticket),
            "findings": line.findings,
            "gaps": line.gaps,
            "idle": line.idle,
        })).collect::<Vec<_>>(),
        "roots": roots(page),
        "errors": stats.errors,
        "anomalies": aggregate.odd.iter()
            .map(|(anomaly, count)| (anomaly.as_str().to_owned(), Value::from(*count)))
            .collect::<Map<_, _>>(),
        "rules": aggregate.rules.iter()
            .map(|(rule, (needs, ..))| (rule.clone(), counts(*needs)))
            .collect::<Map<_, _>>(),
        "hosts": aggregate.hosts.sorted().into_iter().take(GROUPS).map(|(name, used)| json!({
            "name": name,
            "files": counts(used.files),
            "key_in_azure": used.redirect,
            "roles": used.roles,
            "advice": wording::host_advice(name, used),
        })).collect::<Vec<_>>(),
        "owners": groups(&aggregate.owners),
        "issuers": groups(&aggregate.issuers),
        "policies": groups(&aggregate.descriptors),
        "containers": groups(&aggregate.containers),
        "years_issued": groups(&aggregate.issued),
        "years_modified": groups(&aggregate.modified),
        "folders": folders(&aggregate.folders),
        "open_questions": page.questions.iter().map(|open| json!({
            "authority": open.authority,
            "text": open.text,
            "command": open.command,
        })).collect::<Vec<_>>(),
        "evidence": page.evidence.json(),
    })
}

fn text_or_null(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn counts(needs: NeedCounts) -> Value {
    json!({ "yes": needs.yes, "possible": needs.possible, "no": needs.no })
}

fn named(name: &str, needs: NeedCounts) -> Value {
    json!({ "name": name, "yes": needs.yes, "possible": needs.possible, "no": needs.no })
}

fn groups(all: &Groups) -> Vec<Value> {
    all.top(GROUPS).into_iter().map(|(name, needs)| named(name, needs)).collect()
}

fn folders(all: &super::folder_tree::FolderTree) -> Vec<Value> {
    let rows = all.roll_up(GROUPS).into_iter();
    rows.map(|row| {
        let mut value = named(&row.path, row.needs);
        value["direct"] = row.is_direct.into();
        value
    })
    .collect()
}

fn authority(page: &ReportPage, answer: &AuthorityAnswer) -> Value {
    let (class, sentence) = answer.answer();
    json!({
        "name": answer.name,
        "kind": answer.kind.as_str(),
        "retiring": answer.retiring.as_str(),
        "answer": class,
        "sentence": sentence,
        "yes": answer.yes,
        "possible": answer.possible,
        "in_use": answer.in_use,
        "accepted": answer.accepted,
        "next": answer.steps(&page.commands),
    })
}

fn key(key: &KeyLine<'_>) -> Value {
    let (word, sentence) = wording::answer(key);
    json!({
        "key": key.name,
        "owner": key.owner_name(),
        "status": key.status().map(|status| status.as_str()),
        "since": key.declared.and_then(|declared| declared.since).map(|since| since.to_string()),
        "answer": word,
        "sentence": sentence,
        "findings": counts(key.needs),
        "newest_license": key.dates.newest_license.map(|time| time.to_string()),
        "newest_client_certificate": key.dates.newest_clc.map(|time| time.to_string()),
        "publishes_until": publishes(key.dates.publishes),
    })
}

fn publishes(publishes: Publishes) -> Value {
    json!({
        "proven": publishes.proven.map(|time| time.to_string()),
        "claimed": publishes.only_claimed().map(|time| time.to_string()),
    })
}

fn read_only(page: &ReportPage, used: &ReadOnlyUse) -> Value {
    let alarms = READ_ONLY_CHECKS.iter().zip(&used.alarms).map(|(id, alarm)| {
        let files = alarm.files.iter().map(|file| {
            json!({
                "path": file.path,
                "issuer": file.issuer,
                "issued": file.issued.map(|time| time.to_string()),
                "certificate_issued": file.clc_issued.map(|time| time.to_string()),
                "certificate_until": file.clc_until.map(|time| time.to_string()),
            })
        });
        let value = json!({
            "findings": alarm.findings,
            "issuers": groups(&alarm.issuers),
            "files": files.collect::<Vec<_>>(),
        });
        ((*id).to_owned(), value)
    });
    let checks = crate::manual_check::read_only_checks().iter().map(|check| {
        let answer = page.answer_to(check.id, Some(&used.key));
        let answer = answer.filter(|_| page.redactor.is_none());
        json!({
            "check": check.id,
            "name": check.name,
            "answered_by": answer.map(|answer| answer.by.clone()),
            "answered_on": answer.map(|answer| day(Some(answer.on))),
        })
    });
    json!({
        "key": used.key,
        "authority": used.authority,
        "since": used.since.map(|since| since.to_string()),
        "alarms": alarms.collect::<Map<_, _>>(),
        "publishes_until": publishes(used.publishes),
        "remaining": counts(used.remaining),
        "owners": groups(&used.owners),
        "folders": folders(&used.folders),
        "checks": checks.collect::<Vec<_>>(),
    })
}

fn since(page: &ReportPage, trend: &Trend) -> Value {
    let change =
        |change: CountChange| json!({ "before": counts(change.before), "now": counts(change.now) });
    let stats = &page.aggregate.stats;
    let keys = trend.changed_keys(stats).into_iter();
    json!({
        "scanned": trend.scanned.map(|time| time.to_string()),
        "findings": change(trend.all(stats)),
        "keys": keys.map(|(name, of_key)| (name.to_owned(), change(of_key))).collect::<Map<_, _>>(),
    })
}

fn gap_value(page: &ReportPage, gap: &Gap) -> Value {
    let root = gap.root.and_then(|(scope, root)| {
        page.scopes.get(scope)?.roots.iter().find(|one| one.root == root)
    });
    json!({
        "name": gap.name,
        "root": root.map(|root| root.path.clone()),
        "paths": gap.paths,
        "text": gap.text,
    })
}

fn roots(page: &ReportPage) -> Vec<Value> {
    let scopes = page.scopes.iter().enumerate();
    scopes
        .flat_map(|(number, scope)| {
            scope.roots.iter().map(move |root| {
                json!({
                    "inventory": scope.inventory,
                    "root": root.path,
                    "source": root.source,
                    "started": root.started.to_string(),
                    "finished": root.finished.map(|time| time.to_string()),
                    "whole": page.is_whole(number, root.root),
                    "files": root.files,
                })
            })
        })
        .collect()
}

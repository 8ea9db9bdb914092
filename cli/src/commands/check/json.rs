//! The answers as JSON. `docs/JSON.md` describes the fields.

use serde_json::{Value, json};

use super::answer::CheckAnswer;
use crate::acceptance::{Acceptance, Ruling};
use crate::inventory::gaps::Gap;
use crate::output::evidence::Evidence;

/// Version of the fields.
const VERSION: u32 = 1;

pub(super) fn value(
    answers: &[CheckAnswer<'_>],
    acceptance: &Acceptance,
    evidence: &Evidence,
) -> Value {
    let authorities: Vec<Value> =
        answers.iter().map(|answer| authority(answer, acceptance)).collect();
    json!({
        "format": "rmsight-check",
        "version": VERSION,
        "as_of": acceptance.as_of.to_string(),
        "free": answers.iter().all(CheckAnswer::is_free),
        "authorities": authorities,
        "idle_decisions": acceptance.idle().into_iter().map(|(decision, why)| json!({
            "line": decision.line,
            "code": decision.code,
            "path": decision.path.text,
            "state": decision.state(acceptance.as_of).as_str(),
            "why": why,
        })).collect::<Vec<_>>(),
        "evidence": evidence.json(),
    })
}

fn authority(answer: &CheckAnswer<'_>, acceptance: &Acceptance) -> Value {
    let counts = answer.counts;
    let excused = counts.excused.iter().chain(&counts.accepted);
    json!({
        "name": answer.authority,
        "free": answer.is_free(),
        "yes": counts.yes,
        "possible": counts.possible,
        "reasons": counts.reasons,
        "in_use": counts.in_use,
        "imported": counts.imported,
        "elsewhere": counts.elsewhere,
        "findings": counts.findings,
        "gaps": answer.gaps.iter().map(|gap| gap_value(gap)).collect::<Vec<_>>(),
        "accepted_findings": excused.map(|((code, ruling), count)| json!({
            "code": code,
            "findings": count,
            "by": ruling_value(acceptance, *ruling),
        })).collect::<Vec<_>>(),
        "accepted_gaps": answer.excused.iter().map(|(gap, ruling)| {
            let mut value = gap_value(gap);
            value["by"] = ruling_value(acceptance, *ruling);
            value
        }).collect::<Vec<_>>(),
    })
}

fn gap_value(gap: &Gap) -> Value {
    json!({ "name": gap.name, "text": gap.text, "paths": gap.paths })
}

fn ruling_value(acceptance: &Acceptance, ruling: Ruling) -> Value {
    match acceptance.at(ruling) {
        None => json!({ "option": "--accept" }),
        Some(decision) => decision.json(acceptance.as_of),
    }
}

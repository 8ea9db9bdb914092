//! JSON output: the record, and the evidence for its verdict.

use std::io::{self, Write};

use rmsight::{Certificate, Finding, LicenseParty, Record, Timestamp};
use serde_json::{Value, json};

use super::chain;
use crate::output::advice;
use crate::output::format;

/// Writes one JSON object per line, starting with the columns of the record.
pub(super) fn write(
    record: &Record<'_>,
    finding: &Finding,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut line = Vec::new();
    record.write_ndjson(&mut line)?;
    let line = line.trim_ascii_end();
    out.write_all(line.strip_suffix(b"}").unwrap_or(line))?;
    let certificates = finding.license().map(|license| license.certificates()).unwrap_or_default();
    let chain: Vec<Value> = chain::tree(&certificates).iter().map(node).collect();
    let more = [("verdict", verdict(record)), ("chain", chain.into()), ("evidence", seen(finding))];
    for (name, value) in more {
        write!(out, ",\"{name}\":{value}")?;
    }
    writeln!(out, "}}")
}

fn verdict(record: &Record<'_>) -> Value {
    let verdict = &*record.verdict;
    let modifier = |modifier: &rmsight::Modifier| {
        json!({
            "id": modifier.id(),
            "condition": modifier.condition(),
            "sentence": modifier.sentence(),
            "effect": modifier.effect(),
        })
    };
    json!({
        "rule": verdict.rule(),
        "reason": advice::reason(&record.facts, verdict),
        "modifiers": verdict.modifiers().map(modifier).collect::<Vec<_>>(),
        "settled_by": advice::settled_by(&record.facts, verdict),
    })
}

fn node(node: &chain::ChainNode<'_>) -> Value {
    let Certificate { kind, start, end, issued, descriptor_id, may_issue, signature, .. } =
        node.certificate;
    let (from, until) = *may_issue;
    json!({
        "number": node.number,
        "kind": kind.as_str(),
        "start": start,
        "end": end,
        "issued": time(*issued),
        "descriptor_id": descriptor_id,
        "principal": party(&node.certificate.principal),
        "issuer": party(&node.certificate.issuer),
        "may_issue_from": time(from),
        "may_issue_until": time(until),
        "signature": signature.as_str(),
        "issued_by": node.by,
        "link": node.link.as_str(),
    })
}

fn time(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}

fn party(party: &LicenseParty) -> Value {
    json!({
        "type": party.object_type,
        "id": party.id,
        "name": party.name,
        "address": party.address,
        "key": party.key,
        "key_bits": party.key_bits,
    })
}

fn seen(finding: &Finding) -> Value {
    let license = format::stream(finding.facts().container);
    let evidence = finding.evidence().iter().map(|one| {
        json!({
            "element": one.element,
            "value": one.value,
            "stream": one.in_license.and(license),
            "offset": one.offset,
            "stream_offset": one.in_license,
            "length": one.length,
        })
    });
    evidence.collect()
}

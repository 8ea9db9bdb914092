//! Text output: what a finding is, how it is opened, why, its anomalies, and what would settle it.

use std::fmt::Display;
use std::io::{self, Write};

use rmsight::{
    Certificate, Facts, Finding, KeyLink, LicenseFacts, LicenseParty, Need, Protection, Record,
    Signature, Timestamp, Verdict,
};

use super::chain;
use crate::output::advice;
use crate::output::format;
use crate::output::line::short_key;
use crate::output::meaning;
use crate::output::terminal::escaped;
use crate::output::terms::NeedTerms;

/// Maximum number of characters of a value in the evidence.
const SHOWN: usize = 100;

/// Why nothing was verified, although `inspect` verifies every license.
const UNCHECKED: &str = "no complete publishing license was found";

pub(super) fn write(
    record: &Record<'_>,
    finding: &Finding,
    terms: NeedTerms,
    out: &mut impl Write,
) -> io::Result<()> {
    let (facts, verdict) = (&*record.facts, &*record.verdict);
    write!(out, "{}", escaped(&record.envelope.path))?;
    if let Some(member) = &facts.member {
        write!(out, "!/{}", escaped(member))?;
    }
    writeln!(out)?;
    what_it_is(record, out)?;
    answer(facts, verdict, terms, out)?;
    if let Some(license) = &facts.license {
        opens(license, verdict, out)?;
        says(license, facts, out)?;
    }
    if let Some(license) = finding.license() {
        certificates(&license.certificates(), out)?;
    }
    odd(record, out)?;
    seen(finding, out)?;
    settles(facts, verdict, out)?;
    writeln!(out)
}

fn heading(text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n  {text}")
}

/// Writes a name and its value, if there is a value.
fn line(name: &str, value: Option<impl Display>, out: &mut impl Write) -> io::Result<()> {
    match value {
        Some(value) => writeln!(out, "    {name:<19}  {}", escaped(&value.to_string())),
        None => Ok(()),
    }
}

fn what_it_is(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    let (facts, envelope) = (&*record.facts, &record.envelope);
    heading("What it is", out)?;
    let kind = meaning::container(facts.container);
    writeln!(out, "    {kind} ({}).", facts.container)?;
    writeln!(out, "    {}", protected(facts.protection))?;
    if let Some(code) = &facts.error_code {
        let words = facts.error.as_deref().unwrap_or_default();
        writeln!(out, "    Not all of it could be read: {} ({}).", escaped(words), escaped(code))?;
    }
    line(
        "size",
        facts.member_size.or(envelope.size).map(|size| format::counted(size, "byte")),
        out,
    )?;
    line("file changed", envelope.modified, out)?;
    let label = facts.label_id.as_ref().map(|label| match &facts.label_tenant {
        Some(tenant) => format!("{label} of tenant {tenant}"),
        None => label.clone(),
    });
    line("sensitivity label", label, out)
}

fn protected(protection: Protection) -> &'static str {
    match protection {
        Protection::Rms => "It is rights-protected: a publishing license decides who opens it.",
        Protection::Password => "It is protected by a password, not by rights management.",
        Protection::Other => {
            "It is protected by something other than Microsoft's rights management."
        }
        Protection::None => "It is not rights-protected.",
        _ => "It was not read far enough to tell whether it is protected.",
    }
}

fn answer(
    facts: &Facts,
    verdict: &Verdict,
    terms: NeedTerms,
    out: &mut impl Write,
) -> io::Result<()> {
    heading(&format!("Does it still need {}?", terms.authority()), out)?;
    let answer = match verdict.need() {
        Need::Yes => "Yes.",
        Need::No => "No.",
        _ => "Possibly.",
    };
    let confidence =
        verdict.confidence().map_or_else(String::new, |step| format!(", confidence {step}"));
    writeln!(
        out,
        "    {answer} {} ({}, rule {}{confidence})",
        advice::reason(facts, verdict),
        verdict.dependency(),
        verdict.rule(),
    )?;
    for modifier in verdict.modifiers() {
        writeln!(out, "    {} ({})", modifier.sentence(), modifier.id())?;
    }
    Ok(())
}

fn opens(license: &LicenseFacts, verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    heading("Who can open it: the server that holds this key", out)?;
    let known = match verdict.authority() {
        Some(name) => format!("{name} (matched by {})", verdict.key_match()),
        None => "not in the estate file".to_owned(),
    };
    let bits = license.slc_key_bits.map_or_else(String::new, |bits| format!(" ({bits} bits)"));
    line("key", license.slc_key.as_ref().map(|key| format!("{key}{bits}")), out)?;
    line("authority", Some(known), out)?;
    line("id", license.slc_id.as_ref(), out)?;
    line("name", license.slc_name.as_ref(), out)?;
    line("address", license.slc_address.as_ref(), out)?;
    line("licensing, intranet", license.licensing_intranet.as_ref(), out)?;
    line("licensing, extranet", license.licensing_extranet.as_ref(), out)?;
    line("referral", license.referral.as_ref(), out)?;
    line("server version", license.server_version.as_ref(), out)?;
    line("tenant", license.tenant_id.as_ref(), out)?;
    if license.double_key == Some(true) {
        writeln!(
            out,
            "    It is double-key encrypted: Azure RMS and the organization's own key service are \
             both needed."
        )?;
    }
    Ok(())
}

fn says(license: &LicenseFacts, facts: &Facts, out: &mut impl Write) -> io::Result<()> {
    heading("What its license says", out)?;
    line("issued", license.issued, out)?;
    line("valid until", license.valid_until, out)?;
    line("issued by", license.issuer_kind.map(meaning::issuer), out)?;
    line("issuer", person(&license.issuer_name, &license.issuer_id), out)?;
    line("owner", license.owner.as_ref(), out)?;
    line("policy", person(&license.descriptor_name, &license.descriptor_id), out)?;
    line("content id", license.content_id.as_ref(), out)?;
    line("client version", license.client_version.as_ref(), out)?;
    line("client certificate", license.clc_issued.map(|time| format!("issued {time}")), out)?;
    line("", license.clc_until.map(|time| format!("publishes until {time}")), out)?;
    line("use licenses", facts.use_licenses.filter(|count| *count > 0), out)?;
    let size = license.license_bytes.map(|size| format::counted(size, "byte"));
    let place = match (size, license.license_offset) {
        (Some(size), Some(offset)) => {
            Some(format!("{size} at byte {} of the file", format::thousands(offset)))
        }
        (size, _) => size,
    };
    line("its text", place, out)?;
    let chain = license.chain_length.map(|length| format::counted(length.into(), "XrML document"));
    line("certificates", chain, out)?;
    let signed = |value: Signature| match value {
        Signature::NotChecked => format!("{value}: {UNCHECKED}"),
        _ => format!("{value}: {}", format::clause(meaning::signature(value))),
    };
    line("signature", Some(signed(license.signature)), out)?;
    let linked = |value: KeyLink| match value {
        KeyLink::NotChecked => format!("{value}: {UNCHECKED}"),
        _ => format!("{value}: {}", format::clause(meaning::link(value))),
    };
    line("link to the key", Some(linked(license.link)), out)
}

/// Writes every certificate below its issuer: kind, principal, times and signature.
fn certificates(all: &[Certificate], out: &mut impl Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    heading("Its certificates: each stands below the one that vouches for it", out)?;
    for node in chain::tree(all) {
        let (number, certificate) = (node.number, node.certificate);
        let margin = " ".repeat(2 * node.depth);
        write!(
            out,
            "    {margin}{number:>2}  {}, signature {}",
            certificate.kind, certificate.signature
        )?;
        if let Some(issued) = certificate.issued {
            write!(out, ", issued {issued}")?;
        }
        writeln!(out)?;
        writeln!(out, "    {margin}    for        {}", party(&certificate.principal))?;
        writeln!(out, "    {margin}    by         {}", party(&certificate.issuer))?;
        let link = match (node.link, node.by) {
            (chain::IssuerLink::Good, Some(by)) => {
                format!("good: certificate {by} is of its issuer")
            }
            (chain::IssuerLink::OutOfTime, Some(by)) => {
                format!("bad: certificate {by} gave its issuer no right to issue at that time")
            }
            _ => "none: the file has no certificate of its issuer".to_owned(),
        };
        writeln!(out, "    {margin}    link       {link}")?;
        let (from, until) = certificate.may_issue;
        let time =
            |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |it| it.to_string());
        if from.or(until).is_some() {
            writeln!(out, "    {margin}    may issue  {} until {}", time(from), time(until))?;
        }
    }
    Ok(())
}

/// Returns the name or id, and the first digits of the key.
fn party(party: &LicenseParty) -> String {
    let name = party.name.as_ref().or(party.address.as_ref()).or(party.id.as_ref());
    let name = name.map_or("somebody without a name", String::as_str);
    let bits = party.key_bits.map_or_else(String::new, |bits| format!(", {bits} bits"));
    match &party.key {
        Some(key) => format!("{} (key {}{bits})", shown(name), short_key(key)),
        None => format!("{} (no key)", shown(name)),
    }
}

fn person(name: &Option<String>, id: &Option<String>) -> Option<String> {
    match (name, id) {
        (Some(name), Some(id)) if name != id => Some(format!("{name} ({id})")),
        (name, id) => name.clone().or_else(|| id.clone()),
    }
}

fn odd(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    let mut all = record.facts.anomalies.iter().chain(record.verdict.anomalies()).peekable();
    if all.peek().is_none() {
        return Ok(());
    }
    heading("What is odd", out)?;
    for anomaly in all {
        writeln!(out, "    {} ({anomaly})", meaning::anomaly(*anomaly))?;
    }
    Ok(())
}

fn seen(finding: &Finding, out: &mut impl Write) -> io::Result<()> {
    let evidence = finding.evidence();
    if evidence.is_empty() {
        return Ok(());
    }
    heading("Evidence: where in the file, where in the license, bytes, what they say", out)?;
    let number =
        |number: Option<u64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    for one in evidence {
        writeln!(
            out,
            "    {:>10}  {:>8}  {:>5}  {}  {}",
            number(one.offset),
            number(one.in_license),
            number(one.length),
            one.element,
            shown(&one.value)
        )?;
    }
    match format::stream(finding.facts().container) {
        Some(stream) if evidence.iter().any(|one| one.in_license.is_some()) => {
            writeln!(out, "    The license is {stream}.")
        }
        _ => Ok(()),
    }
}

/// Shortens a value to one line.
fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN).and_then(|(at, _)| value.get(..at)) {
        Some(start) => format!("{}…", escaped(start)),
        None => escaped(value).to_string(),
    }
}

fn settles(facts: &Facts, verdict: &Verdict, out: &mut impl Write) -> io::Result<()> {
    let Some(advice) = advice::settled_by(facts, verdict) else { return Ok(()) };
    heading("What would settle it", out)?;
    writeln!(out, "    {advice}")?;
    match facts.slc_key() {
        Some(key) => writeln!(out, "    The key is {}.", escaped(key)),
        None => Ok(()),
    }
}

//! `rmsight rules`: prints the rules of verdicts.

use std::io::{self, Write};

use clap::Args;
use rmsight::{RULES_VERSION, modifiers, rules};
use serde_json::json;

use crate::exit::{Failure, Outcome, Result};
use crate::output::stdout::Stdout;

/// Print the rules by which findings are judged
///
/// The column `rule` of a record has the id of the rule that decided.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight rules
  rmsight rules --json")]
pub(crate) struct RulesArgs {
    /// Write one JSON object on each line: rules, then modifiers
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &RulesArgs) -> Result<Outcome> {
    let mut out = Stdout::lock();
    let written = if args.json { data(&mut out) } else { write(&mut out) };
    written.and_then(|()| out.flush()).map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::Complete)
}

fn data(out: &mut impl Write) -> io::Result<()> {
    for rule in rules() {
        let object = json!({
            "id": rule.id(),
            "kind": "rule",
            "rules": RULES_VERSION,
            "condition": rule.condition(),
            "dependency": rule.dependency().as_str(),
            "need": rule.need().as_str(),
            "confidence": rule.confidence().to_string(),
            "sentence": rule.sentence(),
        });
        writeln!(out, "{object}")?;
    }
    for modifier in modifiers() {
        let object = json!({
            "id": modifier.id(),
            "kind": "modifier",
            "rules": RULES_VERSION,
            "condition": modifier.condition(),
            "effect": modifier.effect().to_string(),
            "sentence": modifier.sentence(),
        });
        writeln!(out, "{object}")?;
    }
    Ok(())
}

fn write(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Rules, version {RULES_VERSION}. The first rule that matches decides.")?;
    writeln!(
        out,
        "K: what the estate file says about the key. T: the license has a Tenant-ID. P, X, I: the hosts \
         of the\nprincipal's address, of the extranet and of the intranet licensing address (AZ = Azure, \
         ORG = any other,\nLEGACY = Microsoft's withdrawn service, – = absent).\n"
    )?;
    for rule in rules() {
        writeln!(out, "{:<5} {}", rule.id(), rule.condition())?;
        writeln!(
            out,
            "      {}, need {}, confidence {}",
            rule.dependency(),
            rule.need(),
            rule.confidence()
        )?;
        writeln!(out, "      {}\n", rule.sentence())?;
    }
    writeln!(out, "Modifiers: every modifier that matches applies.\n")?;
    for modifier in modifiers() {
        writeln!(out, "{:<5} {}", modifier.id(), modifier.condition())?;
        let effect = modifier.effect();
        if !effect.is_empty() {
            writeln!(out, "      {effect}")?;
        }
        writeln!(out, "      {}\n", modifier.sentence())?;
    }
    writeln!(
        out,
        "M24 to M27 are about keys that the estate file declares read-only. For each of them `rmsight \
         report`\nlists the files and issuers behind M24 to M26, and the checks of the read-only mode."
    )?;
    Ok(())
}

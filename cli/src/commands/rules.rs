//! `rmsight rules`: prints the rules of verdicts.

use std::io::{self, Write};

use rmsight::{RULES_VERSION, modifiers, rules};

use crate::exit::{Failure, Outcome, Result};
use crate::output::stdout::Stdout;

pub(crate) fn run() -> Result<Outcome> {
    let mut out = Stdout::lock();
    write(&mut out).map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::Complete)
}

fn write(out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Rules, version {RULES_VERSION}. The first that matches decides.")?;
    writeln!(
        out,
        "K: the estate's answer to the key. T: a Tenant-ID is there. P, X, I: the hosts of the \
         principal's\naddress, of the extranet and of the intranet licensing address (AZ = Azure, \
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
    writeln!(out, "Modifiers: all that match apply.\n")?;
    for modifier in modifiers() {
        writeln!(out, "{:<5} {}", modifier.id(), modifier.condition())?;
        let effect = modifier.effect();
        if !effect.is_empty() {
            writeln!(out, "      {effect}")?;
        }
        writeln!(out, "      {}\n", modifier.sentence())?;
    }
    out.flush()
}

//! Reads registry exports of `HKLM\SOFTWARE\[Wow6432Node\]Microsoft\MSIPC\ServiceLocation\`
//! `LicensingRedirection`: the old licensing address is the name, the new one the value.
//!
//! A redirection names the server that clients contact, not the holder of a key: it only annotates.

use super::learned::{Learned, refusal};
use crate::authority::check::EstateMistake;

pub(super) fn from_export(text: &str) -> Result<Vec<Learned>, EstateMistake> {
    let mut all = Vec::new();
    let mut is_ours = false;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']').to_ascii_lowercase();
            is_ours = section.ends_with("\\msipc\\servicelocation\\licensingredirection")
                && !section.starts_with('-');
            continue;
        }
        if !is_ours || line.is_empty() || line.starts_with(';') {
            continue;
        }
        let Some((old, new)) = entry(line) else {
            let message = "Under LicensingRedirection only texts are known: \"old\"=\"new\".";
            return Err(refusal(Some(number.saturating_add(1)), message));
        };
        let mut learned = Learned::default();
        learned.add_host(Some(&old));
        let Some(host) = learned.hosts.first().cloned() else {
            let message = format!("`{old}` is no address.");
            return Err(refusal(Some(number.saturating_add(1)), message));
        };
        learned.note(format!(
            "Clients are sent from {old} to {new}. That says where they ask, not who holds the \
             key: learn the key from a file that names the host {host}."
        ));
        if !all.contains(&learned) {
            all.push(learned);
        }
    }
    Ok(all)
}

/// Reads a line `"name"="value"`.
fn entry(line: &str) -> Option<(String, String)> {
    let (old, rest) = quoted(line)?;
    let (new, rest) = quoted(rest.trim_start().strip_prefix('=')?.trim_start())?;
    rest.trim().is_empty().then_some((old, new))
}

/// Reads a quoted text with the escapes `\\` and `\"`. Returns it and the rest of the line.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut value = String::new();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            char => value.push(char),
        }
    }
}

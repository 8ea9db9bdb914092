//! Lines of keys for an estate file.

use rmsight::{AuthorityKind, KeyStatus, Learned, Origin};

use crate::output::format::counted;
use crate::output::terminal::escaped;

/// Returns the lines of keys, after a new authority if it has a name.
pub(super) fn block(
    learned: &[Learned],
    status: Option<KeyStatus>,
    origin: Origin,
    name: Option<&str>,
) -> String {
    let mut text = String::new();
    if let Some(name) = name {
        let is_azure = |learned: &Learned| learned.kind == Some(AuthorityKind::AzureRms);
        let kind = match learned.iter().all(is_azure) {
            true => AuthorityKind::AzureRms,
            false => AuthorityKind::AdRms,
        };
        let mut hosts: Vec<&str> =
            learned.iter().flat_map(|learned| &learned.hosts).map(String::as_str).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let hosts: Vec<String> = hosts.into_iter().map(quoted).collect();
        let name = quoted(name);
        text += &format!("[[authority]]\nname = {name}\nkind = \"{kind}\"\n");
        text += &format!("hosts = [{}]\n\n", hosts.join(", "));
        // A key of Azure does not need a status if its authority is of Azure.
        let mut all = learned.to_vec();
        all.iter_mut().for_each(|learned| learned.kind = Some(kind));
        return text + &keys(&all, status, origin);
    }
    text + &keys(learned, status, origin)
}

fn keys(learned: &[Learned], status: Option<KeyStatus>, origin: Origin) -> String {
    let is_azure = |one: &Learned| one.kind == Some(AuthorityKind::AzureRms);
    let all = learned.iter().map(|one| match is_azure(one) {
        true => one.to_toml(None, Origin::Own),
        false => one.to_toml(status, origin),
    });
    all.collect::<Vec<_>>().join("\n")
}

/// Returns a basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() => quoted += &format!("\\u{:04X}", u32::from(char)),
            char => quoted.push(char),
        }
    }
    quoted + "\""
}

/// Escapes text, and keeps its line breaks.
pub(super) fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", escaped(line))).collect()
}

/// Returns whether a line is an empty status.
pub(super) fn is_open(line: &str) -> bool {
    let value = line.trim_start().strip_prefix("status");
    let value = value.and_then(|rest| rest.trim_start().strip_prefix('='));
    value.is_some_and(|value| matches!(value.trim_start().get(..2), Some("\"\"" | "''")))
}

/// Replaces each empty status by one that raises no question.
pub(super) fn settled(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    let line = |line: &str| match is_open(line) {
        true => "status = \"active\"\n".to_owned(),
        false => line.to_owned(),
    };
    lines.map(line).collect()
}

/// Prints how many keys in `text` have an empty status.
pub(super) fn remind(text: &str) {
    let open = text.lines().filter(|line| is_open(line)).count();
    if open > 0 {
        let keys = counted(open.try_into().unwrap_or(u64::MAX), "key");
        println!(
            "{keys} in it still without a status: say of each what became of it; `rmsight estate \
             check` names the lines."
        );
    }
}

//! Lines of keys for an estate file.

use rmsight::{AuthorityKind, KeyStatus, Learned, Origin};

use crate::output::estate_lines::quoted;
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
        let mut tenants: Vec<&String> =
            learned.iter().filter_map(|learned| learned.tenant.as_ref()).collect();
        tenants.dedup();
        if let (AuthorityKind::AzureRms, [tenant]) = (kind, tenants.as_slice()) {
            text += &format!("tenant = {}\n", quoted(tenant));
        }
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

/// Escapes text, and keeps its line breaks.
pub(super) fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", escaped(line))).collect()
}

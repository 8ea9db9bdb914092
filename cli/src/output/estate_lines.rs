//! Lines for the estate file about keys that it does not have, grouped by server.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use rmsight::{Authority, AuthorityKind, Estate, KeyStatus};

use super::format::{address_host, counted};
use super::line::short_key;
use super::terminal::{escaped, is_steering};
use crate::stats::{KeyDescription, KeyStats, describe};

/// A server that files name, as a draft of an authority.
#[derive(Debug, Clone)]
pub(crate) struct ServerDraft<'s> {
    pub(crate) name: String,
    pub(crate) kind: AuthorityKind,
    pub(crate) hosts: Vec<String>,
    /// The tenant that its licenses name.
    pub(crate) tenant: Option<String>,
    pub(crate) keys: Vec<KeyDraft<'s>>,
    /// The estate has an authority of this name, whose host or key id the licenses name.
    pub(crate) is_declared: bool,
}

/// A key of such a server.
#[derive(Debug, Clone)]
pub(crate) struct KeyDraft<'s> {
    /// The fingerprint, or `id:` and the id.
    pub(crate) name: &'s str,
    pub(crate) stats: &'s KeyStats,
    /// The id in most licenses, unless another key has it.
    id: Option<String>,
    /// The estate has that id, with another key or with none.
    is_id_declared: bool,
    /// Licenses of AD RMS and of Azure name the key.
    pub(crate) is_of_both: bool,
}

impl ServerDraft<'_> {
    /// Returns the number of findings under its keys.
    pub(crate) fn findings(&self) -> u64 {
        self.keys.iter().map(|key| key.stats.needs.all()).sum()
    }

    /// Returns the `[[authority]]` table without its keys.
    pub(crate) fn head(&self, retiring: Option<&str>) -> String {
        let mut text = format!(
            "[[authority]]    # {}\nname = {}\nkind = \"{}\"\n",
            counted(self.findings(), "finding"),
            quoted(&self.name),
            self.kind
        );
        let default = match self.kind {
            AuthorityKind::AzureRms => "\"?\"    # true if it goes away, false if it stays",
            _ => "true    # false if it stays",
        };
        text += &format!("retiring = {}\n", retiring.unwrap_or(default));
        if let Some(tenant) = &self.tenant {
            text += &format!("tenant = \"{tenant}\"\n");
        }
        let hosts: Vec<String> = self.hosts.iter().map(|host| quoted(host)).collect();
        text + &format!("hosts = [{}]\n", hosts.join(", "))
    }

    /// Writes the lines of the server and its keys, each after two blanks.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        if self.is_declared {
            writeln!(
                out,
                "  # Below [[authority]] {}, above the next [[authority]]:\n",
                escaped(&quoted(&self.name))
            )?;
        } else {
            for line in self.head(None).lines() {
                writeln!(out, "  {}", escaped(line))?;
            }
            writeln!(out)?;
        }
        for key in &self.keys {
            for line in key.lines(self.kind, None).lines() {
                writeln!(out, "  {}", escaped(line))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

impl KeyDraft<'_> {
    /// Returns whether most findings look like those of a key that Azure imported.
    fn looks_imported(&self) -> bool {
        self.stats.looks_imported > self.stats.needs.all() / 2
    }

    /// Returns the `[[authority.key]]` table. Without a status, the key is an open question.
    pub(crate) fn lines(&self, kind: AuthorityKind, status: Option<&str>) -> String {
        let findings = counted(self.stats.needs.all(), "finding");
        let said = one_line(&describe(self.stats));
        let mut text = format!("[[authority.key]]    # {findings}: {said}\n");
        if self.is_of_both {
            text += "# Licenses of AD RMS and of Azure name it: Azure has probably imported it.\n";
        } else if kind == AuthorityKind::AzureRms && self.looks_imported() {
            text += "# It looks like a key from AD RMS. If Azure imported it, declare it for that \
                     cluster, as imported.\n";
        }
        if self.name.starts_with("sha256:") {
            text += &format!("slc_key = \"{}\"\n", one_line(self.name));
        }
        match (&self.id, self.is_id_declared) {
            (Some(id), _) => text += &format!("slc_id = \"{id}\"\n"),
            (None, true) => {
                text += "# The file has the slc_id of this key in another [[authority.key]]. If that \
                         one has no slc_key, add the slc_key there instead of these lines.\n";
            }
            (None, false) => {}
        }
        match status {
            Some(status) => text += status,
            None => {
                let known = KeyStatus::of_kind(kind).iter().filter_map(|status| match status {
                    KeyStatus::Open => None,
                    KeyStatus::ReadOnly => Some("read-only (and since = a date)"),
                    KeyStatus::Imported => Some("imported (and tenant = its id)"),
                    status => Some(status.as_str()),
                });
                let known: Vec<&str> = known.collect();
                text += &format!("status = \"?\"    # {}\n", known.join(", "));
            }
        }
        text
    }
}

/// Returns whether a verdict depends on a key that the estate does not have. Only an id that it does have
/// is not enough: the license was not read as far as its key, and the file has to be read whole.
pub(crate) fn is_unknown(name: &str, stats: &KeyStats, estate: &Estate) -> bool {
    let id = name.strip_prefix("id:");
    !stats.is_declared
        && stats.needs.possible > 0
        && !id.is_some_and(|id| ids(estate).any(|declared| declared == id))
}

/// Returns the ids of keys that the estate declares.
fn ids(estate: &Estate) -> impl Iterator<Item = &str> {
    let keys = estate.authorities().iter().flat_map(|authority| &authority.keys);
    keys.filter_map(|key| key.id.as_deref())
}

/// Returns the servers that files need although no verdict is `yes` or `possible`. They are named only
/// without an estate file: an estate file says which servers the question is about.
pub(crate) fn others<'s>(
    keys: impl Iterator<Item = (&'s String, &'s KeyStats)>,
    estate: &Estate,
) -> Vec<String> {
    if !estate.is_empty() {
        return Vec::new();
    }
    let all = servers(keys.filter(|(_, key)| key.needs.no == key.needs.all()), estate);
    let text = |server: &ServerDraft<'_>| {
        let tenant = server.tenant.as_ref();
        let tenant = tenant.map_or_else(String::new, |tenant| format!(", tenant {tenant}"));
        let findings = counted(server.findings(), "finding");
        format!("{} ({}{tenant}), {findings}", server.name, server.kind)
    };
    all.iter().map(text).collect()
}

/// Returns the servers of keys that the estate does not have, the most used one first.
pub(crate) fn servers<'s>(
    keys: impl Iterator<Item = (&'s String, &'s KeyStats)>,
    estate: &Estate,
) -> Vec<ServerDraft<'s>> {
    let mut keys: Vec<(&String, &KeyStats)> = keys.collect();
    keys.sort_by_key(|(name, stats)| (std::cmp::Reverse(stats.needs.all()), *name));
    let mut groups: BTreeMap<String, ServerDraft<'s>> = BTreeMap::new();
    // An estate file is rejected if it declares an id or a host twice.
    let hosts = estate.authorities().iter().flat_map(|authority| &authority.hosts);
    let hosts = hosts.map(|host| host.name.clone());
    let mut used: BTreeSet<String> = ids(estate).map(str::to_owned).chain(hosts).collect();
    for (name, stats) in keys {
        let said = stats.said();
        let is_id_declared = said.id.as_deref().is_some_and(|id| ids(estate).any(|one| one == id));
        let id = said.id.clone().filter(|id| is_guid(id) && used.insert(id.clone()));
        if id.is_none() && !name.starts_with("sha256:") {
            continue;
        }
        let kinds = stats.kinds();
        let is_of_both = kinds.len() > 1;
        // A key that AD RMS licenses name was created there, whoever holds it now.
        let declared = declared(&said, estate);
        let kind = declared.map(|authority| authority.kind).or_else(|| kinds.into_iter().next());
        let kind = kind.unwrap_or(AuthorityKind::AdRms);
        let host = said.address.as_deref().and_then(host);
        let is_tenant = |tenant: &&String| kind == AuthorityKind::AzureRms && is_guid(tenant);
        let tenant = said.tenant.as_ref().filter(is_tenant);
        let group = match (declared, tenant, &host) {
            (Some(authority), ..) => format!("authority {}", authority.name),
            (None, Some(tenant), _) => format!("tenant {tenant}"),
            (None, None, Some(host)) => format!("{kind} {host}"),
            (None, None, None) => format!("key {name}"),
        };
        let server = groups.entry(group).or_insert_with(|| ServerDraft {
            name: declared.map_or_else(
                || server_name(&said, host.as_deref(), name),
                |authority| authority.name.clone(),
            ),
            kind,
            hosts: Vec::new(),
            tenant: tenant.cloned(),
            keys: Vec::new(),
            is_declared: declared.is_some(),
        });
        server.hosts.extend(host.filter(|host| used.insert(host.clone())));
        server.keys.push(KeyDraft { name, stats, id, is_id_declared, is_of_both });
    }
    let mut servers: Vec<ServerDraft<'s>> = groups.into_values().collect();
    servers.sort_by_key(|server| std::cmp::Reverse(server.findings()));
    name_apart(&mut servers, estate);
    servers
}

/// Returns the authority of the estate that a license names by its host, its key id or its tenant.
fn declared<'e>(said: &KeyDescription, estate: &'e Estate) -> Option<&'e Authority> {
    let find = |is_named: &dyn Fn(&&Authority) -> bool| estate.authorities().iter().find(is_named);
    let named = find(&|one| said.authority.as_deref() == Some(one.name.as_str()));
    named.or_else(|| find(&|one| one.tenant.is_some() && one.tenant == said.tenant))
}

/// Whether a text is a GUID as in the record: lower case without braces.
pub(crate) fn is_guid(text: &str) -> bool {
    let mut lengths = text.split('-').map(str::len);
    [8, 4, 4, 4, 12].into_iter().all(|length| lengths.next() == Some(length))
        && lengths.next().is_none()
        && text.chars().all(|char| matches!(char, '0'..='9' | 'a'..='f' | '-'))
}

/// Returns the name of a server: as its certificates name it, or its host.
fn server_name(said: &KeyDescription, host: Option<&str>, key: &str) -> String {
    let names = [said.name.as_deref(), host];
    let name = names.into_iter().flatten().find(|name| !name.trim().is_empty());
    name.map_or_else(|| format!("Server of {}", short_key(key)), one_line)
}

/// Adds numbers to names that another authority has.
fn name_apart(servers: &mut [ServerDraft<'_>], estate: &Estate) {
    let mut used: Vec<String> =
        estate.authorities().iter().map(|authority| authority.name.clone()).collect();
    for server in servers.iter_mut().filter(|server| !server.is_declared) {
        let first = server.name.clone();
        let mut number = 2_u64;
        while used.contains(&server.name) {
            server.name = format!("{first} {number}");
            number += 1;
        }
        used.push(server.name.clone());
    }
}

/// Returns the host of an address, if the estate file accepts it as a host name.
fn host(address: &str) -> Option<String> {
    let host = address_host(address)?.to_lowercase();
    let name = host.trim_end_matches('.');
    let is_name = |char: char| char.is_alphanumeric() || "-_.".contains(char);
    let is_host = name.chars().all(is_name) && !name.split('.').any(str::is_empty);
    is_host.then(|| name.to_owned())
}

/// Escapes control characters, so that text of files cannot add lines to the estate file.
fn one_line(text: &str) -> String {
    escaped(text).to_string()
}

/// Returns a basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if is_steering(char) => quoted += &format!("\\U{:08X}", u32::from(char)),
            char => quoted.push(char),
        }
    }
    quoted + "\""
}

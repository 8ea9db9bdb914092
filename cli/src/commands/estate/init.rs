//! `rmsight estate init`: a first estate file, from inventories and questions.

use std::fs::OpenOptions;
use std::io::Write;
use std::iter;
use std::path::{Path, PathBuf};

use clap::Args;
use rmsight::{AuthorityKind, Estate, KeyStatus, Timestamp};

use super::asker::Asker;
use crate::args::INVENTORY_VARIABLE;
use crate::exit::{Failure, Outcome, Result, say};
use crate::inventory::query::Inventories;
use crate::output::estate_lines::{KeyDraft, ServerDraft, is_guid, quoted, servers};
use crate::output::format::counted;
use crate::output::line::short_key;
use crate::output::stdout::Stdout;
use crate::stats::{Stats, describe};

/// Write a first estate file: an authority for each server that scanned files name
///
/// Asks what became of each server and key. An empty answer leaves the decision open, which is `?` in the
/// file. An open decision never leads to "not needed". `rmsight estate check` lists open decisions.
/// Without an inventory the command asks for clusters and tenants by name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight estate init estate.db -o estate.toml
  rmsight estate init estate.db --no-input -o estate.toml
  rmsight estate init fs1.db fs2.db --no-input")]
pub(crate) struct InitArgs {
    /// Inventories whose files name the servers and keys
    #[arg(value_name = "INVENTORY", env = INVENTORY_VARIABLE, hide_env_values = true)]
    inventories: Vec<PathBuf>,

    /// Write the estate file to FILE, which must not exist, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Ask no question, and leave each decision open
    #[arg(long, requires = "inventories")]
    no_input: bool,
}

const HEAD: &str = "\
# What became of each key. A `?` is an open decision: it never leads to \"not needed\".
# `rmsight estate check` lists the open decisions, each with a command that helps.
";

/// Writes the estate file.
pub(super) fn init(args: &InitArgs) -> Result<Outcome> {
    if let Some(output) = args.output.as_deref().filter(|output| output.exists()) {
        return Err(Failure::message(format_args!(
            "{}: the file exists, and is not changed; name another one with -o",
            output.display()
        )));
    }
    let mut asker = match args.no_input {
        true => Asker::silent(),
        false => Asker::terminal(),
    };
    let stats = stats(&args.inventories)?;
    let servers = servers(stats.keys.iter(), &Estate::default());
    let mut text = HEAD.to_owned();
    let mut names = Vec::new();
    for (number, server) in (1..).zip(&servers) {
        asker.say(&format!("\nServer {number} of {}: {}", servers.len(), summary(server)))?;
        text += &block(server, &mut names, &mut asker)?;
    }
    if args.inventories.is_empty() {
        while let Some(block) = named(&mut names, &mut asker)? {
            text += &block;
        }
    }
    if names.is_empty() {
        let why = match args.inventories.is_empty() {
            true => "no cluster or tenant was named, so nothing was written",
            false => "no scanned file names a server, so there is nothing to declare",
        };
        return Err(Failure::message(why));
    }
    // A file that the other commands reject must not be written.
    let estate = Estate::from_toml(&text).map_err(|error| {
        let errors = error.to_string().replace('\n', "; ");
        Failure::message(format_args!("the lines are no estate file: {errors}"))
    })?;
    write(&text, args.output.as_deref())?;
    let open = estate.open_questions().len();
    if let Some(output) = &args.output {
        let servers =
            counted(as_u64(names.len()), "authority").replace("authoritys", "authorities");
        let open = counted(as_u64(open), "open question");
        say(format_args!("{}: written, {servers}, {open}.", output.display()));
        let files = iter::once(output).chain(&args.inventories);
        let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
        say(format_args!("Next: rmsight estate check {}", files.join(" ")));
    }
    Ok(Outcome::Complete)
}

/// Returns the statistics of all findings.
fn stats(inventories: &[PathBuf]) -> Result<Stats> {
    let mut stats = Stats::default();
    Inventories::open(inventories)?.judged(&Estate::default(), |judged| {
        stats.add(&judged.record());
        Ok(())
    })?;
    Ok(stats)
}

fn summary(server: &ServerDraft<'_>) -> String {
    let hosts = match server.hosts.is_empty() {
        true => String::new(),
        false => format!(", {}", server.hosts.join(", ")),
    };
    let keys = counted(as_u64(server.keys.len()), "key");
    let findings = counted(server.findings(), "finding");
    format!("{} ({}{hosts}), {keys}, {findings}", server.name, server.kind)
}

/// Returns the lines of a server and its keys.
fn block(
    server: &ServerDraft<'_>,
    names: &mut Vec<String>,
    asker: &mut Asker<'_>,
) -> Result<String> {
    let mut server = server.clone();
    server.name = name(Some(&server.name), names, asker)?.unwrap_or(server.name);
    names.push(server.name.clone());
    let retiring = retiring(server.kind, asker)?;
    let fields = format!("\n{}", server.head(retiring.as_deref()));
    let mut keys = String::new();
    for key in &server.keys {
        let status = status(key, server.kind, asker)?;
        keys += &format!("\n{}", key.lines(server.kind, status.as_deref()));
    }
    Ok(with_settled(&fields, &keys))
}

/// Returns the lines of an authority, with the line `settled` between its fields and its keys. The comment
/// names the open questions whose answer may be "nothing", so that one edit answers all questions.
fn with_settled(fields: &str, keys: &str) -> String {
    let text = format!("{fields}{keys}");
    let open = Estate::from_toml(&text).map(|estate| estate.open_questions()).unwrap_or_default();
    let questions = open.iter().filter_map(|one| one.question);
    let questions: Vec<String> = questions.map(|one| quoted(one.as_str())).collect();
    if questions.is_empty() {
        return text;
    }
    let questions = questions.join(", ");
    format!(
        "{fields}settled = []    # add each of these of which there is none: {questions}\n{keys}"
    )
}

/// Asks for an authority without files. Returns its lines; `None` if no further one is named.
fn named(names: &mut Vec<String>, asker: &mut Asker<'_>) -> Result<Option<String>> {
    asker.say("")?;
    let Some(name) = name(None, names, asker)? else { return Ok(None) };
    let kinds = AuthorityKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    let kind = asker.choose("  Its kind", &kinds, AuthorityKind::AdRms.as_str())?;
    let kind = AuthorityKind::from_name(&kind).unwrap_or(AuthorityKind::AdRms);
    let hosts = asker.ask("  Its host names, with commas", |_| Ok(()))?.unwrap_or_default();
    let hosts = hosts.split(',').map(|host| host.trim().to_lowercase());
    let server = ServerDraft {
        name: name.clone(),
        kind,
        hosts: hosts.filter(|host| !host.is_empty()).collect(),
        tenant: match kind {
            AuthorityKind::AzureRms => tenant("  Its tenant id", asker)?,
            _ => None,
        },
        keys: Vec::new(),
        is_declared: false,
    };
    names.push(name);
    let retiring = retiring(kind, asker)?;
    Ok(Some(with_settled(&format!("\n{}", server.head(retiring.as_deref())), "")))
}

/// Asks for a name that no other authority has.
fn name(default: Option<&str>, names: &[String], asker: &mut Asker<'_>) -> Result<Option<String>> {
    let prompt = match default {
        Some(default) => format!("  Name [{default}]"),
        None => "Name of a cluster or tenant; empty to end".to_owned(),
    };
    asker.ask(&prompt, |text| match names.iter().any(|name| name == text) {
        true => Err("another authority has this name".to_owned()),
        false => Ok(()),
    })
}

/// Asks whether an authority goes away. Returns the value in the file, unless it is the default.
fn retiring(kind: AuthorityKind, asker: &mut Asker<'_>) -> Result<Option<String>> {
    let default = match kind {
        AuthorityKind::AzureRms => "?",
        _ => "yes",
    };
    let answer =
        asker.choose("  Does the organization give it up", &["yes", "no", "?"], default)?;
    Ok(match (answer.as_str(), default) {
        (answer, default) if answer == default => None,
        ("yes", _) => Some("true".to_owned()),
        ("no", _) => Some("false".to_owned()),
        _ => Some("\"?\"".to_owned()),
    })
}

/// Asks what became of a key. Returns the lines of its status; `None` if that is open.
fn status(
    key: &KeyDraft<'_>,
    kind: AuthorityKind,
    asker: &mut Asker<'_>,
) -> Result<Option<String>> {
    let known: Vec<&str> = KeyStatus::of_kind(kind).iter().map(|status| status.as_str()).collect();
    let name = short_key(key.name.strip_prefix("id:").unwrap_or(key.name));
    let findings = counted(key.stats.needs.all(), "finding");
    let prompt = format!("  Key {name} ({findings}: {}): what became of it", describe(key.stats));
    let status = asker.choose(&prompt, &known, KeyStatus::Open.as_str())?;
    let line = format!("status = \"{status}\"\n");
    Ok(match KeyStatus::from_name(&status) {
        Some(KeyStatus::ReadOnly) => {
            let is_date = |text: &str| match Timestamp::parse(text) {
                Some(_) => Ok(()),
                None => Err("write a date such as 2024-03-01".to_owned()),
            };
            let since = asker.ask("    Since when does it deny publishing (a date)", is_date)?;
            since.map(|since| format!("{line}since = {}\n", quoted(&since)))
        }
        Some(KeyStatus::Imported) => {
            let tenant = tenant("    The id of the tenant that imported it", asker)?;
            tenant.map(|tenant| format!("{line}tenant = \"{tenant}\"\n"))
        }
        Some(KeyStatus::Open) | None => None,
        Some(_) => Some(line),
    })
}

fn tenant(prompt: &str, asker: &mut Asker<'_>) -> Result<Option<String>> {
    let bare = |text: &str| text.trim_matches(['{', '}']).to_lowercase();
    let tenant = asker.ask(prompt, |text| match is_guid(&bare(text)) {
        true => Ok(()),
        false => Err("a tenant id is a GUID".to_owned()),
    })?;
    Ok(tenant.map(|tenant| bare(&tenant)))
}

fn write(text: &str, output: Option<&Path>) -> Result<()> {
    let Some(output) = output else {
        let mut out = Stdout::lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        return written.map_err(|error| Failure::writing(&error));
    };
    let created = OpenOptions::new().write(true).create_new(true).open(output);
    created
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Failure::message(format_args!("{}: {error}", output.display())))
}

fn as_u64(count: usize) -> u64 {
    count.try_into().unwrap_or(u64::MAX)
}

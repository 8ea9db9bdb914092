//! `rmsight estate learn` and `rmsight estate import`: extract SLC keys, as lines for the estate
//! file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rmsight::{
    AuthorityKind, Dependency, Estate, Facts, Inspector, KeyLink, KeyStatus, Learned, Origin,
    Protection, Report, judge,
};

use super::cmdlet;
use super::key_lines::{block, lines};
use crate::authority_file;
use crate::exit::{self, Failure, Outcome, Result};
use crate::fs::text::{self, Encoding, Marks};
use crate::output::format::counted;
use crate::output::stdout::Stdout;
use crate::output::terminal::escaped;

/// Learn keys from files that a known cluster or tenant has protected
///
/// Reads every kind of file that `rmsight scan` and `rmsight estate import` read. Prints lines for the
/// estate file. The status of your own keys is `?` in these lines: replace it with what became of the key.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight estate learn --as own --name Headquarters offer.docx >> estate.toml
  rmsight estate learn --as foreign --name Fabrikam --into estate.toml theirs.msg")]
pub(crate) struct LearnArgs {
    /// Files that the cluster or tenant has protected, its certificates, or its public keys
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Who has the keys
    #[arg(long = "as", value_enum, value_name = "WHOSE")]
    whose: Whose,

    #[command(flatten)]
    destination: DestinationArgs,
}

/// Learn keys from exports of servers and key stores, and from the output of commands
///
/// Reads XrML server certificates and chains (an exported trusted user domain is one), answers of
/// GetServerInfo, X.509 certificates and RSA public keys (PEM or DER), registry exports of
/// LicensingRedirection, and the output of Get-AipServiceConfiguration and Get-AipServiceKeys as a list,
/// a table, JSON, CSV or CLIXML. Prints lines for the estate file.
///
/// A server certificate identifies a key, and cannot open files. An exported trusted publishing domain
/// cannot be read, because its certificates are encrypted with its password. An id without a key, or a
/// redirection, decides no verdict: the lines name the file that would confirm it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight estate import server.xml --name Headquarters
  rmsight estate import rms-key.pem --name Headquarters --into estate.toml
  rmsight estate import keys.json tenant.txt --name 'Contoso tenant'

In PowerShell, with the module AIPService:
  Get-AipServiceKeys | ConvertTo-Json | Set-Content keys.json
  Get-AipServiceConfiguration | Format-List | Out-File tenant.txt")]
pub(crate) struct ImportArgs {
    /// Certificates, public keys, and files with the output of commands
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    destination: DestinationArgs,
}

/// Destination of the lines.
#[derive(Debug, Args)]
struct DestinationArgs {
    /// The name of the cluster, tenant or organization; the lines then begin a new authority
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Append the lines to the estate file FILE instead of printing them
    ///
    /// Existing lines are not changed. Keys that the file has are left out. Needs --name, because appended
    /// keys belong to the last authority of the file: NAME is that authority or a new one. Printed lines
    /// can be pasted below any authority.
    #[arg(long, value_name = "FILE", requires = "name")]
    into: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Whose {
    /// A cluster or tenant of your organization
    Own,
    /// A cluster of your organization, which imported them in a trusted publishing domain
    Tpd,
    /// Another organization
    Foreign,
}

/// One byte more than the library accepts for a certificate or the output of a command, so that it
/// reports a larger file.
const READ: u64 = (16 << 20) + 1;

/// Learns keys from protected files or certificates.
pub(super) fn learn(args: &LearnArgs) -> Result<Outcome> {
    let mut collection = KeyCollection::default();
    // A license that was changed after it was signed may contain any key.
    let builder = Inspector::builder().verify(true).keep_licenses(false);
    #[cfg(feature = "pst")]
    let builder = builder.pst(crate::pst::opener(rmsight_pst::PstLimits::default()));
    let mut inspector = builder.build();
    for path in &args.files {
        collection.protected(path, &mut inspector);
    }
    let (status, origin) = match args.whose {
        Whose::Own => (None, Origin::Own),
        Whose::Tpd => (None, Origin::Tpd),
        Whose::Foreign => (Some(KeyStatus::Foreign), Origin::Own),
    };
    collection.end(status, origin, &args.destination)
}

/// Learns keys from certificates, public keys and the output of commands.
pub(super) fn import(args: &ImportArgs) -> Result<Outcome> {
    let mut collection = KeyCollection::default();
    for path in &args.files {
        collection.exported(path);
    }
    collection.end(None, Origin::Own, &args.destination)
}

/// Learned keys, in the order in which they were found.
#[derive(Default)]
struct KeyCollection {
    learned: Vec<Learned>,
    is_incomplete: bool,
}

impl KeyCollection {
    fn refuse(&mut self, path: &Path, why: impl std::fmt::Display) {
        self.is_incomplete = true;
        exit::warn(format_args!("{}: {why}", path.display()));
    }

    fn protected(&mut self, path: &Path, inspector: &mut Inspector) {
        let report = match inspector.inspect_path(path) {
            Ok(report) => report,
            Err(error) => return self.refuse(path, error),
        };
        let all = report.findings().map(|finding| finding.facts());
        let protected: Vec<&Facts> =
            all.filter(|facts| facts.protection == Protection::Rms).collect();
        if protected.is_empty() {
            return self.exported_or(path, &report);
        }
        for facts in protected {
            match from_protected(facts) {
                Ok(learned) => self.add(learned),
                Err(why) => self.refuse(path, why),
            }
        }
    }

    /// Reads an unprotected file, which may be a certificate or public key.
    fn exported_or(&mut self, path: &Path, report: &Report) {
        match (self.read(path), report.incomplete()) {
            (Ok(()), _) => {}
            (Err(_), Some(error)) => self.refuse(path, error),
            (Err(why), None) => self.refuse(
                path,
                format_args!("It is not rights-protected, so it names no server's key. {why}"),
            ),
        }
    }

    fn exported(&mut self, path: &Path) {
        if let Err(why) = self.read(path) {
            self.refuse(path, why);
        }
    }

    fn read(&mut self, path: &Path) -> std::result::Result<(), String> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(READ).read_to_end(&mut bytes));
        read.map_err(|error| error.to_string())?;
        if let Some(list) = listed(&bytes)? {
            bytes = list.into_bytes();
        }
        let learned = rmsight::learn(&bytes).map_err(|mistake| mistake.to_string())?;
        learned.into_iter().for_each(|learned| self.add(learned));
        Ok(())
    }

    /// Adds a key. Merges it with an equal key.
    fn add(&mut self, learned: Learned) {
        let is_same = |known: &&mut Learned| match (&known.key, &learned.key) {
            (Some(one), Some(other)) => one == other,
            (None, None) => known.id.is_some() && known.id == learned.id,
            _ => false,
        };
        let Some(known) = self.learned.iter_mut().find(is_same) else {
            return self.learned.push(learned);
        };
        for (own, more) in [(&mut known.hosts, learned.hosts), (&mut known.notes, learned.notes)] {
            more.into_iter().for_each(|one| {
                if !own.contains(&one) {
                    own.push(one);
                }
            });
        }
        known.id = known.id.take().or(learned.id);
        known.name = known.name.take().or(learned.name);
    }

    fn end(
        mut self,
        status: Option<KeyStatus>,
        origin: Origin,
        to: &DestinationArgs,
    ) -> Result<Outcome> {
        if self.learned.is_empty() {
            return Ok(Outcome::Nothing);
        }
        let written = match &to.into {
            Some(file) => self.append(file, status, origin, to.name.as_deref()),
            None => {
                let text = block(&self.learned, status, origin, to.name.as_deref());
                let mut out = Stdout::lock();
                let lead = "# For estate.toml. A status of `?` is an open question: replace it with \
                            what became of the key.";
                writeln!(out, "{lead}\n{}", lines(&text))
                    .and_then(|()| out.flush())
                    .map_err(|error| Failure::writing(&error))
            }
        };
        written.map(|()| Outcome::of(!self.is_incomplete))
    }

    /// Appends the keys to an estate file, and keeps its content.
    fn append(
        &mut self,
        file: &Path,
        status: Option<KeyStatus>,
        origin: Origin,
        name: Option<&str>,
    ) -> Result<()> {
        let fail = |why: &dyn std::fmt::Display| {
            Failure::message(format_args!("{}: {why}", file.display()))
        };
        let mut out = Stdout::lock();
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(fail(&error)),
        };
        // Appended text has the encoding of the file: `>` of Windows PowerShell writes UTF-16.
        let (encoding, _) = Encoding::of(&bytes, Marks::Optional);
        let mut before = String::new();
        text::decoded(io::Cursor::new(bytes), Marks::Optional)
            .and_then(|mut text| text.read_to_string(&mut before))
            .map_err(|error| fail(&error))?;
        let estate = authority_file::parse(file, before.as_bytes())?;
        let known: Vec<&rmsight::AuthorityKey> =
            estate.authorities().iter().flat_map(|authority| &authority.keys).collect();
        let found = self.learned.len();
        // A key without value and id cannot be declared.
        self.learned.retain(|learned| {
            let is_known = |key: &&rmsight::AuthorityKey| match (&learned.key, &key.key) {
                (Some(one), Some(other)) => one == other,
                _ => learned.id.is_some() && learned.id == key.id,
            };
            (learned.key.is_some() || learned.id.is_some()) && !known.iter().any(is_known)
        });
        let left = found - self.learned.len();
        if self.learned.is_empty() {
            let name = file.display().to_string();
            return writeln!(out, "{}: nothing to add.", escaped(&name))
                .and_then(|()| remind(&estate, &mut out))
                .map_err(|error| Failure::writing(&error));
        }
        let name = new_name(&estate, name).map_err(|why| fail(&why))?;
        if let (None, Some(last)) = (name, estate.authorities().last()) {
            self.learned.iter_mut().for_each(|learned| learned.kind = Some(last.kind));
        }
        let text = block(&self.learned, status, origin, name);
        // The result must be a valid estate file.
        let after = authority_file::parse(file, format!("{before}\n{text}").as_bytes())?;
        let gap = if before.is_empty() { "" } else { "\n" };
        let opened = OpenOptions::new().append(true).create(true).open(file);
        opened
            .and_then(|mut file| file.write_all(&encoding.encoded(&format!("{gap}{text}"))))
            .map_err(|error| fail(&error))?;
        let added = counted(self.learned.len().try_into().unwrap_or(u64::MAX), "key");
        let name = file.display().to_string();
        writeln!(out, "{}: added {added}, {left} left out.", escaped(&name))
            .and_then(|()| remind(&after, &mut out))
            .map_err(|error| Failure::writing(&error))
    }
}

/// Returns output of a cmdlet in another form than a list as a list.
fn listed(bytes: &[u8]) -> std::result::Result<Option<String>, String> {
    let mut text = String::new();
    let decoded = text::decoded(io::Cursor::new(bytes.to_vec()), Marks::Optional)
        .and_then(|mut decoded| decoded.read_to_string(&mut text));
    match decoded {
        Ok(_) => cmdlet::as_list(&text),
        // The library reads files of other forms.
        Err(_) => Ok(None),
    }
}

/// Writes how many keys have an open status.
fn remind(estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    let keys = estate.authorities().iter().flat_map(|authority| &authority.keys);
    let open = keys.filter(|key| key.status == KeyStatus::Open).count();
    if open > 0 {
        let keys = counted(open.try_into().unwrap_or(u64::MAX), "key");
        writeln!(
            out,
            "{keys} without a status: replace each `?` with what became of the key; `rmsight estate \
             check` lists them."
        )?;
    }
    out.flush()
}

/// Returns the name of the authority that must be added. Keys belong to the last authority of a
/// file.
fn new_name<'n>(
    estate: &Estate,
    name: Option<&'n str>,
) -> std::result::Result<Option<&'n str>, &'static str> {
    let Some(name) = name else {
        return Err("--into needs --name: the name of the authority that has the keys");
    };
    let all = estate.authorities();
    match all.iter().rposition(|authority| authority.name == name) {
        None => Ok(Some(name)),
        Some(at) if at + 1 == all.len() => Ok(None),
        Some(_) => Err(
            "that authority is not the last one of the file, and keys at the end of the file belong \
             to the last one: run the command without --into, and paste the lines",
        ),
    }
}

/// Returns the key of a protected file, unless the file contradicts itself.
fn from_protected(facts: &Facts) -> std::result::Result<Learned, String> {
    let Some(mut learned) = Learned::from_facts(facts) else {
        let why = facts.error.as_deref().unwrap_or("there is none in its license");
        return Err(format!("It is rights-protected, but its key cannot be read: {why}"));
    };
    let link = facts.license.as_deref().map(|license| license.link);
    match link {
        Some(KeyLink::Broken) => {
            return Err(
                "Its license was changed after it was signed, or contradicts itself, so that its \
                 key proves nothing. Give another file."
                    .to_owned(),
            );
        }
        Some(KeyLink::Linked | KeyLink::Own) => {}
        _ => learned.notes.push(
            "No signature leads from the file to this key: use it only if you know where the file \
             comes from."
                .to_owned(),
        ),
    }
    if judge(facts, &Estate::default()).dependency() == Dependency::AzureRms {
        learned.kind = Some(AuthorityKind::AzureRms);
        learned.notes.push(
            "Azure issued the license. If its key came from an AD RMS cluster, declare it for \
             that cluster, as `imported`."
                .to_owned(),
        );
    }
    Ok(learned)
}

//! Lists for programs that change files: one of files that they can open in place, and one of
//! members of archives and mails, which have to be extracted first. Every finding is accounted for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rmsight::{Container, Dependency, Envelope, ErrorCode, Facts, LicenseFacts};

use super::csv::{harmless, line, numbered, renamed};
use super::label_map::LabelMap;
use super::sink::{ExportAccount, FindingWriter};
use crate::exit::{Result, warn};
use crate::inventory::query::{Judged, Translation};
use crate::output::atomic_file::AtomicFile;
use crate::output::output_file::OutputFile;

/// The columns of a list after the path.
const COLUMNS: [&str; 7] =
    ["Owner", "DescriptorId", "DescriptorName", "Key", "Need", "Issued", "Container"];

/// Why a file without a new label is left out.
const NO_LABEL: &str = "the label map has no line for its template or label";

/// Maximum number of paths that messages name.
const EXAMPLES: u64 = 20;

/// What a list contains, and where it is written.
#[derive(Debug)]
pub(super) struct ListOptions<'a> {
    /// The name of the column with the path: the parameter of the program.
    pub(super) path_column: &'static str,
    pub(super) file: Option<&'a Path>,
    /// Maximum number of rows of a file.
    pub(super) batch: Option<u64>,
    pub(super) labels: Option<LabelMap>,
    pub(super) translation: Translation,
}

/// Writes both lists.
pub(super) struct ToolListWriter {
    in_place: ListFiles,
    /// `None` on standard output, which has place for one table.
    members: Option<ListFiles>,
    labels: Option<LabelMap>,
    translation: Translation,
    /// Source and path of the last file in the list.
    last: Option<(Option<String>, String)>,
    left_out: BTreeMap<String, u64>,
    /// Number of paths that are not Unicode.
    unwritable: u64,
}

/// One list in as many files as necessary.
struct ListFiles {
    file: Option<PathBuf>,
    header: Vec<u8>,
    batch: u64,
    /// The last one is open.
    files: Vec<ListPart>,
}

struct ListPart {
    name: Option<PathBuf>,
    out: Option<OutputFile>,
    closed: Option<AtomicFile>,
    rows: u64,
}

impl ListFiles {
    fn new(file: Option<PathBuf>, columns: &[&str], batch: Option<u64>) -> ListFiles {
        let header = line(columns.iter(), csv::Terminator::CRLF);
        ListFiles { file, header, batch: batch.unwrap_or(u64::MAX), files: Vec::new() }
    }

    /// Closes the current file and opens the next one, with its header.
    fn next(&mut self) -> Result<()> {
        if let Some(part) = self.files.last_mut()
            && let Some(out) = part.out.take()
        {
            part.closed = out.close()?;
        }
        let number = self.files.len().saturating_add(1);
        let name = self.name(number);
        let mut out = OutputFile::open_until_closed(name.as_deref())?;
        out.all(&self.header)?;
        self.files.push(ListPart { name, out: Some(out), closed: None, rows: 0 });
        Ok(())
    }

    fn name(&self, number: usize) -> Option<PathBuf> {
        let file = self.file.as_ref()?;
        Some(if number == 1 { file.clone() } else { numbered(file, number) })
    }

    fn add(&mut self, row: &[u8]) -> Result<()> {
        if self.files.last().is_none_or(|part| part.rows >= self.batch) {
            self.next()?;
        }
        let Some(part) = self.files.last_mut() else { return Ok(()) };
        part.rows += 1;
        part.out.as_mut().map_or(Ok(()), |out| out.all(row))
    }

    /// Completes the files, and adds them to the account.
    fn finish(self, account: &mut ExportAccount) -> Result<()> {
        let stale = self.name(self.files.len().saturating_add(1));
        for part in self.files {
            let closed = match part.out {
                Some(out) => out.close()?,
                None => part.closed,
            };
            if let Some(closed) = closed {
                closed.keep()?;
            }
            account.files.extend(part.name.map(|name| (name, part.rows)));
        }
        if let Some(stale) = stale.filter(|stale| stale.exists()) {
            let stale = stale.display();
            account.notes.push(format!("{stale} is of an earlier export: delete it."));
        }
        Ok(())
    }
}

impl ToolListWriter {
    pub(super) fn open(options: ListOptions<'_>) -> Result<ToolListWriter> {
        let ListOptions { path_column, file, batch, labels, translation } = options;
        let mut columns = vec![path_column];
        columns.extend(COLUMNS);
        if labels.is_some() {
            columns.push("LabelId");
        }
        let mut in_place = ListFiles::new(file.map(Path::to_owned), &columns, batch);
        // A list without a row has its header, so that a script can read it.
        in_place.next()?;
        columns.push("Member");
        let members =
            file.map(|file| ListFiles::new(Some(renamed(file, "extract-first")), &columns, batch));
        Ok(ToolListWriter {
            in_place,
            members,
            labels,
            translation,
            last: None,
            left_out: BTreeMap::new(),
            unwritable: 0,
        })
    }

    fn leave_out(&mut self, why: impl Into<String>) {
        *self.left_out.entry(why.into()).or_default() += 1;
    }

    /// Leaves out a path that another program would not find.
    fn not_unicode(&mut self, envelope: &Envelope<'_>, raw: &str) {
        self.unwritable += 1;
        if self.unwritable <= EXAMPLES {
            let path = &envelope.path;
            warn(format_args!(
                "{path}: left out, the path is not Unicode; its bytes are {raw} in base64"
            ));
        }
        self.leave_out("the path is not Unicode (columns path and path_raw of an export)");
    }
}

/// Returns why no program can change a file or member whose key is known.
fn unusable(facts: &Facts) -> Option<&'static str> {
    let is_cut = facts.error_code.as_deref() == Some(ErrorCode::Truncated.as_str());
    match facts.container {
        Container::License => Some("a license without a document, which no program can change"),
        _ if is_cut => Some("cut (truncated): restore a whole copy, or delete it"),
        _ => None,
    }
}

/// Returns the columns after the path.
fn fields(judged: &Judged, license: &LicenseFacts) -> [String; COLUMNS.len()] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        text(&license.owner),
        text(&license.descriptor_id),
        text(&license.descriptor_name),
        text(&license.slc_key),
        judged.verdict.need().to_string(),
        license.issued.map(|time| time.to_string()).unwrap_or_default(),
        judged.facts.container.to_string(),
    ]
}

impl FindingWriter for ToolListWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        let (envelope, facts) = (&judged.envelope, &judged.facts);
        // Without a key the license was not read far enough: no program can open the file.
        let is_read = facts.slc_key().is_some() || facts.slc_id().is_some();
        let Some(license) = facts.license.as_ref().filter(|_| is_read) else {
            match (judged.verdict.dependency(), facts.error_code.as_deref()) {
                (Dependency::None, _) => self.leave_out("not rights-protected"),
                (_, None) => self.leave_out("no key was read"),
                (_, Some(code)) => self.leave_out(format!("no key was read: {code}")),
            }
            return Ok(());
        };
        if let Some(why) = unusable(facts) {
            self.leave_out(why);
            return Ok(());
        }
        if let Some(raw) = &envelope.path_raw {
            self.not_unicode(envelope, raw);
            return Ok(());
        }
        let source = envelope.source.as_deref();
        let mut row = vec![self.translation.path(source, &envelope.path)];
        row.extend(fields(judged, license));
        let place = (source.map(str::to_owned), envelope.path.to_string());
        if facts.member.is_none() && self.last.as_ref() == Some(&place) {
            self.leave_out("in a file that is in the list");
            return Ok(());
        }
        if let Some(labels) = &mut self.labels {
            match labels.label(facts.label_id.as_deref(), license) {
                Some(label) => row.push(label.to_owned()),
                None => {
                    self.leave_out(NO_LABEL);
                    return Ok(());
                }
            }
        }
        row.extend(facts.member.clone());
        let row = line(row.iter().map(|field| harmless(field).into_owned()), csv::Terminator::CRLF);
        match (&facts.member, &mut self.members) {
            (None, _) => {
                self.last = Some(place);
                self.in_place.add(&row)
            }
            (Some(_), Some(members)) => members.add(&row),
            (Some(_), None) => {
                self.leave_out(
                    "in an archive or mail: --output FILE writes a second list of these",
                );
                Ok(())
            }
        }
    }

    fn finish(self: Box<Self>) -> Result<ExportAccount> {
        let ToolListWriter { in_place, members, labels, left_out, .. } = *self;
        let mut account =
            ExportAccount { left_out: left_out.into_iter().collect(), ..ExportAccount::default() };
        let lacks_label = account.left_out.iter().any(|(why, _)| why == NO_LABEL);
        if let Some(labels) = labels.as_ref().filter(|_| lacks_label) {
            labels.require_use()?;
        }
        in_place.finish(&mut account)?;
        let in_place = account.files.len();
        if let Some(members) = members {
            members.finish(&mut account)?;
        }
        if account.files.len() > in_place {
            account.notes.push(
                "The files named extract-first list members of archives and mails: extract them, \
                 or open the archive itself."
                    .to_owned(),
            );
        }
        account.notes.extend(labels.iter().flat_map(LabelMap::unused));
        Ok(account)
    }
}

//! `rmsight inspect`: prints one page for each finding in a file.

mod chain;
mod json;
mod member_path;
mod text;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use rmsight::{
    Envelope, Estate, FileSource, Finding, Inspector, ReadAt as _, Record, Report, judge_dated,
};

use crate::args::{ESTATE_VARIABLE, FormatArg, LimitArgs, RECORD_ENDINGS};
use crate::exit::{Failure, Outcome, Result, warn};
use crate::fs::open::{self, OpenMode};
use crate::output::Format;
use crate::output::ending::{Endings, format_of};
use crate::output::output_file::OutputFile;
use crate::output::records::{RecordBuffer, RecordLayout};
use crate::output::terms::NeedTerms;
use crate::stats::Stats;
use crate::{authority_file, inspector, options};
use member_path::{InspectTarget, is_about, missing};

/// Explain single files: what each file is, whose key opens it, and why.
///
/// Reads the whole license, checks its signatures and shows the location of each fact in the file. With
/// the path of a member, as `scan` and `report` show it, reads the whole file and shows only the
/// findings about that member.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight inspect offer.docx
  rmsight inspect 'archive.zip!/offer.docx'
  rmsight inspect --estate estate.toml mail.msg
  rmsight inspect --json offer.docx | jq .chain")]
pub(crate) struct InspectArgs {
    /// Files to explain, or members of files: `archive.zip!/member`
    #[arg(value_name = "FILE[!/MEMBER]", required = true)]
    files: Vec<PathBuf>,

    /// Show only the findings about this member, as the record names it
    #[arg(long, value_name = "MEMBER")]
    member: Option<String>,

    /// Format of the findings [default: by the ending of --output, else text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<FormatArg>,

    /// Write findings to FILE instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Write the whole page as data: one JSON object on a line for each finding
    ///
    /// The object has the columns of the record, and `verdict`, `chain` and `evidence`.
    #[arg(long, conflicts_with = "format")]
    json: bool,

    /// The estate file: authorities, and what became of their keys
    #[arg(long, value_name = "FILE", env = ESTATE_VARIABLE, hide_env_values = true)]
    estate: Option<PathBuf>,

    /// Read the files inside of documents too: members of Office packages, embedded objects,
    /// attachments of PDF
    #[arg(long)]
    deep: bool,

    #[command(flatten)]
    limits: LimitArgs,
}

/// Files of --json.
const JSON_ENDINGS: Endings<FormatArg> = &[(FormatArg::Ndjson, &["json", "ndjson", "jsonl"])];

pub(crate) fn run(args: &InspectArgs) -> Result<Outcome> {
    let estate = authority_file::load(args.estate.as_deref())?;
    let output = args.output.as_deref();
    let format: Format = match args.json {
        true => format_of(output, Some(FormatArg::Ndjson), JSON_ENDINGS, FormatArg::Ndjson)?,
        false => format_of(output, args.format, RECORD_ENDINGS, FormatArg::Text)?,
    }
    .into();
    let layout = RecordLayout::new(format);
    let header = layout.header();
    let mut inspection = Inspection {
        // Inspecting a single file reads everything that can be known about it.
        inspector: inspector::builder(options::limits(&args.limits))
            .labels(true)
            .verify(true)
            .fingerprint(true)
            .deep(args.deep)
            .evidence(true)
            .build(),
        estate,
        buffer: RecordBuffer::new(layout),
        stats: Stats::default(),
        is_json: args.json,
    };
    let mut out = OutputFile::open(output)?;
    out.write_all(&header).map_err(|error| Failure::writing(&error))?;
    let mut opened = false;
    for path in &args.files {
        let target = match &args.member {
            Some(member) => Ok(InspectTarget { file: path.clone(), member: Some(member.clone()) }),
            None => InspectTarget::parse(path),
        };
        let InspectTarget { file: path, member } = match target {
            Ok(target) => target,
            Err(why) => {
                inspection.stats.is_incomplete = true;
                warn(format_args!("{}: {why}", path.display()));
                continue;
            }
        };
        let path = path.as_path();
        match open::open(path, OpenMode::NAMED).and_then(FileSource::new) {
            Ok(source) => {
                let shown = inspection
                    .file(path, member.as_deref(), &source, format, &mut out)
                    .map_err(|error| Failure::writing(&error))?;
                opened |= shown;
            }
            Err(error) => {
                let what = if path.is_dir() {
                    "it is a folder; `rmsight scan` reads folders".to_owned()
                } else {
                    error.to_string()
                };
                inspection.stats.is_incomplete = true;
                warn(format_args!("{}: {what}", path.display()));
            }
        }
    }
    out.finish()?;
    if !opened {
        return Ok(Outcome::Nothing);
    }
    Ok(Outcome::of(inspection.stats.is_complete()))
}

struct Inspection {
    inspector: Inspector,
    estate: Estate,
    buffer: RecordBuffer,
    stats: Stats,
    is_json: bool,
}

impl Inspection {
    /// Writes the findings about a file, or about a member of it. Returns whether there are any.
    fn file(
        &mut self,
        path: &Path,
        member: Option<&str>,
        source: &FileSource,
        format: Format,
        out: &mut impl Write,
    ) -> io::Result<bool> {
        let mut envelope = Envelope::of_path(path);
        envelope.size = source.size().ok();
        envelope.modified = source.modified().map(Into::into);
        let report = match self.inspector.inspect_named(source, path) {
            Ok(report) => report,
            Err(error) => Report::unopened(&error),
        };
        self.stats.files += 1;
        self.stats.is_incomplete |= report.incomplete().is_some();
        let Some(member) = member else {
            for finding in report.findings() {
                self.finding(&envelope, finding, format, out)?;
            }
            return Ok(true);
        };
        let mut shown = false;
        for finding in report.findings().filter(|one| is_about(one.facts(), member)) {
            self.finding(&envelope, finding, format, out)?;
            shown = true;
        }
        if !shown {
            self.stats.is_incomplete = true;
            warn(format_args!("{}: {}", path.display(), missing(&report, member)));
        }
        Ok(shown)
    }

    fn finding(
        &mut self,
        envelope: &Envelope<'_>,
        finding: &Finding,
        format: Format,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let verdict = judge_dated(finding.facts(), envelope.modified, &self.estate);
        let record = Record::new(envelope, finding.facts(), &verdict);
        self.stats.add(&record);
        if self.is_json {
            return json::write(&record, finding, out);
        }
        match format {
            Format::Text => text::write(&record, finding, NeedTerms::of(&self.estate), out),
            Format::Ndjson | Format::Csv => {
                self.buffer.write(&record);
                out.write_all(&self.buffer.take())
            }
        }
    }
}

//! `rmsight license`: prints a license.

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use clap::Args;
use rmsight::{FileSource, Finding, Inspector, License};

use crate::args::LimitArgs;
use crate::exit::{Failure, Outcome, Result, warn};
use crate::fs::open::{self, OpenMode};
use crate::fs::spill;
use crate::output::line::short_key;
use crate::output::stdout::Stdout;
use crate::output::terminal::escaped;

/// Print the license of a file as indented XML, or byte by byte.
///
/// Ends with 1 if the file has no license, or could not be read to the end.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight license offer.docx
  rmsight license --certificates offer.docx
  rmsight license --raw --member attachment.docx mail.msg > license.xml")]
pub(crate) struct LicenseArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print XML with one element on each line (the default); the added white space breaks signatures
    #[arg(long)]
    xml: bool,

    /// Print the bytes of the license, in the encoding of the file
    #[arg(long, conflicts_with = "xml")]
    raw: bool,

    /// Print the signed text of each certificate, below a line that describes it
    #[arg(long, conflicts_with_all = ["xml", "raw"])]
    certificates: bool,

    /// Print only the license of this member, as the record names it
    #[arg(long, value_name = "MEMBER")]
    member: Option<String>,

    /// Read members of Office packages too: attachments inside of documents
    #[arg(long)]
    deep: bool,

    #[command(flatten)]
    limits: LimitArgs,
}

pub(crate) fn run(args: &LicenseArgs) -> Result<Outcome> {
    let fail = |why: &dyn std::fmt::Display| {
        Failure::message(format_args!("{}: {why}", args.file.display()))
    };
    let source = open::open(&args.file, OpenMode::NAMED).and_then(FileSource::new);
    let source = source.map_err(|error| fail(&error))?;
    let mut inspector = Inspector::builder()
        .limits(args.limits.limits())
        .deep(args.deep)
        .spill(spill::open)
        .build();
    let report = inspector.inspect(&source).map_err(|error| fail(&error))?;
    let found: Vec<(&Finding, &License)> = report
        .findings()
        .filter(|finding| args.member.is_none() || finding.facts().member == args.member)
        .filter_map(|finding| Some((finding, finding.license()?)))
        .collect();
    let name = |finding: &Finding| finding.facts().member.clone();
    if found.is_empty() {
        let why = report.incomplete().map(|error| format!(": {error}")).unwrap_or_default();
        warn(format_args!("{}: there is no license in it{why}", args.file.display()));
        return Ok(Outcome::Incomplete);
    }
    if args.raw && found.len() > 1 {
        let names: Vec<String> = found
            .iter()
            .map(|(finding, _)| name(finding).unwrap_or_else(|| "the file itself".to_owned()))
            .collect();
        let names = names.join(", ");
        return Err(fail(&format_args!(
            "it has {} licenses; choose one with --member: {names}",
            found.len()
        )));
    }
    let mut out = Stdout::lock();
    for (finding, license) in &found {
        let title = name(finding).filter(|_| found.len() > 1);
        let written = match (args.raw, args.certificates) {
            (true, _) => raw(license, &mut out),
            (_, true) => certificates(title, license, &mut out),
            _ => xml(title, license, &mut out),
        };
        written.and_then(|()| out.flush()).map_err(|error| Failure::writing(&error))?;
    }
    Ok(Outcome::of(report.incomplete().is_none()))
}

fn raw(license: &License, out: &mut impl Write) -> io::Result<()> {
    out.write_all(license.raw())
}

/// Writes a comment. Two hyphens would end it.
fn comment(text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "<!-- {} -->", escaped(&text.replace("--", "- -")))
}

fn certificates(title: Option<String>, license: &License, out: &mut impl Write) -> io::Result<()> {
    if let Some(title) = title {
        comment(&title, out)?;
    }
    let is_terminal = io::stdout().is_terminal();
    let all = license.certificates();
    for (number, (certificate, text)) in (1..).zip(all.iter().zip(license.documents())) {
        let key = |key: &Option<String>| key.as_deref().map_or("none", short_key).to_owned();
        let (by, of) = (key(&certificate.issuer.key), key(&certificate.principal.key));
        comment(
            &format!(
                "{number}: {}, key {of}, by key {by}, signature {}",
                certificate.kind, certificate.signature
            ),
            out,
        )?;
        match is_terminal {
            true => text.lines().try_for_each(|line| writeln!(out, "{}", escaped(line)))?,
            false => writeln!(out, "{text}")?,
        }
    }
    Ok(())
}

fn xml(title: Option<String>, license: &License, out: &mut impl Write) -> io::Result<()> {
    if let Some(title) = title {
        comment(&title, out)?;
    }
    let documents = license.documents();
    if documents.is_empty() {
        return indented(&license.text(), out);
    }
    documents.iter().try_for_each(|document| indented(document, out))
}

/// Maximum indentation, in steps.
const DEEPEST: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Open,
    Text,
    Other,
}

/// Writes each element on its own line. Damaged text is written unchanged.
fn indented(text: &str, out: &mut impl Write) -> io::Result<()> {
    let mut depth: usize = 0;
    let mut last = Last::Nothing;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = if first == '<' { end_of_tag(rest) } else { rest.find('<') };
        let (piece, behind) =
            rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        rest = behind;
        let is_tag = first == '<';
        let closes = piece.starts_with("</");
        if !is_tag && piece.trim().is_empty() {
            continue;
        }
        if closes {
            depth = depth.saturating_sub(1);
        }
        // A value stays on the line of its element.
        let stays = match last {
            Last::Nothing => true,
            Last::Open => !is_tag || closes,
            Last::Text => closes,
            Last::Other => false,
        };
        if !stays {
            write!(out, "\n{:width$}", "", width = 2 * depth.min(DEEPEST))?;
        }
        // A line break in a value is part of it.
        for (at, line) in piece.split('\n').enumerate() {
            write!(out, "{}{}", if at > 0 { "\n" } else { "" }, escaped(line))?;
        }
        let is_plain = piece.ends_with("/>") || piece.starts_with("<?") || piece.starts_with("<!");
        last = match (is_tag, closes || is_plain) {
            (true, false) => {
                depth += 1;
                Last::Open
            }
            (true, true) => Last::Other,
            (false, _) => Last::Text,
        };
    }
    writeln!(out)
}

/// Returns the end of a tag. A `>` in a quoted value does not end it.
fn end_of_tag(text: &str) -> Option<usize> {
    for (open, close) in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
        if text.starts_with(open) {
            return text.find(close).map(|at| at + close.len());
        }
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    // The tag is not closed. The caller takes the rest of the text.
    None
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn each_element_has_a_line_with_its_value() {
        let cases = [
            ("<A><B x=\">\">1 2</B><C/></A>", "<A>\n  <B x=\">\">1 2</B>\n  <C/>\n</A>\n"),
            ("<A>\n <B></B>\n</A><D>", "<A>\n  <B></B>\n</A>\n<D>\n"),
            ("<?xml?><A>x\ny<!-- > -->z</A>", "<?xml?>\n<A>x\ny\n  <!-- > -->\n  z</A>\n"),
            ("</A></A><B", "</A>\n</A>\n<B\n"),
            ("<A>\u{1b}[2J</A>", "<A>\\u{1b}[2J</A>\n"),
            ("plain", "plain\n"),
            ("", "\n"),
        ];
        for (text, expected) in cases {
            let mut out = Vec::new();
            indented(text, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
    }
}

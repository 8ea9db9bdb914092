//! Lists for Set-FileLabel: files that it can open in place, and members of archives and mails in a
//! second list.

use std::path::Path;

use super::csv::{harmless, line, renamed};
use super::sink::{FindingWriter, OutputFile};
use crate::exit::{Failure, Result};
use crate::inventory::query::{Judged, Translation};

/// Import-Csv of PowerShell uses these as property names.
const HEADER: [&str; 8] =
    ["Path", "Owner", "DescriptorId", "DescriptorName", "Key", "Need", "Issued", "Container"];

/// Writes two lists: files to label in place, and members to extract first.
pub(super) struct SetFilelabelWriter {
    in_place: OutputFile,
    /// On standard output, members follow the files under their own header.
    members: Members,
    translation: Translation,
}

enum Members {
    File(OutputFile),
    Kept(Vec<u8>),
}

impl SetFilelabelWriter {
    pub(super) fn open(
        file: Option<&Path>,
        translation: Translation,
    ) -> Result<SetFilelabelWriter> {
        let mut in_place = OutputFile::open(file)?;
        in_place.all(&header(&[]))?;
        let members = match file {
            Some(file) => {
                let mut out = OutputFile::open(Some(&renamed(file, "extract-first")))?;
                out.all(&header(&["Member"]))?;
                Members::File(out)
            }
            None => Members::Kept(Vec::new()),
        };
        Ok(SetFilelabelWriter { in_place, members, translation })
    }
}

fn header(more: &[&str]) -> Vec<u8> {
    line(HEADER.iter().chain(more), csv::Terminator::CRLF)
}

/// Maximum size of the members that are held back on standard output, in bytes.
const KEPT: usize = 256 << 20;

impl FindingWriter for SetFilelabelWriter {
    fn write(&mut self, judged: &Judged) -> Result<()> {
        let Some(license) = &judged.facts.license else { return Ok(()) };
        let envelope = &judged.envelope;
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let path = self.translation.path(envelope.source.as_deref(), &envelope.path);
        let mut fields = vec![
            path,
            text(&license.owner),
            text(&license.descriptor_id),
            text(&license.descriptor_name),
            text(&license.slc_key),
            judged.verdict.need().to_string(),
            license.issued.map(|time| time.to_string()).unwrap_or_default(),
            judged.facts.container.to_string(),
        ];
        let written = |fields: &[String]| {
            line(fields.iter().map(|field| harmless(field).into_owned()), csv::Terminator::CRLF)
        };
        let Some(member) = &judged.facts.member else {
            return self.in_place.all(&written(&fields));
        };
        fields.push(member.clone());
        let row = written(&fields);
        match &mut self.members {
            Members::File(out) => out.all(&row),
            Members::Kept(kept) if kept.len() + row.len() > KEPT => {
                Err(Failure::message("too many members for standard output: use --output FILE"))
            }
            Members::Kept(kept) => {
                kept.extend_from_slice(&row);
                Ok(())
            }
        }
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        match self.members {
            Members::File(out) => out.finish()?,
            Members::Kept(kept) if kept.is_empty() => {}
            Members::Kept(kept) => {
                self.in_place.all(b"\r\nextract first\r\n")?;
                self.in_place.all(&header(&["Member"]))?;
                self.in_place.all(&kept)?;
            }
        }
        self.in_place.finish()
    }
}

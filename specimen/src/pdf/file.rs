//! Writes PDF files: objects, strings and cross-references.

use crate::deflate::zlib;

/// The form of the cross-reference information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossReference {
    /// A table and a trailer (7.5.4).
    Table,
    /// A cross-reference stream (7.5.8) and an object stream (7.5.7) with all objects that it can contain.
    Stream,
    /// Both (7.5.8.4). The table marks all objects except streams as free; `/XRefStm` of the trailer refers
    /// to a cross-reference stream that lists them.
    Hybrid,
}

/// The notation of a string (7.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StringForm {
    /// Parentheses and escape sequences.
    Literal,
    /// Hexadecimal digits.
    Hex,
}

/// Writes a PDF string.
pub fn pdf_string(bytes: &[u8], form: StringForm) -> Vec<u8> {
    if form == StringForm::Hex {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        return format!("<{digits}>").into_bytes();
    }
    let mut out = vec![b'('];
    for byte in bytes {
        match byte {
            b'(' | b')' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => out.push(*byte),
        }
    }
    out.push(b')');
    out
}

pub(crate) enum PdfObject {
    /// An object other than a stream; whether an object stream can contain it.
    Value(Vec<u8>, bool),
    /// A stream: entries of the dictionary, data, and the number of the object with the length, if the length
    /// is indirect.
    Stream(String, Vec<u8>, Option<usize>),
}

impl PdfObject {
    /// Returns whether the table of a hybrid file marks the object as free.
    fn is_hidden_in_hybrid(&self) -> bool {
        matches!(self, PdfObject::Value(..))
    }
}

/// A file: its objects, numbered from 1, and the form of its cross-references.
pub(crate) struct PdfFile {
    version: &'static str,
    pub(crate) objects: Vec<PdfObject>,
    /// Entries of the trailer dictionary.
    pub(crate) trailer: String,
    form: CrossReference,
}

impl PdfFile {
    pub(crate) fn new(version: &'static str, form: CrossReference) -> PdfFile {
        PdfFile { version, objects: Vec::new(), trailer: "/Root 1 0 R".into(), form }
    }

    /// Adds an object and returns its number.
    pub(crate) fn value(&mut self, text: &str) -> usize {
        self.push(PdfObject::Value(text.as_bytes().to_vec(), true))
    }

    pub(crate) fn push(&mut self, object: PdfObject) -> usize {
        self.objects.push(object);
        self.objects.len()
    }

    /// Adds the catalog as object 1 and a page tree with one page as objects 2 to 4.
    pub(crate) fn pages(&mut self, catalog: &str, content: Vec<u8>) {
        self.value(&format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"));
        self.value("<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
        self.value("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>");
        self.push(PdfObject::Stream(String::new(), content, None));
    }

    /// Appends the file to `out`. Offsets are relative to the start of `out`.
    pub(crate) fn write(&self, mut out: Vec<u8>) -> Vec<u8> {
        out.extend_from_slice(self.version.as_bytes());
        out.extend_from_slice(b"\n%\xE2\xE3\xCF\xD3\n");
        let packs = self.form != CrossReference::Table;
        // Type, then the offset and 0, or the number of the object stream and the index in it.
        let mut entries = vec![(0, 0, 65_535)];
        let stream_number = self.objects.len() + 1;
        let (mut packed, mut index) = (Vec::new(), String::new());
        for (number, object) in (1..).zip(&self.objects) {
            match object {
                PdfObject::Value(bytes, true) if packs => {
                    entries.push((2, stream_number, index.split_whitespace().count() / 2));
                    index += &format!("{number} {} ", packed.len());
                    packed.extend_from_slice(bytes);
                    packed.push(b'\n');
                }
                object => {
                    entries.push((1, out.len(), 0));
                    write_object(&mut out, number, object);
                }
            }
        }
        match self.form {
            CrossReference::Table => self.table(&mut out, &entries, ""),
            CrossReference::Stream => {
                let at = self.stream(&mut out, entries, &packed, &index);
                out.extend_from_slice(format!("startxref\n{at}\n%%EOF\n").as_bytes());
            }
            CrossReference::Hybrid => {
                let at = self.stream(&mut out, entries.clone(), &packed, &index);
                for (entry, object) in entries[1..].iter_mut().zip(&self.objects) {
                    if object.is_hidden_in_hybrid() {
                        *entry = (0, 0, 0);
                    }
                }
                self.table(&mut out, &entries, &format!(" /XRefStm {at}"));
            }
        }
        out
    }

    /// Writes the table and the trailer with additional entries.
    fn table(&self, out: &mut Vec<u8>, entries: &[(usize, usize, usize)], trailer: &str) {
        let at = out.len();
        let mut text = format!("xref\n0 {}\n0000000000 65535 f \n", entries.len());
        for (kind, offset, _) in &entries[1..] {
            let state = if *kind == 1 { "00000 n" } else { "65535 f" };
            text += &format!("{offset:010} {state} \n");
        }
        text += &format!(
            "trailer\n<< /Size {} {}{trailer} >>\nstartxref\n{at}\n%%EOF\n",
            entries.len(),
            self.trailer
        );
        out.extend_from_slice(text.as_bytes());
    }

    /// Writes the object stream and the cross-reference stream. Returns the offset of the latter.
    fn stream(
        &self,
        out: &mut Vec<u8>,
        mut entries: Vec<(usize, usize, usize)>,
        packed: &[u8],
        index: &str,
    ) -> usize {
        entries.push((1, out.len(), 0));
        let count = index.split_whitespace().count() / 2;
        let dictionary =
            format!("/Type /ObjStm /N {count} /First {} /Filter /FlateDecode", index.len());
        let data = zlib(&[index.as_bytes(), packed].concat());
        write_object(out, entries.len() - 1, &PdfObject::Stream(dictionary, data, None));
        let at = out.len();
        entries.push((1, at, 0));
        let mut table = Vec::new();
        for (kind, first, second) in &entries {
            table.push(*kind as u8);
            table.extend_from_slice(&(*first as u32).to_be_bytes());
            table.extend_from_slice(&(*second as u16).to_be_bytes());
        }
        let dictionary = format!(
            "/Type /XRef /Size {} /W [1 4 2] /Filter /FlateDecode {}",
            entries.len(),
            self.trailer
        );
        write_object(out, entries.len() - 1, &PdfObject::Stream(dictionary, zlib(&table), None));
        at
    }
}

/// Appends an indirect object.
fn write_object(out: &mut Vec<u8>, number: usize, object: &PdfObject) {
    out.extend_from_slice(format!("{number} 0 obj\n").as_bytes());
    match object {
        PdfObject::Value(bytes, _) => out.extend_from_slice(bytes),
        PdfObject::Stream(dictionary, data, length) => {
            let length = match length {
                Some(number) => format!("{number} 0 R"),
                None => data.len().to_string(),
            };
            let head = format!("<< {dictionary} /Length {length} >>\nstream\n");
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(data);
            out.extend_from_slice(b"\nendstream");
        }
    }
    out.extend_from_slice(b"\nendobj\n");
}

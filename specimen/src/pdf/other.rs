//! PDF files with other security handlers, and unprotected ones.

use super::file::{CrossReference, PdfFile, PdfObject};
use crate::bytes::noise;
use crate::deflate::{deflate, zlib};

/// Builds a PDF with another security handler. `Standard` is password protection.
pub fn pdf_with_handler(handler: &str) -> Vec<u8> {
    let mut file = PdfFile::new("%PDF-1.7", CrossReference::Table);
    file.pages("", noise(0xDE, 300));
    let text = format!("<< /Filter /{handler} /V 2 /R 3 /Length 128 /P -44 /O (o) /U (u) >>");
    let encrypt = file.push(PdfObject::Value(text.into_bytes(), false));
    file.trailer += &format!(" /Encrypt {encrypt} 0 R /ID [<00010203> <00010203>]");
    file.write(Vec::new())
}

/// Builds an unprotected PDF.
pub fn plain_pdf(form: CrossReference) -> Vec<u8> {
    let mut file = PdfFile::new("%PDF-1.5", form);
    file.pages("", deflate(b"BT (Nothing is protected here.) Tj ET"));
    file.write(Vec::new())
}

/// Builds an unprotected PDF with attachments.
pub fn pdf_with_attachments(
    form: CrossReference,
    files: &[(&str, &[u8])],
    compressed: bool,
) -> Vec<u8> {
    let mut file = PdfFile::new("%PDF-1.7", form);
    // A file specification and its stream for each attachment follow the page.
    let numbers = (0..files.len()).map(|file| 5 + 2 * file);
    let names: String = files
        .iter()
        .zip(numbers.clone())
        .map(|((name, _), number)| format!("({name}) {number} 0 R "))
        .collect();
    file.pages(
        &format!("/Names << /EmbeddedFiles << /Names [{names}] >> >>"),
        deflate(b"BT (Nothing is protected here.) Tj ET"),
    );
    for ((name, bytes), number) in files.iter().zip(numbers) {
        let stream = number + 1;
        file.value(&format!("<< /Type /Filespec /F ({name}) /EF << /F {stream} 0 R >> >>"));
        let filter = if compressed { "/Filter /FlateDecode" } else { "" };
        let data = if compressed { zlib(bytes) } else { bytes.to_vec() };
        file.push(PdfObject::Stream(format!("/Type /EmbeddedFile {filter}"), data, None));
    }
    file.write(Vec::new())
}

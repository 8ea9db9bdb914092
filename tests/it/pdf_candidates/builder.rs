//! Builder of PDFs from single objects, cross-reference sections and trailers.

use rmsight_specimen::zlib;

/// A PDF that the test appends objects, sections and trailers to.
#[derive(Clone)]
pub(super) struct Pdf {
    pub(super) bytes: Vec<u8>,
    /// Number and offset of the objects that the next cross-reference section lists.
    offsets: Vec<(usize, usize)>,
    section: usize,
}

impl Pdf {
    pub(super) fn new() -> Pdf {
        Pdf { bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), offsets: Vec::new(), section: 0 }
    }

    /// Starts a PDF with a catalog with the entries `catalog`, and one page.
    pub(super) fn with_catalog(catalog: &str) -> Pdf {
        Pdf::new()
            .object(1, format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"))
            .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
            .object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
    }

    pub(super) fn object(mut self, number: usize, value: impl AsRef<[u8]>) -> Pdf {
        self.offsets.push((number, self.bytes.len()));
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
        self.bytes.extend(value.as_ref());
        self.bytes.extend(b"\nendobj\n");
        self
    }

    pub(super) fn stream(self, number: usize, dict: &str, data: &[u8]) -> Pdf {
        let head = format!("<< {dict} /Length {} >>\nstream\n", data.len());
        self.object(number, [head.as_bytes(), data, b"\nendstream"].concat())
    }

    /// Appends an embedded file.
    pub(super) fn file(self, number: usize, data: &[u8]) -> Pdf {
        self.stream(number, "/Type /EmbeddedFile", data)
    }

    pub(super) fn deflated(self, number: usize, data: &[u8]) -> Pdf {
        self.stream(number, "/Type /EmbeddedFile /Filter /FlateDecode", &zlib(data))
    }

    /// Appends a cross-reference table of the objects since the last one, and a trailer.
    pub(super) fn table(mut self, trailer: impl AsRef<[u8]>) -> Pdf {
        let at = self.bytes.len();
        self.offsets.sort_unstable();
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        for (number, offset) in self.offsets.drain(..) {
            table += &format!("{number} 1\n{offset:010} 00000 n \n");
        }
        self.bytes.extend(table.bytes());
        self.bytes.extend(b"trailer\n<< /Size 99 ");
        self.bytes.extend(trailer.as_ref());
        self.bytes.extend(format!(" >>\nstartxref\n{at}\n%%EOF\n").bytes());
        self.section = at;
        self
    }

    /// Appends a table and a trailer that refers to the previous section.
    pub(super) fn update(self, trailer: &str) -> Pdf {
        let prev = self.section;
        self.table(format!("/Root 1 0 R /Prev {prev} {trailer}"))
    }

    /// Appends `values` as object stream 50, and the cross-reference stream 51.
    pub(super) fn compact(mut self, values: &[(usize, String)], trailer: &str) -> Pdf {
        let (mut list, mut text) = (String::new(), String::new());
        for (number, value) in values {
            list += &format!("{number} {} ", text.len());
            text += &format!("{value}\n");
        }
        let (count, first) = (values.len(), list.len());
        let dict = format!("/Type /ObjStm /N {count} /First {first} /Filter /FlateDecode");
        self = self.stream(50, &dict, &zlib((list + &text).as_bytes()));
        let at = self.bytes.len();
        let (mut index, mut rows) = (String::new(), Vec::new());
        for (number, offset) in self.offsets.drain(..) {
            index += &format!("{number} 1 ");
            rows.push(1);
            rows.extend(u32::try_from(offset).unwrap().to_be_bytes());
        }
        for (number, _) in values {
            index += &format!("{number} 1 ");
            rows.push(2);
            rows.extend(50_u32.to_be_bytes());
        }
        let dict = format!("/Type /XRef /Size 99 /W [1 4 0] /Index [{index}] {trailer}");
        self = self.stream(51, &dict, &rows);
        self.bytes.extend(format!("startxref\n{at}\n%%EOF\n").bytes());
        self
    }

    /// Damages the last `startxref`, so that a reader has to search for the objects.
    pub(super) fn damaged(mut self) -> Pdf {
        let at = self.bytes.windows(9).rposition(|word| word == b"startxref").unwrap();
        self.bytes[at + 5] = b'X';
        self
    }

    pub(super) fn replaced(mut self, from: &str, to: &str) -> Pdf {
        let at = self.bytes.windows(from.len()).rposition(|word| word == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("no {from}"));
        self.bytes.splice(at..at + from.len(), to.bytes());
        self
    }
}
